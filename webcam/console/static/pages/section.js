// Pieces that the settings are made of.
import { el, freshId } from "../core/dom.js";
import { complain, confirmed, notice } from "../core/notices.js";
import { fullText } from "../core/time.js";

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

/** A line of a list: whose it is, `[stamp, words]` of it with the exact time of each, and its button, if there is one. */
export function row(name, details, button) {
  const about = details.map(([stamp, text]) => el("p", { class: "meta", title: fullText(stamp), text }));
  return el("li", {}, el("div", { class: "words" }, el("strong", { text: name }), about), button);
}

/**
 * The button that ends what a line is about: it asks whether that is `sure`, lets `end()` do it, says that it is `ended`
 * or what went wrong, and then `after()`, either way.
 */
export function endButton({ text, label, sure, ended }, end, after) {
  const onclick = async () => {
    if (!(await confirmed(sure, text))) return;
    try {
      await end();
      notice(ended);
    } catch (error) {
      complain(error);
    }
    await after();
  };
  return el("button", { type: "button", class: "quiet", "aria-label": label, text, onclick });
}
