// The work graph on two canvases: one that is drawn when something changed, one for what moves.

import { card } from "./card.js";
import { $ } from "./dom.js";
import { STATES } from "./format.js";
import { listen } from "./hand.js";
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
    listen(this);
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
    if (!small) card(context, node, item, state, colour, this.palette);
    if (node.id === this.focus) {
      context.beginPath();
      context.roundRect(node.x - 3, node.y - 3, WIDTH + 6, HEIGHT + 6, 12);
      context.lineWidth = Math.max(2.5, 2 / this.scale);
      context.strokeStyle = this.palette.accent;
      context.stroke();
    }
    context.globalAlpha = 1;
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

  go(node) {
    if (!node) return;
    this.show(node.id);
    const item = this.state.item(node.id);
    const needs = node.needs.length ? `, after ${node.needs.length}` : "";
    $("spoken").textContent = `${node.id}, ${item?.state ?? "waiting"}${needs}`;
  }
}
