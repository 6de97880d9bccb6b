// The camera's view: what is filmed, what the others see of it, and the knobs.
import { devices } from "../core/devices.js";
import { el, freshId, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t, tenths } from "../core/language.js";
import { complain, iconButton, notice } from "../core/notices.js";
import { session } from "../core/session.js";
import { ageText } from "../core/time.js";
import { Screen } from "../live/screen.js";
import { Stream } from "../live/stream.js";
import { camera } from "./camera.js";
import { camerasHere, plainVideo } from "./capture.js";

const SIZES = [
  [320, 240],
  [640, 480],
  [1280, 720],
  [1920, 1080],
];
const RATES = [1, 2, 5, 10, 15, 25, 30];
const PROBLEMS = {
  NotAllowedError: "denied",
  NotFoundError: "none",
  NotReadableError: "busy",
  SecurityError: "insecure",
  gone: "gone",
};

export class CameraView {
  #ending = new AbortController();

  constructor() {
    this.screen = new Screen(t("camera.seen"));
    this.stream = new Stream(session.device, {
      onframes: (payload, count) => this.screen.put(payload, count),
      onstate: () => this.#show(),
    });
    this.root = this.#build();
    const { signal } = this.#ending;
    camera.addEventListener("change", () => this.#show(), { signal });
    devices.addEventListener("change", () => this.#show(), { signal });
    document.addEventListener("visibilitychange", () => this.#show(), { signal });
    this.timer = setInterval(() => this.#tick(), 500);
    this.#fillCameras();
    this.#show();
  }

  #build() {
    this.status = el("p", { class: "status", role: "status" });
    this.numbers = el("p", { class: "numbers" });
    this.button = el("button", { type: "button", class: "primary go", onclick: () => this.#toggle() });
    this.snap = el(
      "button",
      { type: "button", class: "quiet", onclick: () => this.#snap() },
      icon("snapshot"),
      t("camera.snap"),
    );
    this.flip = iconButton("flip", t("camera.flip"), () => this.#flip(), { class: "iconic flip" });
    this.video = plainVideo();
    this.own = el("div", { class: "own" }, this.video);
    this.stage = el("div", { class: "stage" }, this.screen.root, this.own, this.flip);
    const top = el(
      "header",
      { class: "top" },
      el("div", { class: "words" }, el("h1", { tabindex: "-1", text: t("camera") }), this.status, this.numbers),
    );
    const side = el("div", { class: "side card" }, el("div", { class: "row" }, this.button, this.snap), this.#knobs());
    return el("div", { class: "view camera" }, top, el("div", { class: "booth" }, this.stage, side));
  }

  #knobs() {
    const wishes = camera.wishes;
    this.cameras = el("select", { onchange: () => this.#wish({ camera: this.cameras.value, facing: "" }) });
    const sizes = SIZES.map(([w, h]) => el("option", { value: `${w}x${h}`, text: `${w} × ${h}` }));
    const size = el("select", { onchange: () => this.#resize(size.value) }, sizes);
    size.value = `${wishes.width}x${wishes.height}`;
    const rates = RATES.map((each) => el("option", { value: each, text: t("camera.rate", { fps: String(each) }) }));
    const rate = el("select", { onchange: () => this.#wish({ fps: Number(rate.value) }) }, rates);
    rate.value = String(wishes.fps);
    const range = { type: "range", min: "0.3", max: "0.95", step: "0.05", value: String(wishes.quality) };
    const quality = el("input", { ...range, oninput: () => this.#wish({ quality: Number(quality.value) }) });
    const knobs = [
      labelled(t("camera.which"), this.cameras),
      labelled(t("camera.size"), size),
      labelled(t("camera.fps"), rate),
      labelled(t("camera.quality"), quality),
    ];
    return el(
      "div",
      { class: "knobs" },
      knobs,
      el("p", { class: "hint", text: t("camera.hint", { device: session.device }) }),
    );
  }

  async #fillCameras() {
    const found = await camerasHere().catch(() => []);
    const named = found.filter((each) => each.id);
    const options = named.map((each, at) =>
      el("option", { value: each.id, text: each.label || t("camera.nth", { n: at + 1 }) }),
    );
    this.cameras.replaceChildren(el("option", { value: "", text: t("camera.any") }), ...options);
    this.cameras.value = camera.wishes.camera;
    if (this.cameras.selectedIndex < 0) this.cameras.value = "";
    const isPhone = matchMedia("(pointer: coarse)").matches;
    this.flip.hidden = !(isPhone && (found.length > 1 || named.length === 0));
  }

  #wish(change) {
    camera.wish(change).catch(complain);
  }

  #resize(text) {
    const [width, height] = text.split("x").map(Number);
    this.#wish({ width, height });
  }

  #flip() {
    this.cameras.value = "";
    this.#wish({ camera: "", facing: camera.wishes.facing === "environment" ? "user" : "environment" });
  }

  async #toggle() {
    if (camera.isOn) return camera.stop();
    await camera.start();
    if (camera.isOn) await this.#fillCameras();
  }

  async #snap() {
    try {
      if (await camera.snap()) notice(t("live.snapped", { device: session.device }));
    } catch (error) {
      complain(error);
    }
  }

  #show() {
    const isSeen = document.visibilityState === "visible";
    const maySee = session.may("view");
    const isListed = camera.isOn && (!maySee || Boolean(devices.get(session.device)?.stream));
    this.stage.dataset.sees = maySee ? "others" : "own";
    if (isListed && maySee && isSeen) {
      this.screen.begin("RAW_JPEG");
      this.stream.start();
    } else this.stream.stop();
    if (!isListed) this.screen.clear(camera.isOn ? t("camera.soon") : "", camera.isOn ? "" : "camera");
    if (this.video.srcObject !== camera.capture.stream) this.video.srcObject = camera.capture.stream;
    this.stage.dataset.on = camera.isOn ? "yes" : "no";
    this.button.replaceChildren(icon(camera.isOn ? "stop" : "play"), t(camera.isOn ? "camera.stop" : "camera.start"));
    this.button.classList.toggle("danger", camera.isOn);
    this.snap.disabled = !camera.isOn;
    say(this.status, this.#words());
    this.#tick();
  }

  #words() {
    if (camera.state === "live" && !session.may("view")) return t("camera.liveUnseen");
    if (camera.state !== "failed") return t(`camera.${camera.state}`);
    const problem = PROBLEMS[camera.problem];
    return problem ? t(`camera.problem.${problem}`) : t("camera.problem", { name: camera.problem });
  }

  #tick() {
    if (!camera.isOn) return say(this.numbers, "");
    const now = performance.now();
    const rate = (meter) => tenths(meter.rate(now));
    const parts = [t("camera.sent", { fps: rate(camera.meter) })];
    if (this.screen.shows === "picture") {
      parts.push(t("camera.viewed", { fps: rate(this.screen.meter), age: ageText(now - this.screen.arrivedAt) }));
    }
    if (camera.way === "short") parts.push(t("camera.short"));
    say(this.numbers, parts.join(" · "));
  }

  close() {
    clearInterval(this.timer);
    this.#ending.abort();
    this.stream.stop();
  }
}

function labelled(text, control) {
  control.id = freshId("knob");
  return el("div", { class: "field" }, el("label", { for: control.id, text }), control);
}
