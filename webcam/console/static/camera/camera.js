// This device as a camera: what it films goes out, whichever view of the page is open.
import { addRecord } from "../core/api.js";
import { Backoff, pause } from "../core/backoff.js";
import { devices } from "../core/devices.js";
import { events } from "../core/events.js";
import { session } from "../core/session.js";
import { recall, remember } from "../core/store.js";
import { Meter } from "../live/meter.js";
import { stayAwake } from "./awake.js";
import { Capture } from "./capture.js";
import { Latest } from "./latest.js";
import { canStream, sendOneByOne, sendStream } from "./upload.js";

/** A streaming upload that the server doesn't list within so many ms is held back by something on the way. */
const LISTED_WITHIN = 6000;
export const WISHES = { camera: "", facing: "", width: 640, height: 480, fps: 10, quality: 0.7 };

/**
 * Events: `change`. `state` is "off", "opening", "live" (listed by the server), "waiting" or "failed" (`problem` says
 * why).
 */
class Camera extends EventTarget {
  state = "off";
  problem = "";
  way = canStream() ? "stream" : "short";
  wishes = { ...WISHES, ...recall("camera", {}) };
  meter = new Meter();
  sent = 0;
  bytes = 0;
  #latest = new Latest();
  #ending = null;
  #upload = null;
  #isAnew = false;
  #wasListed = false;
  #unlisted = 0;

  constructor() {
    super();
    this.capture = new Capture({ onframe: (bytes) => this.#latest.put(bytes), onend: () => this.#fail("gone") });
    devices.addEventListener("change", () => this.#listed());
    events.addEventListener("message", ({ detail }) => detail.msg === "dosnap" && this.snap().catch(() => {}));
    session.addEventListener("out", () => this.stop());
  }

  get isOn() {
    return this.#ending !== null;
  }

  /** The newest JPEG, or null. */
  get newest() {
    return this.#latest.newest;
  }

  /** The longest gap between two frames that viewers are promised, in ms. */
  get delta() {
    return Math.round(2000 / this.wishes.fps);
  }

  /** Open the camera and publish. What goes wrong is in `problem`. */
  async start() {
    if (this.isOn) return;
    const ending = (this.#ending = new AbortController());
    this.sent = this.bytes = 0;
    this.#turn("opening");
    if (!(await this.#open())) return;
    if (ending.signal.aborted) return this.capture.shut();
    stayAwake(true);
    this.#publish(ending.signal);
  }

  async #open() {
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
      await this.capture.open({ ...this.wishes });
      return true;
    } catch (error) {
      this.#fail(error.name);
      return false;
    }
  }

  /** Give all back. */
  stop(state = "off") {
    this.#ending?.abort();
    this.#ending = null;
    this.capture.shut();
    this.#latest = new Latest();
    this.meter.reset();
    stayAwake(false);
    this.#turn(state);
  }

  #fail(problem) {
    this.problem = problem;
    this.stop("failed");
  }

  #turn(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }

  /** Other wishes, also while it runs. */
  async wish(change) {
    const before = this.wishes;
    this.wishes = { ...before, ...change };
    remember("camera", this.wishes);
    if (!this.isOn) return;
    this.capture.adjust(this.wishes);
    const isOther = ["camera", "facing", "width", "height"].some((key) => key in change && change[key] !== before[key]);
    if (isOther && (await this.#open())) this.#turn(this.state);
    if (this.wishes.fps === before.fps) return;
    this.#isAnew = true; // another promise to viewers, so another upload
    this.#upload?.abort();
  }

  async #publish(signal) {
    const backoff = new Backoff();
    while (!signal.aborted) {
      const sentBefore = this.sent;
      await this.#once(signal).catch(() => {});
      if (signal.aborted) return;
      if (this.#isAnew) {
        this.#isAnew = false;
        continue;
      }
      this.#turn("waiting");
      if (this.sent - sentBefore > this.wishes.fps * 2) backoff.reset();
      await backoff.wait(signal);
      // The upload tells nothing of why it was cut; this asks for the password only if there is no session.
      await session.renew().catch((error) => error.isExpired && this.stop());
    }
  }

  async #once(signal) {
    const upload = (this.#upload = new AbortController());
    this.#wasListed = false;
    const either = AbortSignal.any([signal, upload.signal]);
    const send = this.way === "stream" ? sendStream : sendOneByOne;
    if (this.way === "stream") this.#watch(upload, either);
    try {
      await send(this.#latest, this.delta, either, (bytes) => this.#sent(bytes));
    } finally {
      upload.abort();
    }
  }

  /**
   * A proxy may hold a streaming upload back until it ends, or not take it at all; short ones get through everywhere.
   */
  async #watch(upload, signal) {
    const isLate = await pause(LISTED_WITHIN, signal, false);
    if (!this.isOn || !events.isOpen || this.#wasListed || !session.may("view")) return;
    this.#unlisted += isLate ? 2 : 1;
    if (this.#unlisted < 2) return;
    this.way = "short";
    upload.abort();
  }

  #sent(bytes) {
    this.sent += 1;
    this.bytes += bytes;
    this.meter.count(performance.now());
    this.#listed();
  }

  #listed() {
    // A login that may only publish is told of no streams, its own included.
    const isListed = session.may("view") ? Boolean(devices.get(session.device)?.stream) : true;
    if (!this.isOn || this.sent === 0 || !isListed) return;
    this.#wasListed = true;
    this.#unlisted = 0;
    if (this.state !== "live") this.#turn("live");
  }

  /** The newest picture becomes a record; false when there is none. Raises Failure. */
  async snap() {
    if (!this.isOn || this.newest === null) return false;
    const meta = JSON.stringify({ snapshot: session.device });
    await addRecord(new Blob([this.newest], { type: "image/jpeg" }), meta);
    return true;
  }
}

export const camera = new Camera();
