// Numbers, times and words for people.

export function seconds(value) {
  if (value === null || value === undefined) return "";
  const s = Math.max(value, 0);
  if (s < 59.95) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

export function dollars(value) {
  if (value === null || value === undefined) return "unknown";
  if (value > 0 && value < 0.0001) return "<$0.0001";
  return value > 0 && value < 0.01 ? `$${value.toFixed(4)}` : `$${value.toFixed(2)}`;
}

export function number(value) {
  if (value === null || value === undefined) return "";
  if (value < 10_000) return String(Math.round(value));
  return value < 999_500 ? `${(value / 1000).toFixed(value < 99_500 ? 1 : 0)}k` : `${(value / 1e6).toFixed(1)}M`;
}

export const tokens = (usage) =>
  usage ? usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens : 0;

export const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour12: false });

export const words = (name) => name.replaceAll("_", " ");

/** States of items: glyph, so that colour is not all, and rank in lists. */
export const STATES = {
  active: "▶", pending_review: "◆", blocked: "!", ready: "●", waiting: "○", complete: "✓", failed: "✕",
  quarantined: "☣", skipped: "⤼", cancelled: "⊘",
};
export const TERMINAL = new Set(["complete", "failed", "quarantined", "skipped", "cancelled"]);
export const FINISHED = new Set(["completed", "completed_with_failures", "cancelled"]);
