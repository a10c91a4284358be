// Agents with their health, models with their limits.

import { ask, askSurely } from "./actions.js";
import { $, fill, h } from "./dom.js";
import { clock, dollars, number, tokens, words } from "./format.js";

const WINDOW = 5;

export function agents(state) {
  const { agents: all, alive } = state.fleet;
  const well = all.filter((agent) => agent.health.is_healthy).length;
  $("agents-sum").textContent = !all.length ? "" : alive ? `${well} of ${all.length} healthy` : "not running";
  fill($("agents"), [all, state.run?.agents], () =>
    all.length ? all.map((agent) => row(agent, state)) : h("li", { class: "none" }, "No agents yet."));
}

function row(agent, state) {
  const { health } = agent;
  const degraded = health.is_healthy && health.error_count >= 3;
  const look = !health.is_healthy ? "bad" : degraded || agent.state === "restarting" ? "warn" : agent.state;
  const used = state.run?.agents?.[agent.id];
  const faults = h("span", { class: "faults", role: "img", "aria-label": `${health.error_count} faults in the last minute` },
    Array.from({ length: WINDOW }, (_, n) => h("i", { class: n < health.error_count ? "on" : "" })));
  return h("li", { class: `agent ${look}`, "data-agent": agent.id },
    h("details", {},
      h("summary", {},
        h("span", { class: `dot ${look}`, "aria-hidden": "true" }),
        h("span", { class: "name" }, agent.id),
        h("span", { class: "what" }, degraded ? `degraded, ${agent.state}` : words(agent.state)),
        agent.working_on.length ? h("span", { class: "badge", title: "items at work" }, String(agent.working_on.length)) : null,
        agent.restarts ? h("span", { class: "badge warn", title: "restarts" }, `↻ ${agent.restarts}`) : null,
        faults),
      h("dl", { class: "facts" },
        ...fact("generation", agent.generation),
        ...fact("process", agent.pid),
        ...fact("node", agent.node?.slice(0, 8)),
        ...fact("works on", agent.working_on.slice(0, 6).join(", ")),
        ...fact("last restart", health.last_restart && clock(health.last_restart)),
        ...fact("last fault", health.last_error),
        ...fact("used", used && `${number(tokens(used.usage))} tokens, ${dollars(used.cost_usd)}`)),
      h("div", { class: "acts" }, agent.state === "failed" || (agent.state === "unavailable" && !agent.pid)
        ? h("button", { type: "button", onclick: () => ask({ request: "reset_agent", agent: agent.id }, `Reset ${agent.id}`) }, "Reset")
        : h("button", { type: "button", onclick: () => askSurely({ request: "restart_agent", agent: agent.id }, `Restart ${agent.id}`,
          "What it works on is given to another attempt, uncharged.") }, "Restart"))),
    agent.reason ? h("p", { class: "why" }, agent.reason) : null);
}

function fact(name, value) {
  return value === null || value === undefined || value === "" ? [] : [h("dt", {}, name), h("dd", {}, String(value))];
}

export function models(state) {
  const used = state.run?.models ?? {};
  const { held, out } = state.fleet;
  const names = [...new Set([...Object.keys(used), ...held.map((m) => m.model), ...out.map((m) => m.model)])];
  fill($("models"), [used, held, out], () =>
    names.length ? names.map((name) => model(name, used[name], held.find((m) => m.model === name), out.find((m) => m.model === name)))
      : h("li", { class: "none" }, "No calls yet."));
}

function model(name, used, held, out) {
  const look = out ? "bad" : held ? "warn" : "idle";
  return h("li", { class: "model" },
    h("div", { class: "line" },
      h("span", { class: `dot ${look}`, "aria-hidden": "true" }),
      h("span", { class: "name" }, name),
      h("span", { class: "what" }, out ? "unavailable" : held ? `${held.waiting} calls wait` : "no calls held")),
    used ? h("p", { class: "dim" }, spent(used)) : null,
    out ? h("p", { class: "why" }, out.reason) : null,
    held ? holding(held) : null);
}

function spent(used) {
  const { effort } = used;
  const waits = [["permits", effort.permit_s], ["limits", effort.limit_s], ["retries", effort.backoff_s]].filter(([, s]) => s >= 1);
  return [`${number(effort.calls)} calls`, `${number(tokens(used.usage))} tokens`, dollars(used.cost_usd),
    ...waits.map(([name, s]) => `${Math.round(s)} s waited for ${name}`)].join(" · ");
}

function holding(held) {
  const text = `${words(held.by)}: the oldest waits ${Math.round(held.held_s)} s, ${held.in_flight} in flight`
    + (held.refused ? `, ${held.refused} refused` : "");
  const meter = held.limit
    ? h("div", { class: "meter" },
      h("progress", { max: held.limit, value: Math.max(0, held.left ?? 0), "aria-label": `left of ${words(held.by)} per minute` }),
      h("span", {}, `${number(Math.max(0, held.left ?? 0))} of ${number(held.limit)} a minute left`))
    : null;
  return h("div", {}, h("p", { class: "why" }, text), meter);
}
