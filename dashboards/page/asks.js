// What waits for the person who watches: questions with a field for the answer, approvals with their buttons.

import { ask, askSurely } from "./actions.js";
import { $, h } from "./dom.js";

const SHOWN = 20;

/** Names a question: another one of the same item is another one. */
export const keyOf = (run, id, waits) => `${run} ${waits.epoch} ${id}`;

/** A question as a form. `name`: how the item is shown in it; it keeps what is typed as long as it is kept. */
export function form(run, id, waits, name = null) {
  const about = { run, item: id, epoch: waits.epoch };
  const send = async (wish, what) => {
    fields.disabled = true; // until the journal says that the item goes on, unless it was refused
    fields.disabled = await ask({ ...about, ...wish }, what);
  };
  const answers = waits.kind === "answer";
  const fields = h("fieldset", {}, answers ? answer(id, send) : approval(id, about, send));
  return h("form", { class: "ask", "aria-label": `${id} ${answers ? "asks" : "waits for approval"}`, onsubmit: (event) => event.preventDefault() },
    h("div", { class: "asked" }, name,
      answers ? waits.questions.map((text) => h("p", {}, text)) : h("p", {}, waits.message)),
    fields);
}

function answer(id, send) {
  const text = h("textarea", { rows: 2, maxlength: 8000, required: true, "aria-label": `Your answer to ${id}`, placeholder: "Your answer" });
  const go = () => (text.value.trim() ? send({ request: "answer", text: text.value }, `Answer to ${id}`) : text.focus());
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    go();
  });
  return [text, h("button", { type: "button", class: "main", "aria-label": `Answer ${id}`, onclick: go }, "Answer")];
}

function approval(id, about, send) {
  return [
    h("button", { type: "button", class: "main", "aria-label": `Approve ${id}`, onclick: () => send({ request: "approve" }, `Approve ${id}`) }, "Approve"),
    h("button", {
      type: "button", class: "danger", "aria-label": `Deny ${id}`,
      onclick: () => askSurely({ ...about, request: "deny" }, `Deny ${id}`, "It ends for good; what depends on it is skipped.", "Why, for the record"),
    }, "Deny"),
  ];
}

/** The part of the page that shows them all. */
export class Asks {
  constructor(state, open) {
    this.state = state;
    this.open = open;
    this.place = $("asks");
    this.forms = new Map();
  }

  draw() {
    const run = this.state.run?.run;
    const waiting = this.state.asking();
    const wanted = new Map(waiting.slice(0, SHOWN).map((item) => [keyOf(run, item.id, item.waits_for), item]));
    for (const [key, element] of this.forms) {
      if (wanted.has(key)) continue;
      element.remove();
      this.forms.delete(key);
    }
    for (const [key, item] of wanted) {
      if (this.forms.has(key)) continue; // somebody may be writing in it
      const name = h("button", { type: "button", class: "plain name", onclick: () => this.open(item.id) }, item.id);
      this.forms.set(key, form(run, item.id, item.waits_for, name));
      this.place.append(this.forms.get(key));
    }
    const count = waiting.length;
    const said = count === 0 ? "" : count === 1 ? "1 item waits for you" : `${count} items wait for you`;
    if ($("asked").textContent !== said) $("asked").textContent = said;
    $("asks-head").textContent = said + (count > SHOWN ? `; ${SHOWN} are shown` : "");
    this.place.hidden = count === 0;
  }
}
