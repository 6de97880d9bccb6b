// One record in the gallery: its thumbnail, or what it is where there is none.
import { el, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { clockText, fullText } from "../core/time.js";
import { ask, settle } from "./thumbnails.js";

/** The icon for a content type. */
export function iconOf(type) {
  if (type?.startsWith("video/")) return "film";
  if (type?.startsWith("audio/")) return "sound";
  return type === undefined || type === null || type.startsWith("image/") ? "records" : "file";
}

/** "JPEG", "MP4"; "" for a type that says nothing. */
export function typeText(type) {
  if (!type || type === "application/octet-stream") return "";
  return type.split("/")[1].replace(/^x-/, "").toUpperCase();
}

export class Cell {
  record = undefined;
  index = -1;
  #wish = null;

  /** `onopen(cell)`, and `onselect(cell, isRange)` when its box is changed. */
  constructor({ onopen, onselect, maySelect }) {
    this.image = el("img", { alt: "", decoding: "async", hidden: true });
    this.image.addEventListener("load", () => this.#came(true));
    this.image.addEventListener("error", () => this.#came(false));
    this.kind = el("span", { class: "kind" });
    this.open = el("button", { type: "button", class: "open", onclick: () => onopen(this) }, this.kind, this.image);
    this.box = el("input", { type: "checkbox", onclick: (event) => onselect(this, event.shiftKey) });
    this.when = el("span", { class: "when" });
    this.who = el("span", { class: "whose" });
    const caption = el("p", { class: "caption" }, this.when, this.who);
    this.root = el(
      "div",
      { class: "cell" },
      this.open,
      maySelect ? el("label", { class: "pick" }, this.box) : null,
      caption,
    );
    this.#turn(undefined);
  }

  /**
   * Show a record (undefined: not known yet) at a place; `mayAsk` for its thumbnail now, `isPicked` whether its box is
   * set.
   */
  show(index, record, mayAsk, isPicked) {
    this.index = index;
    if (this.record?.rid !== record?.rid) this.#turn(record);
    this.box.checked = isPicked;
    this.root.classList.toggle("picked", isPicked);
    if (mayAsk && record) this.#wish ??= ask(this.image, `console/thumbnail?rid=${record.rid}`);
  }

  /** It is out of sight. */
  leave() {
    this.#turn(undefined);
  }

  #came(isGood) {
    if (!this.#wish?.isAsked) return;
    this.image.hidden = !isGood;
    if (!isGood) this.root.dataset.plain = "yes";
    settle(this.#wish);
  }

  #turn(record) {
    this.record = record;
    settle(this.#wish);
    this.#wish = null;
    this.image.removeAttribute("src");
    this.image.hidden = true;
    this.root.dataset.plain = "no";
    this.root.dataset.rid = record?.rid ?? "";
    this.open.disabled = this.box.disabled = record === undefined;
    say(this.when, record ? clockText(record.stamp) : "");
    say(this.who, record?.device ?? "");
    this.who.title = record?.device ?? "";
    this.kind.replaceChildren(
      ...(record ? [icon(iconOf(record.type)), el("span", { text: typeText(record.type) })] : []),
    );
    const words = record
      ? t("records.one", { device: record.device, time: fullText(record.stamp) })
      : t("records.loading");
    this.open.setAttribute("aria-label", words);
    this.box.setAttribute("aria-label", t("records.pick", { what: words }));
  }
}
