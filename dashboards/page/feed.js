// The event stream: it goes on after whatever happens to the server, with the cursor of the last row.

const AGAIN_MS = 1000;
const HIDDEN_MS = 10_000;
const GLANCE_MS = 30_000;
const STRANGER = new Set([401, 403]);

export class Feed {
  /** `on`: {snapshot, journal, change, items, gap, link, gone, stranger}, each called with what was told. */
  constructor(on) {
    this.on = on;
    this.cursor = null;
    this.run = null;
    this.names = new Set();
    this.timer = null;
    this.source = null;
    this.glances = this.stopped = false;
    document.addEventListener("visibilitychange", () => this.seen());
    this.seen();
  }

  /** A browser has six connections to a server for all its tabs: one that nobody sees gives its own back after a while. */
  seen() {
    clearTimeout(this.hiding);
    if (document.hidden) this.hiding = setTimeout(() => this.rest(), HIDDEN_MS);
    else if (this.glances) {
      this.glances = false;
      this.open();
    }
  }

  /** From now on the stream is opened now and then, until it has told what is new. */
  rest() {
    if (this.stopped) return;
    this.glances = true;
    this.source?.close();
    this.source = null;
    this.on.link("lost");
    this.again(GLANCE_MS);
  }

  again(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), ms);
  }

  /** Watch a run, by id or key, or everything if null. */
  watch(run) {
    this.run = run;
    this.names = new Set([run]);
    this.cursor = null;
    this.open();
  }

  /** The run that is told of: it is asked for by its id from now on, since a key may become another run's. */
  named(run) {
    this.run = run.run;
    this.names.add(run.run).add(run.key);
  }

  open() {
    this.stopped = false;
    clearTimeout(this.timer);
    this.source?.close();
    const asked = new URLSearchParams();
    if (this.run) asked.set("run", this.run);
    if (this.cursor !== null) asked.set("after", this.cursor);
    const source = new EventSource(`/events?${asked}`);
    this.source = source;
    source.onopen = () => this.on.link("live");
    source.onerror = () => this.broken(source);
    for (const type of ["snapshot", "journal", "change", "items", "gap"])
      source.addEventListener(type, (message) => {
        if (source !== this.source) return;
        if (message.lastEventId) this.cursor = Number(message.lastEventId);
        this.on[type](JSON.parse(message.data), Number(message.lastEventId));
        if (this.glances && type === "snapshot" && source === this.source) this.rest();
      });
  }

  /** The browser comes back by itself from a broken connection, but not from a refusal: then it is asked why, once. */
  async broken(source) {
    if (source !== this.source) return;
    this.on.link("lost");
    if (source.readyState !== EventSource.CLOSED) return;
    const run = this.run;
    const { status, error } = await refusal(run);
    if (source !== this.source) return;
    this.stopped = STRANGER.has(status);
    if (this.stopped) return this.on.stranger();
    if (status === 404 && run) return this.on.gone(run, error);
    this.again(AGAIN_MS);
  }
}

/** What the server says of the run, or of itself; null without an answer. */
export async function refusal(run) {
  try {
    const answer = await fetch(run ? `/state/runs/${encodeURIComponent(run)}` : "/state/stats");
    return { status: answer.status, error: answer.ok ? null : (await answer.json()).error };
  } catch {
    return { status: null, error: null };
  }
}
