// The page: one state, fed by one stream, shown in parts.

import { ask, askSurely, notify } from "./actions.js";
import { Asks } from "./asks.js";
import { $, fill, h } from "./dom.js";
import { Events } from "./events.js";
import { Feed, refusal } from "./feed.js";
import * as fleet from "./fleet.js";
import { FINISHED, STATES, dollars, number, seconds, tokens, words } from "./format.js";
import { Graph } from "./graph.js";
import { ItemPanel } from "./item.js";
import { List } from "./list.js";
import { State } from "./state.js";

const state = new State();
const panel = new ItemPanel(state, () => place(state.run?.run, null));
const open = (id) => place(state.run?.run, id);
const graph = new Graph(state, open);
const list = new List(state, open);
const asks = new Asks(state, open);
const events = new Events(state, open);
const feed = new Feed({ snapshot, journal, change, items, gap, link, gone, stranger });

/** Runs that the list still has though the journal has not. */
const lost = new Set();

/** What is to be drawn with the next frame. */
const stale = new Set();
let frame = null;

function draw(...parts) {
  for (const part of parts) stale.add(part);
  title(); // now: a tab that nobody sees has no frames, and its title tells what waits
  frame ??= requestAnimationFrame(() => {
    frame = null;
    const now = new Set(stale);
    stale.clear();
    if (now.has("run")) {
      asks.draw();
      showRun();
    }
    if (now.has("fleet")) [fleet.agents, fleet.models].forEach((show) => show(state));
    if (now.has("items")) {
      graph.draw();
      list.draw($("find").value);
    }
  });
}

function snapshot(told) {
  const another = state.snapshot(told);
  if (state.run) feed.named(state.run);
  if (!state.run && choose()) return;
  if (another) graph.plan(state.plan());
  if (told.recent) events.again();
  draw("run", "fleet", "items");
  const wanted = placed().item;
  if (wanted && panel.id !== wanted && state.item(wanted)) panel.show(wanted);
  else if (panel.id && !wanted) panel.dialog.close();
  else if (panel.id) panel.changed(panel.id);
}

function journal(told) {
  state.journal(told);
  events.add(told);
  for (const event of told) if (event.item_id) panel.changed(event.item_id);
}

function change(told) {
  state.change(told);
  if (!state.run && choose()) return;
  draw("run", "fleet");
}

function items(told) {
  if (state.changed(told)) graph.plan(state.plan());
  draw("run", "fleet", "items");
}

function gap(told) {
  notify(`Some events are not shown: ${told.reason}. What is shown is as of now.`, true);
}

/** There is no such run: the address does not name it any more, and another one is chosen. */
function gone(run, error) {
  lost.add(run);
  notify(error, true);
  history.replaceState(null, "", "#");
  feed.watch(null);
}

/** The page's token does not hold any more. Nothing is asked until somebody looks at the page again. */
function stranger() {
  notify("This page may not ask here any more: open the link that `mnemosyne dash` prints.", true, true);
  document.addEventListener("visibilitychange", entered);
  addEventListener("focus", entered);
}

/** Whoever opened the link elsewhere gets this page anew, with the token's proof for requests. */
async function entered() {
  if (!document.hidden && (await refusal(null)).status === 200) location.reload();
}

function link(how) {
  const place = $("link");
  place.textContent = how === "live" ? "live" : "reconnecting";
  place.dataset.how = how;
}

/** The address names the run and the item: a reload and a link show the same. */
function placed() {
  const told = new URLSearchParams(location.hash.slice(1));
  return { run: told.get("run"), item: told.get("item") };
}

function place(run, item) {
  const told = new URLSearchParams();
  if (run) told.set("run", run);
  if (item) told.set("item", item);
  const hash = `#${told}`;
  if (location.hash === hash) return arrived();
  location.hash = hash;
}

function arrived() {
  const { run, item } = placed();
  if (run && !feed.names.has(run)) return feed.watch(run);
  if (item && item !== panel.id) panel.show(item);
  if (!item && panel.id) panel.dialog.close();
}

/** The run that the address names, else the newest that goes on, else the newest; whether there is one. */
function choose() {
  const runs = [...state.runs.values()].filter((one) => !lost.has(one.run));
  const { run: wanted } = placed();
  const named = wanted !== null && runs.some((one) => one.run === wanted || one.key === wanted);
  const run = named ? wanted : (runs.find((one) => !FINISHED.has(one.state)) ?? runs[0])?.run;
  if (!run) return false;
  history.replaceState(null, "", `#${new URLSearchParams({ run })}`);
  arrived();
  return true;
}

function title() {
  const { run, asks: { size } } = state;
  const said = run ? `${size ? `(${size}) ` : ""}${run.key ?? run.run} ${words(run.state)} · mnemosyne` : "mnemosyne";
  if (document.title !== said) document.title = said;
}

