// The work graph on two canvases: one that is drawn when something changed, one for what moves.

import { $ } from "./dom.js";
import { STATES, seconds } from "./format.js";
import { HEIGHT, WIDTH, layout } from "./layout.js";

const LABELS_FROM = 0.42;
const MOST = 2.5;
const MARGIN = 28;
const MOVES_MS = 50;

export class Graph {
  /** `state`: what is shown; `open`: called with the id of an item that somebody wants to see. */
  constructor(state, open) {
    this.state = state;
    this.open = open;
    this.stage = $("stage");
    this.base = $("base");
    this.over = $("over");
    this.scale = 1;
    this.x = this.y = 0;
    this.fitted = true;
    this.focus = null;
    this.found = null;
    this.laid = null;
    this.drawn = { frames: 0, ms: 0 };
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.listen();
    setInterval(() => this.move(), MOVES_MS);
  }

  /** Lay out another plan. */
  plan(plan) {
    const box = this.stage.getBoundingClientRect();
    this.ratio = Math.max(0.5, box.width / Math.max(box.height, 1));
    this.laid = plan.length ? layout(plan, this.ratio) : null;
    this.count = plan.length;
    this.focus = this.laid?.by.has(this.focus) ? this.focus : null;
    this.stage.setAttribute("aria-label", `Work graph, ${plan.length} items`);
    if (this.fitted) this.fit();
    this.draw();
  }

  /** Draw soon. */
  draw() {
    this.dirty ??= requestAnimationFrame(() => {
      this.dirty = null;
      const began = performance.now();
      this.paint();
      this.drawn.frames += 1;
      this.drawn.ms = Math.max(this.drawn.ms * 0.9, performance.now() - began);
    });
  }

