// Elements from values. Text becomes text, never markup: there is no other way here.

/** An element: h("li", {class: "row", onclick: f}, "text", child). Attributes that are null are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (id) => document.getElementById(id);

/** Replace the children, unless they were made from the same facts the last time. */
export function fill(element, facts, make) {
  const told = JSON.stringify(facts);
  if (element.told === told) return;
  element.told = told;
  element.replaceChildren(...[make()].flat());
}
