// The messages' view: who there is, and the thread with one of them.
import { devices } from "../core/devices.js";
import { el, say } from "../core/dom.js";
import { events } from "../core/events.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { hashOf } from "../core/router.js";
import { session } from "../core/session.js";
import { Thread } from "./thread.js";
import { unread } from "./unread.js";

export class MessagesView {
  #ending = new AbortController();
  #senders = new Set();
  #thread = null;

  constructor(device) {
    this.device = device;
    this.people = el("ul", { class: "people" });
    this.noOne = el("p", { class: "hint", text: t("messages.nobody") });
    const title = el("h1", { tabindex: "-1", text: t("messages") });
    const side = el("div", { class: "side" }, title, this.noOne, this.people);
    this.#thread = device ? new Thread(device) : null;
    const nothing = el("div", { class: "empty" }, icon("messages"), el("p", { text: t("messages.choose") }));
    this.root = el(
      "div",
      { class: "view messages", data: { open: device ? "yes" : "no" } },
      side,
      this.#thread?.root ?? nothing,
    );
    const { signal } = this.#ending;
    devices.addEventListener("change", () => this.#list(), { signal });
    unread.addEventListener("change", () => this.#list(), { signal });
    events.addEventListener("message", ({ detail }) => this.#came(detail.device), { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    this.#look();
    this.#list();
  }

  #look() {
    if (document.visibilityState === "visible") unread.look(this.device || null);
  }

  #came(device) {
    if (devices.get(device) || this.#senders.has(device)) return;
    this.#senders.add(device);
    this.#list();
  }

  #list() {
    const known = devices.sorted().map((each) => each.name);
    const names = [
      ...new Set([...known, ...unread.by.keys(), ...this.#senders, ...(this.device ? [this.device] : [])]),
    ];
    const others = names.filter((each) => each !== session.device || each === this.device);
    this.noOne.hidden = others.length > 0;
    const focused = this.people.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.people.replaceChildren(...others.map((name) => this.#person(name)));
    if (focused) [...this.people.querySelectorAll("a")].find((each) => each.getAttribute("href") === focused)?.focus();
  }

  #person(name) {
    const state = devices.get(name)?.online ? "silent" : "offline";
    const count = unread.by.get(name) ?? 0;
    const badge =
      count > 0
        ? el("span", {
            class: "badge",
            "aria-label": t("messages.unread", { n: count }),
            role: "img",
            text: String(count),
          })
        : null;
    const dot = el("span", {
      class: "dot",
      role: "img",
      "aria-label": t(state === "silent" ? "live.online" : "live.offline"),
    });
    const link = el(
      "a",
      { href: hashOf("messages", name), "aria-current": name === this.device ? "true" : null },
      dot,
      el("span", { class: "name" }),
      badge,
    );
    say(link.querySelector(".name"), name);
    return el("li", { data: { state } }, link);
  }

  close() {
    this.#ending.abort();
    this.#thread?.close();
    unread.look(null);
  }
}
