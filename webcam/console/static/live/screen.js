// Shows payloads: pictures on a canvas, text as text, and what it can't show as what it is.
import { el, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { sizeText } from "../core/time.js";
import { bitmapOf } from "./decoder.js";
import { Meter } from "./meter.js";
import { kindOf, pictureType, textOf } from "./pictures.js";

/** While one picture is on its way back from the decoder's thread, the next one may go there. */
const AT_ONCE = 2;

/**
 * One surface. It decodes few pictures at a time; of those that come meanwhile the newest waits, and the others are
 * skipped. `shows` is "", "picture", "broken", "text" or "other"; `drawn`,
 * `skipped` and `broken` count payloads.
 */
export class Screen {
  shows = "";
  skipped = 0;
  drawn = 0;
  broken = 0;
  newest = null;
  arrivedAt = 0;
  meter = new Meter();
  #waiting = null;
  #underWay = 0;
  #begun = 0;
  #shown = 0;
  #subproto = "";
  #generation = 0;

  constructor(label) {
    this.canvas = el("canvas", { role: "img", "aria-label": label, width: 320, height: 240 });
    this.text = el("pre", { class: "payload", tabindex: "0", "aria-label": label });
    this.words = el("p");
    this.note = el("div", { class: "placeholder" }, this.words);
    this.root = el("div", { class: "screen", data: { shows: "" } }, this.canvas, this.text, this.note);
    this.context = this.canvas.getContext("bitmaprenderer");
  }

  /** A stream begins, whose payloads are said to be of this sub-protocol. */
  begin(subproto) {
    this.#subproto = subproto;
    this.meter.reset();
  }

  /** Show nothing but words, until a payload comes. */
  clear(words, iconName = "device") {
    this.#generation += 1;
    this.#waiting = null;
    this.newest = null;
    this.#turn("", words, iconName);
  }

  /** Payloads came, of which this is the newest. */
  put(payload, count = 1) {
    this.skipped += count - 1;
    this.newest = payload;
    this.arrivedAt = performance.now();
    const kind = kindOf(this.#subproto);
    const type = pictureType(payload);
    if (type === null && kind === "text") this.#write(payload);
    else if (type === null && kind === "") this.#other(payload);
    else this.#decodeSoon(payload, type);
  }

  #decodeSoon(payload, type) {
    if (this.#underWay < AT_ONCE) return this.#decode(payload, type);
    if (this.#waiting) this.skipped += 1;
    this.#waiting = { payload, type };
  }

  async #decode(payload, type) {
    this.#begun += 1;
    this.#underWay += 1;
    const [number, generation] = [this.#begun, this.#generation];
    const picture = await bitmapOf(payload, type);
    this.#underWay -= 1;
    if (generation !== this.#generation) picture?.close();
    else this.#show(picture, number);
    const next = this.#waiting;
    this.#waiting = null;
    if (next) this.#decode(next.payload, next.type);
  }

  /** The picture with this number, unless a later one is shown already. */
  #show(picture, number) {
    if (number < this.#shown) {
      this.skipped += 1;
      picture?.close();
      return;
    }
    this.#shown = number;
    if (picture) this.#draw(picture);
    else this.#break("live.broken");
  }

  #draw(picture) {
    const { width, height } = picture;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.context.transferFromImageBitmap(picture);
    this.#count();
    this.#turn("picture");
  }

  #write(payload) {
    const text = textOf(payload);
    if (text === null) return this.#break("live.noText");
    say(this.text, text);
    this.#count();
    this.#turn("text");
  }

  #other(payload) {
    const values = { subproto: this.#subproto || t("live.unnamed"), size: sizeText(payload.length) };
    this.#count();
    this.#turn("other", t("live.unknown", values), "file");
  }

  #break(words) {
    this.broken += 1;
    this.#turn("broken", t(words), "broken");
  }

  #count() {
    this.drawn += 1;
    this.meter.count(performance.now());
  }

  #turn(shows, words = "", iconName = "") {
    say(this.words, words);
    if (this.shows === shows && this.root.dataset.icon === iconName) return;
    this.shows = shows;
    this.root.dataset.shows = shows;
    this.root.dataset.icon = iconName;
    this.note.replaceChildren(...(iconName ? [icon(iconName), this.words] : []));
  }
}
