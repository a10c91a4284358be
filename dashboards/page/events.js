// What happened, one row an event, with a filter.

import { $, h } from "./dom.js";
import { clock, words } from "./format.js";
import { Rows } from "./rows.js";

const HEIGHT = 26;

const TROUBLE = /failed|lost|error|degraded|restarted|given_up|unavailable|quarantined|skipped|limited|denied|paused|waiting/;

function kind(type) {
  if (/^(work_item|turn|tool|review|approval|needs)/.test(type)) return "items";
  if (/^(agent|heartbeat|model|rate)/.test(type)) return "agents";
  return "run";
}

/** Said in one line, beside the type and the subject. */
function detail(event) {
  const told = [];
  if (event.item_id && event.agent_id) told.push(event.agent_id);
  if (event.attempt > 1) told.push(`attempt ${event.attempt}`);
  if (event.tool) told.push(event.tool);
  if (event.state) told.push(words(event.state));
  for (const name of ["error", "error_message", "reason", "cause"]) if (event[name]) told.push(String(event[name]));
  if (event.waiting !== undefined && event.by) told.push(`${event.waiting} calls wait for ${words(event.by)}`);
  if (event.added) told.push(event.added.join(", "));
  return told.join(" · ");
}

const subject = (event) => event.item_id ?? event.agent_id ?? event.model ?? event.name ?? event.run ?? "";

export class Events {
  constructor(state, open) {
    this.state = state;
    this.open = open;
    this.shown = [];
    this.until = null;
    this.rows = new Rows($("events"), HEIGHT, (index) => this.row(this.shown[index]));
    $("filter").addEventListener("input", () => this.again());
    $("kind").addEventListener("change", () => this.again());
  }

  /** Another journal, or another filter. */
  again() {
    this.words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    this.kind = $("kind").value;
    this.shown = this.state.events.filter((event) => this.wanted(event));
    this.rows.show(this.shown.length);
    this.rows.end();
    this.dropped = this.state.dropped;
  }

  /** These came. */
  add(events) {
    if (this.dropped !== this.state.dropped) return this.again();
    this.shown.push(...events.filter((event) => this.wanted(event)));
    this.rows.show(this.shown.length);
  }

  wanted(event) {
    if (this.kind === "trouble" ? !TROUBLE.test(event.type) : this.kind && kind(event.type) !== this.kind) return false;
    if (event.type === "heartbeat" && !this.words?.length) return false;
    if (!this.words?.length) return true;
    const text = `${event.type} ${words(event.type)} ${subject(event)} ${detail(event)}`.toLowerCase();
    return this.words.every((word) => text.includes(word));
  }

  row(event) {
    const about = subject(event);
    return h("div", { class: `event ${TROUBLE.test(event.type) ? "trouble" : ""} ${/completed|passed|granted/.test(event.type) ? "good" : ""}`, title: detail(event) },
      h("time", { datetime: event.timestamp }, clock(event.at)),
      h("span", { class: "type" }, words(event.type)),
      event.item_id
        ? h("button", { type: "button", class: "plain", onclick: () => this.open(event.item_id) }, about)
        : h("span", { class: "about" }, about),
      h("span", { class: "detail" }, detail(event)));
  }
}
