// An item within the work graph, where there is room for words.

import { STATES, seconds } from "./format.js";
import { WIDTH } from "./layout.js";

/** `context` is at the start of the item's outline, which it has filled. */
export function card(context, node, item, state, colour, palette) {
  const { x, y } = node;
  context.lineWidth = 1;
  context.strokeStyle = state === "waiting" ? palette.line : colour;
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
  context.fillStyle = palette.text;
  context.font = "600 13px system-ui, sans-serif";
  context.fillText(shortened(context, node.id, WIDTH - 58), x + 48, y + 20);
  context.fillStyle = palette.dim;
  context.font = "12px system-ui, sans-serif";
  context.fillText(shortened(context, told(item, state, node), WIDTH - 58), x + 48, y + 38);
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
