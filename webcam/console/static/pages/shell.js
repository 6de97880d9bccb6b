// What stands around every view: the name, the way to the others, whether the server is there.
import { camera } from "../camera/camera.js";
import { el, say } from "../core/dom.js";
import { events } from "../core/events.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { complain } from "../core/notices.js";
import { hashOf } from "../core/router.js";
import { session } from "../core/session.js";
import { unread } from "./unread.js";

/** After so many ms without the server it is said; a restart is faster than that. */
const PATIENCE = 1500;

/** The views that this session may see, by what they need. */
export function viewsOf() {
  const all = [
    ["wall", session.may("view")],
    ["camera", session.may("publish")],
    ["records", session.may("view")],
    ["messages", session.role === "full"],
    ["settings", true],
  ];
  return all.filter(([, may]) => may).map(([name]) => name);
}

export class Shell {
  #ending = new AbortController();
  #patience = 0;

  constructor() {
    const { signal } = this.#ending;
    this.links = new Map(viewsOf().map((name) => [name, this.#link(name)]));
    this.main = el("main", { id: "main", class: "main", tabindex: "-1" });
    this.lost = el("p", { class: "lost", role: "status" });
    this.disk = el("p", { class: "disk", role: "status" });
    const skip = el("a", { class: "skip", href: "#main", text: t("skip"), onclick: (event) => this.#skip(event) });
    const out = el(
      "button",
      {
        type: "button",
        class: "iconic out",
        "aria-label": t("logout"),
        title: t("logout"),
        onclick: () => session.logOut().catch(complain),
      },
      icon("logout"),
    );
    const who = el(
      "p",
      { class: "who" },
      el("strong", { text: session.device }),
      el("span", { text: session.account }),
    );
    const brand = el(
      "a",
      { class: "brand", href: "#wall", "aria-label": t("home") },
      icon("snapshot"),
      el("span", { text: "Webcam" }),
    );
    const nav = el("nav", { class: "nav", "aria-label": t("views") }, [...this.links.values()]);
    const head = el("header", { class: "head" }, brand, nav, who, out);
    this.root = el("div", { class: "shell" }, skip, head, this.disk, this.main, this.lost);
    events.addEventListener("connection", ({ detail }) => this.#connection(detail), { signal });
    events.addEventListener("disk-changed", ({ detail }) => this.#disk(detail.state), { signal });
    events.addEventListener("reset", () => this.#askAgain(), { signal });
    camera.addEventListener("change", () => this.#badges(), { signal });
    unread.addEventListener("change", () => this.#badges(), { signal });
    this.#badges();
    this.#disk(session.disk);
  }

  #disk(state) {
    say(this.disk, state === "fine" ? "" : t(`disk.${state}`));
  }

  /** What happened meanwhile was not told. */
  async #askAgain() {
    await session.check().catch(complain);
    this.#disk(session.disk);
  }

  #link(name) {
    const badge = el("span", { class: "badge", hidden: true });
    const link = el("a", { href: hashOf(name) }, icon(name), el("span", { text: t(name) }), badge);
    link.badge = badge;
    return link;
  }

  #skip(event) {
    event.preventDefault();
    this.main.focus();
  }

  #badges() {
    const live = this.links.get("camera")?.badge;
    if (live) {
      live.hidden = !camera.isOn;
      say(live, camera.isOn ? t("camera.badge") : "");
    }
    const count = this.links.get("messages")?.badge;
    if (count) {
      count.hidden = unread.count === 0;
      say(count, unread.count === 0 ? "" : String(unread.count));
    }
  }

  #connection(isOpen) {
    clearTimeout(this.#patience);
    if (isOpen) say(this.lost, "");
    else this.#patience = setTimeout(() => say(this.lost, t("lost")), PATIENCE);
  }

  /** Put a view into the page. */
  show(name, view) {
    for (const [each, link] of this.links) {
      if (each === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.main.replaceChildren(view.root);
    this.main.scrollTop = 0;
    document.title = `${t(name)} · Webcam`;
  }

  close() {
    clearTimeout(this.#patience);
    this.#ending.abort();
  }
}
