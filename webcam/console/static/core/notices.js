// Short words at the edge of the screen, read aloud by screen readers; and questions that need a yes or no.
import { Failure } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./language.js";

const SHOWN = 5000;
const MOST = 4;
const region = el("div", { class: "notices", role: "status", "aria-live": "polite" });

/** Where notices appear; put into the page once. */
export function noticeRegion() {
  return region;
}

/** Say something for five seconds. `kind` is "good" or "bad". */
export function notice(text, kind = "good") {
  if (region.lastChild?.textContent === text) return;
  const node = el("p", { class: `notice ${kind}`, text });
  region.append(node);
  while (region.children.length > MOST) region.firstChild.remove();
  setTimeout(() => node.remove(), SHOWN);
}

/** How long to wait, in the reader's words: what a login says when there were too many. */
export function waitText(error) {
  return t("error.later", { n: error.retryAfter || 60 });
}

/** A Failure in the reader's words. */
export function failureText(error) {
  if (!(error instanceof Failure)) return t("error.unknown");
  if (error.status === 0) return t("error.offline");
  if (error.status === 413) return t("error.large");
  if (error.status === 429) return t("error.quota");
  if (error.status === 403) return t("error.forbidden");
  if (error.status >= 500) return t("error.server");
  if (error.isExpired) return t("error.session");
  return t("error.code", { code: String(error.code), status: String(error.status) });
}

/** Say what went wrong. */
export function complain(error) {
  if (error?.name === "AbortError") return;
  if (!(error instanceof Failure)) console.error(error);
  notice(failureText(error), "bad");
}

/** Ask; true when `yes` was chosen. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const close = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const dialog = el(
      "dialog",
      { class: "question", "aria-label": question, oncancel: () => close(false) },
      el("p", { text: question }),
      el(
        "div",
        { class: "row end" },
        el("button", { type: "button", class: "quiet", text: t("no"), onclick: () => close(false) }),
        el("button", { type: "button", class: "danger", text: yes, autofocus: true, onclick: () => close(true) }),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A button with an icon and words for those who don't see it. */
export function iconButton(name, label, onclick, properties = {}) {
  return el(
    "button",
    { type: "button", class: "iconic", "aria-label": label, title: label, onclick, ...properties },
    icon(name),
  );
}
