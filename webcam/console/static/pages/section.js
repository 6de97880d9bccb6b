// Pieces that the settings are made of.
import { el, freshId } from "../core/dom.js";

/** A titled card. */
export function section(title, hint, ...children) {
  const id = freshId("section");
  const words = hint ? el("p", { class: "hint", text: hint }) : null;
  return el("section", { class: "card", "aria-labelledby": id }, el("h2", { id, text: title }), words, children);
}

/** A label with its control. */
export function labelled(label, control, hint = "") {
  control.id = freshId("control");
  const words = hint ? el("p", { class: "hint", id: `${control.id}-hint`, text: hint }) : null;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return el("div", { class: "field" }, el("label", { for: control.id, text: label }), control, words);
}

/** A choice among `[value, words]`. */
export function choice(label, values, value, onchoose) {
  const options = values.map(([each, words]) => el("option", { value: each, text: words }));
  const select = el("select", { onchange: () => onchoose(select.value) }, options);
  select.value = value;
  return labelled(label, select);
}
