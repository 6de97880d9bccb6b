// One device's place on the wall.
import { addRecord } from "../core/api.js";
import { metaText } from "../core/devices.js";
import { el, freshId, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t, tenths } from "../core/language.js";
import { complain, iconButton, notice } from "../core/notices.js";
import { ageText, agoText } from "../core/time.js";
import { pictureType } from "./pictures.js";
import { Screen } from "./screen.js";
import { Stream } from "./stream.js";

/** How often, after how many ms, it is asked for a stream that events told of and that the server doesn't know. */
const TRIES = 3;
const AGAIN = 1500;

/** A stream is late when it is silent for three times what it promised, and for two seconds. */
const LATE_TIMES = 3;
const LATE_LEAST = 2000;

export class Tile {
  isPaused = false;
  isSeen = false;
  isHeld = false;
  isCrowded = false;
  isFull = false;
  #state = "stopped";
  #shown = null;
  #again = 0;
  #tries = TRIES;

  /**
   * `device` as devices.js has it; `onfull(tile)` is asked for the full screen and back, `onpause()` is told of pauses.
   */
  constructor(device, { onfull, onpause, maySnap }) {
    this.name = device.name;
    this.screen = new Screen(t("live.picture", { device: this.name }));
    this.stream = new Stream(this.name, {
      onframes: (payload, count) => this.screen.put(payload, count),
      onstate: (state) => this.#turn(state),
    });
    this.onfull = onfull;
    this.onpause = onpause;
    this.root = this.#build(maySnap);
    this.update(device);
  }

  #build(maySnap) {
    const id = freshId("tile");
    this.meta = el("p", { class: "meta" });
    this.numbers = el("p", { class: "numbers" });
    this.pauseButton = iconButton("pause", t("live.pause"), () => this.pause(!this.isPaused));
    this.snapButton = maySnap ? iconButton("snapshot", t("live.snapshot"), () => this.snapshot()) : null;
    this.fullButton = iconButton("full", t("live.full"), () => this.onfull(this));
    this.screen.root.addEventListener("click", () => this.onfull(this));
    const words = el("div", { class: "words" }, el("h2", { id, text: this.name }), this.numbers, this.meta);
    const buttons = [this.pauseButton, this.snapButton, this.fullButton];
    const caption = el("div", { class: "caption" }, words, el("div", { class: "buttons" }, buttons));
    const parts = [this.screen.root, caption];
    return el("article", { class: "tile", "aria-labelledby": id, onkeydown: (event) => this.#key(event) }, parts);
  }

  /** What is known of the device now. */
  update(device) {
    const wasStreaming = this.device?.stream;
    this.device = device;
    const meta = metaText(device.meta);
    say(this.meta, meta === "" ? "" : meta);
    this.meta.title = meta;
    if (device.stream && !wasStreaming) this.screen.begin(device.stream.subproto);
    if (device.stream && !wasStreaming) this.#tries = TRIES;
    if (device.stream && !wasStreaming && this.#state === "waiting") this.stream.stop();
    this.adjust();
  }

  /** The one that fills the window is, wherever its place on the wall has scrolled to. */
  get isInSight() {
    return this.isSeen || this.isFull;
  }

  /** Run or stop, by all that has a say in it. */
  adjust() {
    clearTimeout(this.#again);
    const isWanted = this.device.stream !== null && !this.isPaused && this.isInSight && !this.isHeld;
    if (isWanted) this.stream.start();
    else this.stream.stop();
    this.#say();
  }

  pause(isPaused) {
    this.isPaused = isPaused;
    const label = t(isPaused ? "live.resume" : "live.pause");
    this.pauseButton.replaceChildren(icon(isPaused ? "play" : "pause"));
    this.pauseButton.setAttribute("aria-label", label);
    this.pauseButton.title = label;
    this.onpause();
  }

  /** The bytes that came last become a record. */
  async snapshot() {
    const payload = this.screen.newest;
    if (payload === null) return notice(t("live.nothing"), "bad");
    try {
      await addRecord(
        new Blob([payload], { type: pictureType(payload) ?? "" }),
        JSON.stringify({ snapshot: this.name }),
      );
      notice(t("live.snapped", { device: this.name }));
    } catch (error) {
      complain(error);
    }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = {
      f: () => this.onfull(this),
      p: () => this.pause(!this.isPaused),
      s: () => this.snapButton?.click(),
    };
    const wanted = action[event.key.toLowerCase()];
    if (!wanted) return;
    event.preventDefault();
    wanted();
  }

  #turn(state) {
    this.#state = state;
    if (state === "ended" && this.device.stream && this.#tries > 0) {
      this.#tries -= 1;
      this.#again = setTimeout(() => this.adjust(), AGAIN);
    }
    this.#say();
  }

  /** What stands where no picture is. */
  #say() {
    if (this.#state === "open" && this.screen.shows !== "") return;
    if (this.#state === "connecting" && this.screen.shows !== "") return;
    const words = this.#words();
    if (words !== "") this.screen.clear(words, this.device.online ? "device" : "offline");
    this.tick(performance.now());
  }

  #words() {
    if (!this.device.stream)
      return t(this.device.errored ? "live.cut" : this.device.online ? "live.silent" : "live.offline");
    if (this.isCrowded) return t("live.crowded");
    if (this.isPaused) return this.screen.shows === "" ? t("live.paused") : "";
    if (this.#state === "garbled") return t("live.garbled");
    if (this.#state === "waiting") return this.screen.shows === "" ? t("live.waiting") : "";
    return this.screen.shows === "" ? t("live.connecting") : "";
  }

  /** Twice a second: the numbers. */
  tick(now) {
    const age = now - this.screen.arrivedAt;
    const isLive = this.#state === "open" && this.screen.shows !== "";
    const late = Math.max(LATE_LEAST, LATE_TIMES * (this.device.stream?.delta ?? 0));
    const lively = age > late ? "late" : this.screen.shows === "broken" ? "broken" : "live";
    const shown = isLive ? lively : this.isPaused && this.device.stream ? "paused" : this.#calm();
    if (shown !== this.#shown) this.root.dataset.state = this.#shown = shown;
    say(this.numbers, this.#numbers(shown, age, now));
  }

  #calm() {
    return this.device.stream ? "waiting" : this.device.online ? "silent" : "offline";
  }

  #numbers(shown, age, now) {
    if (shown === "paused") return t("live.paused");
    if (shown === "waiting") return t(this.#state === "connecting" ? "live.connecting" : "live.waiting");
    if (shown === "silent") return t("live.silent");
    if (shown === "offline")
      return this.device.seen ? t("live.seen", { ago: agoText(this.device.seen) }) : t("live.offline");
    if (shown === "broken") return t("live.brokenCount", { n: this.screen.broken });
    const parts = [`${tenths(this.screen.meter.rate(now))} fps`, ageText(age)];
    if (this.screen.skipped > 0) parts.push(t("live.skipped", { n: this.screen.skipped }));
    return parts.join(" · ");
  }

  /** Fill the window, or go back. */
  setFull(isFull) {
    this.isFull = isFull;
    this.root.classList.toggle("filling", isFull);
    const label = t(isFull ? "live.small" : "live.full");
    this.fullButton.replaceChildren(icon(isFull ? "small" : "full"));
    this.fullButton.setAttribute("aria-label", label);
    this.fullButton.title = label;
  }

  close() {
    clearTimeout(this.#again);
    this.stream.stop();
  }
}
