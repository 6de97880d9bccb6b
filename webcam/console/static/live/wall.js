// The wall: every device of the account. Those that stream have a tile with their picture, the others a line.
import { devices, metaText } from "../core/devices.js";
import { el, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { hashOf } from "../core/router.js";
import { session } from "../core/session.js";
import { recall, remember } from "../core/store.js";
import { agoText } from "../core/time.js";
import { isMultiplexed } from "../core/transport.js";
import { Filling } from "./filling.js";
import { Tile } from "./tile.js";

const TICK = 500;
const SIZES = ["small", "medium", "large"];
/** An HTTP/2 connection has room for 100 requests; the rest of the page wants some of them. */
const MOST_LIVE = 80;
/** Browsers open six connections of HTTP/1.1 to a server: one follows the events, one is for questions. */
const MOST_LIVE_ALONE = 4;

export class Wall {
  #tiles = new Map();
  #ending = new AbortController();
  #filling = new Filling(() => this.#adjust());
  #areAllPaused = false;

  constructor(scroller) {
    const options = { root: scroller, rootMargin: "120px" };
    this.watcher = new IntersectionObserver((entries) => this.#seen(entries), options);
    this.root = this.#build();
    this.#resize(recall("size", "medium"));
    const { signal } = this.#ending;
    devices.addEventListener("change", ({ detail }) => this.#changed(detail), { signal });
    document.addEventListener("visibilitychange", () => this.#adjust(), { signal });
    this.timer = setInterval(() => this.#tick(), TICK);
    this.#changed(null);
  }

  #build() {
    this.summary = el("p", { class: "summary" });
    this.grid = el("div", { class: "tiles", onkeydown: (event) => this.#arrow(event) });
    this.others = el("ul", { class: "others" });
    this.othersPart = el(
      "section",
      { "aria-label": t("wall.others") },
      el("h2", { text: t("wall.others") }),
      this.others,
    );
    this.empty = el(
      "div",
      { class: "empty" },
      icon("camera"),
      el("p", { text: t("wall.empty") }),
      session.may("publish") && el("a", { class: "button", href: hashOf("camera"), text: t("wall.be") }),
    );
    const sizes = SIZES.map((each) => el("option", { value: each, text: t(`wall.${each}`) }));
    this.size = el("select", { "aria-label": t("wall.size"), onchange: () => this.#resize(this.size.value) }, sizes);
    this.pauseAll = el("button", { type: "button", class: "quiet", onclick: () => this.#pauseAll() });
    const tools = el("div", { class: "tools" }, this.pauseAll, this.size);
    const words = el("div", { class: "words" }, el("h1", { tabindex: "-1", text: t("wall") }), this.summary);
    this.#sayPause();
    return el(
      "div",
      { class: "view wall" },
      el("header", { class: "top" }, words, tools),
      this.empty,
      this.grid,
      this.othersPart,
    );
  }

  #resize(size) {
    this.size.value = SIZES.includes(size) ? size : "medium";
    this.grid.dataset.size = this.size.value;
    remember("size", this.size.value);
  }

  #sayPause() {
    const words = t(this.#areAllPaused ? "wall.resume" : "wall.pause");
    this.pauseAll.replaceChildren(icon(this.#areAllPaused ? "play" : "pause"), el("span", { text: words }));
  }

  #pauseAll() {
    this.#areAllPaused = !this.#areAllPaused;
    for (const tile of this.#tiles.values()) tile.pause(this.#areAllPaused);
    this.#sayPause();
  }

  /** One device changed, or all may have. */
  #changed(name) {
    const wanted = name === null ? [...devices.all.values()] : [devices.get(name)];
    for (const device of wanted) {
      if (device.stream && !this.#tiles.has(device.name)) this.#addTile(device);
      else this.#tiles.get(device.name)?.update(device);
    }
    if (name === null) for (const tile of this.#tiles.values()) if (!devices.get(tile.name)) this.#removeTile(tile);
    this.#list();
  }

  #addTile(device) {
    const tile = new Tile(device, {
      onfull: (each) => this.#filling.toggle(each),
      onpause: () => this.#adjust(),
      maySnap: session.may("publish"),
    });
    this.#tiles.set(device.name, tile);
    const next = [...this.#tiles.keys()]
      .filter((each) => each.localeCompare(device.name) > 0)
      .sort((a, b) => a.localeCompare(b))[0];
    this.grid.insertBefore(tile.root, next === undefined ? null : this.#tiles.get(next).root);
    if (this.#areAllPaused) tile.pause(true);
    this.watcher.observe(tile.root);
  }

  #removeTile(tile) {
    this.watcher.unobserve(tile.root);
    tile.close();
    tile.root.remove();
    this.#tiles.delete(tile.name);
  }

  #list() {
    const others = devices.sorted().filter((each) => !this.#tiles.has(each.name));
    this.others.replaceChildren(...others.map(line));
    this.othersPart.hidden = others.length === 0;
    const all = [...devices.all.values()];
    const live = all.filter((each) => each.stream).length;
    const online = all.filter((each) => each.online).length;
    say(this.summary, `${t("wall.live", { n: live })} · ${t("wall.online", { n: online })}`);
    this.empty.hidden = !devices.isLoaded || this.#tiles.size > 0;
    this.pauseAll.hidden = this.#tiles.size === 0;
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = [...this.#tiles.values()].find((each) => each.root === target);
      if (tile) tile.isSeen = isIntersecting;
    }
    this.#adjust();
  }

  /** Who runs: those in sight, while the page is; only the one that fills the screen, if one does. */
  #adjust() {
    const isHidden = document.visibilityState === "hidden";
    let room = isMultiplexed() ? MOST_LIVE : MOST_LIVE_ALONE;
    for (const tile of this.#tiles.values()) {
      const isBehind = this.#filling.tile !== null && this.#filling.tile !== tile;
      tile.root.inert = isBehind;
      tile.isCrowded = tile.isInSight && !tile.isPaused && room <= 0;
      tile.isHeld = isHidden || isBehind || tile.isCrowded;
      if (tile.isInSight && !tile.isPaused && !isBehind) room -= 1;
      tile.adjust();
    }
  }

  #tick() {
    if (document.visibilityState === "hidden") return;
    const now = performance.now();
    for (const tile of this.#tiles.values()) if (tile.isInSight) tile.tick(now);
  }

  /** Arrow keys go from tile to tile. */
  #arrow(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#columns(), ArrowUp: -this.#columns() }[event.key];
    if (!step || event.target.matches("pre, select")) return;
    const all = [...this.grid.children];
    const at = all.indexOf(event.target.closest(".tile"));
    const next = all[at + step];
    if (!next) return;
    event.preventDefault();
    next.querySelector("button:last-of-type").focus();
  }

  #columns() {
    return getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
  }

  close() {
    clearInterval(this.timer);
    this.#filling.end();
    this.#ending.abort();
    this.watcher.disconnect();
    for (const tile of this.#tiles.values()) tile.close();
  }
}

/** A device without a stream. */
function line(device) {
  const state = device.online
    ? t("live.online")
    : device.seen
      ? t("live.seen", { ago: agoText(device.seen) })
      : t("live.offline");
  const mine = device.name === session.device ? ` ${t("wall.mine")}` : "";
  const meta = metaText(device.meta);
  return el(
    "li",
    { data: { state: device.online ? "silent" : "offline" } },
    el("span", { class: "dot", "aria-hidden": "true" }),
    el(
      "div",
      { class: "words" },
      el("strong", { text: device.name }),
      el("span", { text: mine }),
      meta && el("p", { class: "meta", text: meta }),
    ),
    el("span", { class: "state", text: state }),
    el(
      "a",
      { class: "iconic", href: hashOf("messages", device.name), "aria-label": t("wall.talk", { device: device.name }) },
      icon("messages"),
    ),
  );
}
