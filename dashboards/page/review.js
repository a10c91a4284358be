// What reviews found about an item, with their evidence, and what people were asked about it.

import { h } from "./dom.js";
import { clock, words } from "./format.js";

const MARKS = { yes: "✓", no: "✕", open: "○" };

function check(how, name, status, evidence) {
  return h("li", { class: how },
    h("span", { class: "mark", "aria-hidden": "true" }, MARKS[how]), name, h("span", { class: "unseen" }, `, ${status}`),
    evidence ? h("p", { class: "dim" }, evidence) : null);
}

/** The requirements with their status by the newest verdict; null if the item has none. */
export function requirements(view) {
  const all = view.requirement_status;
  if (!all.length) return null;
  const met = all.filter((one) => one.status === "satisfied").length;
  const how = { satisfied: "yes", unsatisfied: "no", open: "open" };
  return {
    name: `Requirements (${met} of ${all.length} met)`,
    element: h("ul", { class: "checks" }, all.map((one) => check(how[one.status], one.requirement, words(one.status), one.evidence))),
  };
}

/** The verdicts, the newest first: gates with evidence, and what the next attempt is told. */
export function verdicts(attempts) {
  return attempts.filter((one) => one.judgement).reverse().map((one) => {
    const { gates, requirements: each, issues, suggested_tests: tests } = one.judgement;
    const passed = gates.every((gate) => gate.passed) && each.every((met) => met.satisfied);
    return h("div", { class: `attempt o-${passed ? "result" : "failure"}` },
      h("p", {}, h("b", {}, passed ? "Passed" : "Not passed"), ` ${clock(one.closed_at)} · attempt ${one.attempt} · ${[one.agent, one.model].filter(Boolean).join(" · ")}`),
      h("ul", { class: "checks" }, gates.map((gate) => check(gate.passed ? "yes" : "no", words(gate.gate), gate.passed ? "passed" : "not passed", gate.evidence))),
      list("What to change", issues), list("Tests that would help", tests));
  });
}

function list(name, texts) {
  return texts.length ? [h("p", { class: "dim" }, name), h("ol", { class: "told" }, texts.map((text) => h("li", {}, text)))] : null;
}

const SAYS = {
  needs_clarification: "It asked", answer_given: "A person answered", approval_requested: "It waits for approval",
  approval_granted: "A person approved", approval_denied: "A person denied",
};

/** What people were asked, and that they spoke, oldest first. */
export function people(events) {
  return events.filter((one) => SAYS[one.type]).map((one) => h("div", { class: "attempt" },
    h("p", {}, h("b", {}, SAYS[one.type]), ` ${clock(one.at)}`),
    (one.questions ?? [one.reason]).filter(Boolean).map((text) => h("p", {}, text))));
}