  resize() {
    const { width, height } = this.stage.getBoundingClientRect();
    const dense = window.devicePixelRatio || 1;
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
    }
    if (this.laid && Math.abs(width / Math.max(height, 1) - this.ratio) > 0.25) this.plan(this.state.plan());
    else if (this.fitted) this.fit();
    this.draw();
  }

  fit() {
    if (!this.laid) return;
    const { width, height } = this.stage.getBoundingClientRect();
    const wide = (width - 2 * MARGIN) / this.laid.width;
    const high = (height - 2 * MARGIN) / this.laid.height;
    this.scale = Math.max(0.02, Math.min(wide, high, 1.15));
    this.x = (width - this.laid.width * this.scale) / 2;
    this.y = (height - this.laid.height * this.scale) / 2;
    this.fitted = true;
    this.draw();
  }

  zoom(by, at = null) {
    const { width, height } = this.stage.getBoundingClientRect();
    const [x, y] = at ?? [width / 2, height / 2];
    const scale = Math.max(0.02, Math.min(MOST, this.scale * by));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this.draw();
  }

  /** Bring an item into the picture. */
  show(id) {
    const node = this.laid?.by.get(id);
    if (!node) return;
    this.focus = id;
    const { width, height } = this.stage.getBoundingClientRect();
    if (this.scale < LABELS_FROM) this.zoom(0.8 / this.scale);
    const [x, y] = [this.x + node.x * this.scale, this.y + node.y * this.scale];
    if (x < 0 || y < 0 || x + WIDTH * this.scale > width || y + HEIGHT * this.scale > height) {
      this.x = width / 2 - (node.x + WIDTH / 2) * this.scale;
      this.y = height / 2 - (node.y + HEIGHT / 2) * this.scale;
      this.fitted = false;
    }
    this.draw();
  }

  /** Draw attention to the items whose ids hold this text. */
  find(text) {
    this.found = text ? text.toLowerCase() : null;
    this.draw();
  }

  colours() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    const states = Object.fromEntries(Object.keys(STATES).map((name) => [name, of(name)]));
    this.palette = { ...states, card: of("card"), line: of("line"), text: of("text"), dim: of("dim"), edge: of("edge"), accent: of("accent"), bg: of("bg") };
  }

  begin(canvas) {
    const context = canvas.getContext("2d");
    const dense = window.devicePixelRatio || 1;
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.translate(this.x, this.y);
    context.scale(this.scale, this.scale);
    return context;
  }

  paint() {
    if (!this.palette) this.colours();
    const context = this.begin(this.base);
    if (!this.laid) return;
    const { width, height } = this.stage.getBoundingClientRect();
    const left = -this.x / this.scale, top = -this.y / this.scale;
    const right = left + width / this.scale, bottom = top + height / this.scale;
    this.seen = (x, y, w, h) => x < right && x + w > left && y < bottom && y + h > top;
    this.edges(context);
    for (const node of this.laid.nodes) if (this.seen(node.x, node.y, WIDTH, HEIGHT)) this.node(context, node);
    this.move();
  }

  edges(context) {
    const marked = this.focus ? this.laid.by.get(this.focus) : null;
    const plain = new Path2D(), bold = new Path2D();
    for (const node of this.laid.nodes)
      for (const from of node.needs) {
        const { down } = this.laid;
        const [x1, y1] = down ? [from.x + WIDTH / 2, from.y + HEIGHT] : [from.x + WIDTH, from.y + HEIGHT / 2];
        const [x2, y2] = down ? [node.x + WIDTH / 2, node.y] : [node.x, node.y + HEIGHT / 2];
        if (!this.seen(Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1) + 1, Math.abs(y2 - y1) + 1)) continue;
        const path = node === marked || from === marked ? bold : plain;
        const bend = Math.min(Math.max((down ? y2 - y1 : x2 - x1) / 2, 20), 90);
        path.moveTo(x1, y1);
        if (down) path.bezierCurveTo(x1, y1 + bend, x2, y2 - bend, x2, y2);
        else path.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
      }
    context.lineWidth = Math.max(1.2, 0.6 / this.scale);
    context.globalAlpha = this.count > 300 ? 0.45 : 1;
    context.strokeStyle = this.palette.edge;
    context.stroke(plain);
    context.globalAlpha = 1;
    context.lineWidth = Math.max(2, 1.4 / this.scale);
    context.strokeStyle = this.palette.accent;
    context.stroke(bold);
  }

  node(context, node) {
    const item = this.state.item(node.id);
    const state = item?.state ?? "waiting";
    const colour = this.palette[state] ?? this.palette.waiting;
    const small = this.scale < LABELS_FROM;
    const quiet = this.found !== null && !node.id.toLowerCase().includes(this.found);
    context.globalAlpha = quiet ? 0.18 : 1;
    context.beginPath();
    context.roundRect(node.x, node.y, WIDTH, HEIGHT, small ? 6 : 10);
    context.fillStyle = !small ? this.palette.card : state === "waiting" ? this.palette.edge : colour;
    context.fill();
    if (!small) this.card(context, node, item, state, colour);
    if (node.id === this.focus) {
      context.beginPath();
      context.roundRect(node.x - 3, node.y - 3, WIDTH + 6, HEIGHT + 6, 12);
      context.lineWidth = Math.max(2.5, 2 / this.scale);
      context.strokeStyle = this.palette.accent;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  card(context, node, item, state, colour) {
    const { x, y } = node;
    context.lineWidth = 1;
    context.strokeStyle = state === "waiting" ? this.palette.line : colour;
    context.stroke();
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(x + 10, y + 14, 28, 28, 8);
    context.globalAlpha *= 0.16;
    context.fill();
    context.globalAlpha = context.globalAlpha / 0.16;
    context.font = "600 15px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(STATES[state] ?? "?", x + 24, y + 28.5);
    context.textAlign = "left";
    context.fillStyle = this.palette.text;
    context.font = "600 13px system-ui, sans-serif";
    context.fillText(shortened(context, node.id, WIDTH - 58), x + 48, y + 20);
    context.fillStyle = this.palette.dim;
    context.font = "12px system-ui, sans-serif";
    context.fillText(shortened(context, told(item, state, node), WIDTH - 58), x + 48, y + 38);
  }

  /** What moves: a light along the foot of items that are active. */
  move() {
    if (!this.laid || !this.seen || document.hidden || this.stage.offsetParent === null) return;
    const active = this.state.active();
    if (!active.length && !this.moving) return;
    const context = this.begin(this.over);
    this.moving = active.length > 0;
    const turn = this.calm.matches ? 0.5 : (performance.now() % 1600) / 1600;
    const thick = this.scale < LABELS_FROM ? 10 : 3;
    context.lineCap = "round";
    context.lineWidth = thick;
    for (const id of active) {
      const node = this.laid.by.get(id);
      if (!node || !this.seen(node.x, node.y, WIDTH, HEIGHT)) continue;
      const [from, room] = [node.x + 12, WIDTH - 24];
      const begin = from + room * Math.max(0, turn * 1.4 - 0.4), end = from + room * Math.min(1, turn * 1.4);
      context.strokeStyle = this.scale < LABELS_FROM ? this.palette.bg : this.palette.active;
      context.beginPath();
      context.moveTo(begin, node.y + HEIGHT - thick);
      context.lineTo(end, node.y + HEIGHT - thick);
      context.stroke();
    }
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    const x = (event.clientX - box.left - this.x) / this.scale, y = (event.clientY - box.top - this.y) / this.scale;
    return this.laid?.nodes.find((n) => x >= n.x && x <= n.x + WIDTH && y >= n.y && y <= n.y + HEIGHT) ?? null;
  }

  listen() {
    const fingers = new Map();
    let moved = 0, apart = 0;
    const distance = () => {
      const [a, b] = [...fingers.values()];
      return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    };
    this.stage.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, event);
      this.stage.setPointerCapture(event.pointerId);
      if (fingers.size === 2) apart = distance();
      if (fingers.size === 1) moved = 0;
    });
    this.stage.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) {
        const node = this.at(event);
        this.stage.classList.toggle("over", node !== null);
        this.stage.title = node ? `${node.id}: ${this.state.item(node.id)?.state ?? "waiting"}` : "";
        return;
      }
      fingers.set(event.pointerId, event);
      moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
      if (fingers.size === 2) {
        const now = distance();
        const box = this.stage.getBoundingClientRect();
        const [a, b] = [...fingers.values()];
        this.zoom(now / apart, [(a.clientX + b.clientX) / 2 - box.left, (a.clientY + b.clientY) / 2 - box.top]);
        apart = now;
      } else if (moved > 4) {
        this.x += event.clientX - before.clientX;
        this.y += event.clientY - before.clientY;
        this.fitted = false;
        this.draw();
      }
    });
    const lift = (event) => {
      fingers.delete(event.pointerId);
      if (event.type !== "pointerup" || moved > 4) return;
      const node = this.at(event);
      if (!node) return;
      this.focus = node.id;
      this.draw();
      this.open(node.id);
    };
    this.stage.addEventListener("pointerup", lift);
    this.stage.addEventListener("pointercancel", lift);
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = this.stage.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 500), [event.clientX - box.left, event.clientY - box.top]);
    }, { passive: false });
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("focus", () => this.focus ?? this.go(this.laid?.nodes[0]));
  }

  key(event) {
    const node = this.laid?.by.get(this.focus) ?? this.laid?.nodes[0];
    if (!node) return;
    const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    if (steps[event.key]) this.go(this.towards(node, ...steps[event.key]));
    else if (event.key === "Enter" || event.key === " ") this.open(node.id);
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  /** The nearest item in a direction; along an edge first. */
  towards(node, dx, dy) {
    const way = this.laid.down ? dy : dx;
    const linked = way > 0 ? node.feeds : way < 0 ? node.needs : [];
    const others = linked.length ? linked : this.laid.nodes;
    let best = null, least = Infinity;
    for (const other of others) {
      const [x, y] = [other.x - node.x, other.y - node.y];
      if (dx * x + dy * y <= 0) continue;
      const far = dx ? Math.abs(x) + 3 * Math.abs(y) : Math.abs(y) + 6 * Math.abs(x);
      if (far < least) [best, least] = [other, far];
    }
    return best ?? node;
  }

  go(node) {
    if (!node) return;
    this.show(node.id);
    const item = this.state.item(node.id);
    const needs = node.needs.length ? `, after ${node.needs.length}` : "";
    $("spoken").textContent = `${node.id}, ${item?.state ?? "waiting"}${needs}`;
  }
}

function told(item, state, node) {
  if (!item) return "";
  if (state === "active") return `${item.agent ?? ""}${item.attempts > 1 ? ` · attempt ${item.attempts}` : ""}`;
  if (state === "complete") return item.origin ? "taken over" : `${item.agent ?? ""} · ${seconds(item.seconds)}`;
  if (item.error) return item.error;
  if (state === "waiting") return `after ${node.needs.length} ${node.needs.length === 1 ? "item" : "items"}`;
  return state.replaceAll("_", " ");
}

const widths = new Map();

/** The text as far as there is room; measured once per text and font. */
function shortened(context, text, room) {
  const key = `${context.font}|${room}|${text}`;
  let known = widths.get(key);
  if (known === undefined) {
    known = text;
    if (context.measureText(text).width > room) {
      let most = Math.max(1, Math.floor((text.length * room) / context.measureText(text).width) + 2);
      while (most > 1 && context.measureText(`${text.slice(0, most)}…`).width > room) most -= 1;
      known = `${text.slice(0, most)}…`;
    }
    if (widths.size > 20_000) widths.clear();
    widths.set(key, known);
  }
  return known;
}
