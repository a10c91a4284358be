// The items as a table: for the keyboard, for screen readers, and for whoever likes tables.

import { $, h } from "./dom.js";
import { STATES, dollars, number, seconds, tokens, words } from "./format.js";
import { Rows } from "./rows.js";

const HEIGHT = 34;
const RANK = Object.keys(STATES);

export class List {
  constructor(state, open) {
    this.state = state;
    this.open = open;
    this.ids = [];
    this.place = $("list");
    this.place.append(h("div", { class: "tr th", "aria-hidden": "true" },
      ...["item", "state", "agent", "attempts", "time", "tokens", "cost", "note"].map((name) => h("span", {}, name))));
    const body = h("div", { class: "body", role: "list", "aria-label": "Items", tabindex: "-1" });
    this.place.append(body);
    this.rows = new Rows(body, HEIGHT, (index) => this.row(this.ids[index], index));
    body.addEventListener("keydown", (event) => this.key(event));
  }

  draw(find) {
    if (this.place.hidden) return;
    const wanted = (find ?? "").toLowerCase();
    const items = [...this.state.items.values()].filter((item) => item.id.toLowerCase().includes(wanted));
    items.sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state));
    this.ids = items.map((item) => item.id);
    this.rows.show(this.ids.length);
  }

  row(id, index) {
    const item = this.state.item(id);
    const spent = item.state === "waiting" || item.state === "ready";
    return h("button", {
      type: "button", class: "tr", role: "listitem", "data-index": index, "data-id": id, onclick: () => this.open(id),
      "aria-label": `${id}, ${words(item.state)}${item.error ? `, ${item.error}` : ""}`,
    },
      h("span", { class: "name" }, id),
      h("span", { class: `state s-${item.state}` }, `${STATES[item.state] ?? ""} ${words(item.state)}`),
      h("span", {}, item.agent ?? ""),
      h("span", { class: "n" }, item.attempts ? String(item.attempts) : ""),
      h("span", { class: "n" }, spent ? "" : seconds(item.seconds)),
      h("span", { class: "n" }, spent ? "" : number(tokens(item.usage))),
      h("span", { class: "n" }, spent ? "" : dollars(item.cost_usd)),
      h("span", { class: "note" }, item.error ?? ""));
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, Home: -1e9, End: 1e9 }[event.key];
    const at = Number(event.target.dataset.index);
    if (!step || Number.isNaN(at)) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(this.ids.length - 1, at + step));
    this.rows.place.scrollTop = Math.max(0, to * HEIGHT - this.rows.place.clientHeight / 2);
    this.rows.stale = true;
    this.rows.draw();
    requestAnimationFrame(() => this.rows.inner.querySelector(`[data-index="${to}"]`)?.focus());
  }
}
