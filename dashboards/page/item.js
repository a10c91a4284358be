// One item opened: what was asked, what is said just now, what its attempts did, what came of it.

import { askSurely } from "./actions.js";
import { form, keyOf } from "./asks.js";
import { $, h } from "./dom.js";
import { people, requirements, verdicts } from "./review.js";
import { STATES, TERMINAL, clock, dollars, number, seconds, tokens, words } from "./format.js";

const LOOK_MS = 1000;
const CHANGED_MS = 250;
const AGAIN_MS = 5000;

export class ItemPanel {
  constructor(state, closed) {
    this.state = state;
    this.dialog = $("item");
    this.id = null;
    this.dialog.addEventListener("close", () => {
      this.id = null;
      clearInterval(this.timer);
      clearTimeout(this.loading);
      this.loading = null;
      closed();
    });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  async show(id) {
    this.id = id;
    this.sections = new Map();
    this.body = null;
    this.form = null;
    if (!this.dialog.open) this.dialog.showModal();
    await this.load();
    if (id !== this.id) return;
    clearInterval(this.timer);
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  /** The item changed. */
  changed(id) {
    if (id === this.id) this.soon(CHANGED_MS);
  }

  /** Ask within so long, whatever asks for it in the meantime. */
  soon(ms) {
    const due = performance.now() + ms;
    if (this.loading && this.due <= due) return;
    clearTimeout(this.loading);
    this.due = due;
    this.loading = setTimeout(() => {
      this.loading = null;
      this.load();
    }, ms);
  }

  async load() {
    const { id } = this;
    const run = this.state.run?.run;
    if (!run) return;
    try {
      const answer = await fetch(`/state/runs/${encodeURIComponent(run)}/item?${new URLSearchParams({ id })}`);
      const json = answer.headers.get("content-type")?.startsWith("application/json");
      const told = json ? await answer.json() : { error: `The server answers ${answer.status} ${answer.statusText}; it is asked again.` };
      if (id !== this.id) return;
      if (answer.ok && told.view) return this.draw(told);
      this.say(told.error);
      if (answer.status >= 500 || answer.ok) this.soon(AGAIN_MS);
    } catch {
      if (id !== this.id) return;
      if (!this.body) this.say("The server does not answer; it is asked again.");
      this.soon(AGAIN_MS);
    }
  }

  /** Words in the place of the item. */
  say(text) {
    this.dialog.replaceChildren(this.head({ state: "waiting" }), h("p", { class: "pad" }, text));
  }

  /** What the model says just now, while the item is open and active. */
  async look() {
    const { id } = this;
    const run = this.state.run?.run;
    const item = this.state.item(id);
    if (!run || item?.state !== "active" || document.hidden) return;
    try {
      const answer = await fetch(`/state/runs/${encodeURIComponent(run)}/peek?${new URLSearchParams({ id })}`);
      const told = await answer.json();
      const place = this.dialog.querySelector(".live");
      if (id !== this.id) return;
      if (answer.status === 401 || answer.status === 403) return clearInterval(this.timer);
      if (!place || !told.text) return;
      const end = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
      place.textContent = told.text;
      if (end) place.scrollTop = place.scrollHeight;
    } catch {
      // it is asked again in a second
    }
  }

  head(view) {
    return h("header", { class: "head" },
      h("h2", { id: "item-name" }, this.id),
      h("span", { class: `pill s-${view.state}` }, `${STATES[view.state] ?? ""} ${words(view.state)}`),
      h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => this.dialog.close() }, "✕"));
  }

  draw(told) {
    const open = new Map([...this.dialog.querySelectorAll("details[data-key]")].map((d) => [d.dataset.key, d.open]));
    const live = this.dialog.querySelector(".live")?.textContent ?? "";
    const scroll = this.body?.scrollTop ?? 0;
    const { view, plan } = told;
    const written = document.activeElement;
    this.body = h("div", { class: "inside" },
      this.question(told.run, view),
      this.acts(view),
      this.figures(view, plan),
      view.error ? h("p", { class: "why" }, view.error) : null,
      this.output(told, live),
      this.review(told),
      this.section("prompt", "Prompt", told.prompt.map((part) => this.part(part))),
      this.section("attempts", `Attempts (${told.attempts.length})`, told.attempts.map(attempt), told.attempts.length > 1),
      told.turns.length ? this.section("turns", `Turns (${told.turns.length})`, told.turns.map((one) => this.turn(one))) : null,
      this.section("events", "Events", [h("ol", { class: "events" }, told.events.map(event))]));
    this.dialog.replaceChildren(this.head(view), this.body);
    for (const details of this.dialog.querySelectorAll("details[data-key]"))
      if (open.has(details.dataset.key)) details.open = open.get(details.dataset.key);
    this.body.scrollTop = scroll;
    if (this.form?.element.contains(written)) written.focus();
  }

  /** What a person is asked; the same form as long as it is the same question, with what is typed in it. */
  question(run, view) {
    if (!view.waits_for) return null;
    const key = keyOf(run, this.id, view.waits_for);
    if (this.form?.key !== key) this.form = { key, element: form(run, this.id, view.waits_for) };
    return this.form.element;
  }

  acts(view) {
    if (TERMINAL.has(view.state)) return null;
    const wish = { request: "cancel", run: this.state.run.run, item: this.id };
    return h("div", { class: "acts" }, h("button", {
      type: "button", class: "danger",
      onclick: () => askSurely(wish, `Cancel ${this.id}`, "It ends for good; what depends on it is skipped."),
    }, "Cancel this item"));
  }

