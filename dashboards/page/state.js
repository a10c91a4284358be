// What the page knows: what it was told last of each thing. Nothing is computed from events here; the server does it.

const EVENTS = 5_000;

export class State {
  constructor() {
    this.offset = 0;
    this.runs = new Map();
    this.fleet = { alive: false, agents: [], held: [], out: [] };
    this.run = null;
    this.items = new Map();
    this.actives = new Set();
    this.asks = new Set();
    this.events = [];
    this.dropped = 0;
  }

  /** Now, by the server's clock. */
  now() {
    return Date.now() / 1000 + this.offset;
  }

  /** Everything; whether the plan is another one. */
  snapshot(told) {
    this.offset = told.now - Date.now() / 1000;
    this.runs = new Map(told.runs.map((run) => [run.run, run]));
    this.change(told);
    const before = this.run;
    this.run = told.run;
    if (told.run) this.runs.set(told.run.run, { ...told.run, plan: undefined });
    if (told.recent) this.events = told.recent;
    const same = before && told.run && before.run === told.run.run && before.plan.length === told.run.plan.length;
    this.items = new Map();
    this.actives = new Set();
    this.asks = new Set();
    for (const item of told.run?.items ?? []) this.take(item);
    if (same) this.run.plan = before.plan;
    return !same;
  }

  /** Runs in brief, the fleet. */
  change(told) {
    for (const run of told.runs ?? []) {
      this.runs.set(run.run, run);
      if (this.run?.run === run.run) Object.assign(this.run, run);
    }
    if (told.agents) this.fleet = { alive: told.alive, agents: told.agents, held: told.held, out: told.out };
  }

  /** Items of the run; whether it has grown. */
  changed(told) {
    if (this.run?.run !== told.run) return false;
    for (const item of told.items) this.take(item);
    this.run.agents = told.agents;
    this.run.models = told.models;
    this.run.plan.push(...told.added);
    return told.added.length > 0;
  }

  take(item) {
    this.items.set(item.id, item);
    if (item.state === "active") this.actives.add(item.id);
    else this.actives.delete(item.id);
    if (item.waits_for) this.asks.add(item.id);
    else this.asks.delete(item.id);
  }

  journal(told) {
    this.events.push(...told);
    if (this.events.length > 1.2 * EVENTS) {
      this.dropped += this.events.length - EVENTS;
      this.events.splice(0, this.events.length - EVENTS);
    }
  }

  item(id) {
    return this.items.get(id);
  }

  active() {
    return [...this.actives];
  }

  /** Items that wait for a person, in the order in which they began to. */
  asking() {
    return [...this.asks].map((id) => this.items.get(id));
  }

  /** The plan as a graph: an item that grew goes on after those it grew by. */
  plan() {
    const plan = (this.run?.plan ?? []).map((item) => ({ id: item.id, dependencies: [...item.dependencies] }));
    const by = new Map(plan.map((item) => [item.id, item]));
    for (const item of this.run?.plan ?? []) if (item.parent) by.get(item.parent)?.dependencies.push(item.id);
    return plan;
  }

  planned(id) {
    return this.run?.plan.find((item) => item.id === id);
  }
}