function showRun() {
  const { run } = state;
  const runs = [...state.runs.values()];
  fill($("runs"), [runs.map((one) => [one.run, one.state, one.counts?.blocked]), run?.run], () => runs.length
    ? runs.map((one) => h("option", { value: one.run, selected: one.run === run?.run }, `${one.key ?? one.run} · ${one.name} · ${words(one.state)}${one.counts?.blocked ? ` · ${one.counts?.blocked} blocked` : ""}`))
    : h("option", {}, "no runs yet"));
  $("empty").hidden = Boolean(run);
  fill($("empty"), !run, () => [h("h2", {}, "No runs yet"), h("p", {}, "Start one in a terminal; it is shown here as it goes on."), h("code", {}, "mnemosyne run plan.yaml")]);
  $("run-acts").hidden = !run || FINISHED.has(run.state);
  if (!run) return blank();
  $("state").textContent = words(run.state);
  $("state").className = `pill r-${run.state}`;
  $("reason").textContent = run.reason ?? "";
  $("pause").hidden = run.state === "paused";
  $("continue").hidden = run.state !== "paused";
  progress(run);
  figures(run);
}

function blank() {
  $("state").className = "pill";
  for (const id of ["state", "reason"]) $(id).textContent = "";
  for (const id of ["progress", "counts", "figures"]) fill($(id), null, () => []);
}

function progress(run) {
  const counts = Object.entries(run.counts).filter(([, count]) => count);
  const order = ["complete", "failed", "quarantined", "skipped", "cancelled", "pending_review", "blocked", "active", "ready", "waiting"];
  counts.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  $("progress").setAttribute("aria-label", counts.map(([name, count]) => `${count} ${words(name)}`).join(", "));
  fill($("progress"), counts, () => counts.map(([name, count]) => {
    const part = h("span", { class: `b-${name}`, title: `${count} ${words(name)}` });
    part.style.flexGrow = String(count / all);
    return part;
  }));
  fill($("counts"), counts, () => counts.map(([name, count]) => h("li", { class: `s-${name}` }, h("span", { "aria-hidden": "true" }, STATES[name] ?? ""), ` ${number(count)} ${words(name)}`)));
}

function figures(run) {
  const all = Object.values(run.counts).reduce((sum, count) => sum + count, 0);
  const cap = run.budget?.usd;
  const began = run.started_at ?? run.accepted_at;
  const took = began ? (run.finished_at ?? state.now()) - began : null;
  const facts = [
    ["done", `${number(run.counts.complete)} of ${number(all)}`],
    ...(run.phase ? [["phase", words(run.phase)]] : []),
    ["time", seconds(took)],
    ["tokens", (run.estimated_tokens ? "≤ " : "") + number(tokens(run.usage) + (run.estimated_tokens ?? 0)) + (run.budget?.tokens ? ` of ${number(run.budget.tokens)}` : "")],
    ["cost", `${run.estimated_usd ? "≤ " : ""}${dollars(run.cost_usd)}${cap ? ` of ${dollars(cap)}` : ""}`],
    ["model", run.model],
  ];
  fill($("figures"), [facts, run.cost_usd, cap], () => facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value ?? ""),
    name === "cost" && cap ? h("progress", { max: cap, value: Math.min(run.cost_usd ?? 0, cap), "aria-label": "of the budget" }) : null)));
}

function tabs() {
  const both = [$("graph-tab"), $("list-tab")];
  const choose = (chosen) => {
    for (const tab of both) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      $(tab.getAttribute("aria-controls")).hidden = !on;
    }
    list.draw($("find").value);
    document.querySelector(".zoom").hidden = chosen !== both[0];
  };
  for (const tab of both) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const other = both[1 - both.indexOf(tab)];
      choose(other);
      other.focus();
    });
  }
}

function theme() {
  const root = document.documentElement;
  const kept = localStorage.getItem("theme");
  if (kept) root.dataset.theme = kept;
  const drawn = () => {
    graph.palette = null;
    graph.draw();
  };
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    drawn();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawn);
}

const wish = (request) => ({ request, run: state.run.run });
$("pause").addEventListener("click", () => ask(wish("pause"), "Pause"));
$("continue").addEventListener("click", () => ask(wish("continue"), "Continue"));
$("cancel").addEventListener("click", () => askSurely(wish("cancel"), "Cancel the run", "It ends for good. What is complete stays."));
$("runs").addEventListener("change", (event) => place(event.target.value, null));
$("find").addEventListener("input", (event) => {
  graph.find(event.target.value);
  list.draw(event.target.value);
});
$("find").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const found = [...state.items.keys()].find((id) => id.toLowerCase().includes(event.target.value.toLowerCase()));
  if (found) graph.show(found);
});
$("zoom-in").addEventListener("click", () => graph.zoom(1.25));
$("zoom-out").addEventListener("click", () => graph.zoom(0.8));
$("zoom-fit").addEventListener("click", () => graph.fit());
addEventListener("hashchange", arrived);
setInterval(() => state.run && !FINISHED.has(state.run.state) && figures(state.run), 1000);

tabs();
theme();
feed.watch(placed().run);
window.mnemosyne = { state, graph };