  figures(view, plan) {
    const facts = [
      ["role", plan.agent], ["agent", view.agent], ["model", view.model ?? plan.model], ["attempts", view.attempts || null],
      ["turns", view.turns || null], ["time", view.seconds ? seconds(view.seconds) : null],
      ["tokens", used(view.usage)], ["cost", view.attempts || view.cost_usd !== 0 ? dollars(view.cost_usd) : null], ["priority", plan.priority], ["tools", plan.tools.join(", ")],
      ["after", plan.dependencies.join(", ")], ["result of run", view.origin],
    ];
    return h("dl", { class: "facts" }, facts.filter(([, value]) => value !== null && value !== undefined && value !== "")
      .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]));
  }

  output(told, live) {
    if (told.result) {
      const { result } = told;
      const note = [result.model, `${number(result.chars)} characters`, result.truncated ? "cut off at its limit" : null].filter(Boolean);
      return this.section("output", "Output", [h("p", { class: "dim" }, `by ${note.join(" · ")}`), h("pre", { class: "text", tabindex: "0" }, pretty(result))], true);
    }
    if (told.view.state !== "active") return null;
    return this.section("output", "Output so far", [
      h("pre", { class: "text live", tabindex: "0", "aria-live": "off" }, live),
      h("p", { class: "dim" }, "Streamed while somebody looks, from the next turn on, by a fleet that is up."),
    ], true);
  }

  review(told) {
    const [asked, judged, said] = [requirements(told.view), verdicts(told.attempts), people(told.events)];
    return [
      asked && this.section("requirements", asked.name, [asked.element], true),
      judged.length ? this.section("verdicts", `Verdicts (${judged.length})`, judged, true) : null,
      said.length ? this.section("people", "Questions and approvals", said) : null,
    ].filter(Boolean);
  }

  section(key, name, inside, open = false) {
    return h("details", { class: "section", "data-key": key, open }, h("summary", {}, name), ...inside);
  }

  part(part) {
    const label = part.kind === "task" ? "description" : part.kind === "role" ? `role: ${part.name}` : `${part.kind}: ${part.name}`;
    return h("details", { class: "part", "data-key": `${part.kind} ${part.name}`, open: part.kind === "task" },
      h("summary", {}, label, h("span", { class: "dim" }, ` ${number(part.text.length)} characters`)),
      h("pre", { class: "text", tabindex: "0" }, part.text));
  }

  turn(one) {
    return h("div", { class: "attempt" },
      h("p", {}, h("b", {}, `Turn ${one.turn}`), ` ${clock(one.at)} · ${one.agent} · ${number(tokens(one.usage))} tokens · ${dollars(one.cost_usd)}`),
      one.text ? h("pre", { class: "text" }, one.text) : null,
      one.complaint ? h("p", { class: "why" }, one.complaint) : null,
      one.calls.map((call, index) => {
        const ran = one.tools.find((tool) => tool.call === index + 1);
        return h("details", { class: "part", "data-key": `turn ${one.turn} ${index}` },
          h("summary", {}, call.tool, h("span", { class: ran?.is_error ? "bad" : "dim" }, ran ? ` ${seconds(ran.seconds)}${ran.is_error ? ", an error" : ""}` : " …")),
          h("pre", { class: "text" }, call.input), ran ? h("pre", { class: "text" }, ran.result) : null);
      }));
  }
}

/** The sum, as in the list, and what it is made of. */
function used(usage) {
  const parts = [[usage.input_tokens, "in"], [usage.cache_read_tokens, "from the cache"], [usage.cache_write_tokens, "into the cache"], [usage.output_tokens, "out"]];
  const all = tokens(usage);
  return all ? `${number(all)}: ${parts.filter(([count]) => count).map(([count, name]) => `${number(count)} ${name}`).join(", ")}` : null;
}

const ENDS = {
  result: "made the result", lost: "lost", verdict: "gave a verdict", questions: "asked", requirements: "found the requirements",
  consolidated: "made one text of the reviews", grows: "wanted more items",
};

const WHAT = { review: "Review of attempt", extract: "Requirements before attempt", consolidate: "Reviews together, try" };

function attempt(one) {
  const ended = one.outcome === null ? "under way" : one.outcome === "failure" ? words(one.reason) : ENDS[one.outcome] ?? one.outcome;
  const what = WHAT[one.purpose] ?? "Attempt";
  const figures = [one.agent, one.model, one.seconds === undefined ? null : seconds(one.seconds), one.usage ? `${number(tokens(one.usage))} tokens` : null,
    one.usage ? dollars(one.cost_usd) : null, one.alone ? "alone" : null].filter(Boolean);
  return h("div", { class: `attempt o-${one.outcome}` },
    h("p", {}, h("b", {}, `${what} ${one.attempt}`), ` ${clock(one.assigned_at)} · ${ended}`),
    h("p", { class: "dim" }, figures.join(" · ")),
    one.text ? h("pre", { class: "text" }, one.text) : null,
    one.error ? h("p", { class: "why" }, one.error) : null);
}

function event(one) {
  return h("li", {}, h("time", {}, clock(one.at)), ` ${words(one.type)}`,
    h("span", { class: "dim" }, [one.agent_id, one.reason, one.error].filter(Boolean).map((text) => ` · ${text}`).join("")));
}

function pretty(result) {
  if (!result.json_data) return result.text;
  try {
    return JSON.stringify(JSON.parse(result.text), null, 2);
  } catch {
    return result.text;
  }
}
