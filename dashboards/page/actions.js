// What a person asks for from the page. Whatever ends something is asked twice.

import { $, h } from "./dom.js";

const CSRF = document.querySelector('meta[name="csrf"]').content;

/** Send a request; what came of it is shown for a while. Whether it is on its way. */
export async function ask(wish, what) {
  try {
    const answer = await fetch("/requests", {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": CSRF },
      body: JSON.stringify(wish),
    });
    const told = await answer.json();
    if (!answer.ok) return notify(`${what}: ${told.error}`, true);
    notify(told.in_journal ? `${what}: asked for.` : `${what}: on disk; the store takes it in as soon as it answers.`);
    return true;
  } catch {
    return notify(`${what}: the server does not answer; try again.`, true);
  }
}

/** The same after a question. `reason`: name of a field for a text that goes with it. */
export function askSurely(wish, what, question, reason = null) {
  const dialog = $("sure");
  const text = reason && h("textarea", { id: "sure-text", rows: 2, maxlength: 2000 });
  const close = (yes) => {
    dialog.close();
    if (yes) ask(text ? { ...wish, text: text.value.trim() } : wish, what);
  };
  dialog.replaceChildren(
    h("h2", { id: "sure-what" }, what),
    h("p", {}, question),
    ...(text ? [h("label", { for: "sure-text" }, reason), text] : []),
    h("div", { class: "acts" },
      h("button", { type: "button", onclick: () => close(false), autofocus: true }, "Leave it"),
      h("button", { type: "button", class: "danger full", onclick: () => close(true) }, what)),
  );
  dialog.showModal();
}

let timer = null;

/** Say it for a while, or until something else is said if it `stays`. */
export function notify(text, bad = false, stays = false) {
  const place = $("notice");
  place.textContent = text;
  place.hidden = false;
  place.classList.toggle("bad", bad);
  clearTimeout(timer);
  if (!stays) timer = setTimeout(() => (place.hidden = true), bad ? 12_000 : 5_000);
  return false;
}
