// Pictures from a camera of this machine: a video track, drawn on a canvas and encoded as JPEG, so many a second.
import { el } from "../core/dom.js";

/** Frames above this are more than a server takes (2 MiB with the header, unless its operator says otherwise). */
const LARGEST = 2_000_000;
const WORST = 0.2;

/** `onframe(bytes)` gets each JPEG, `onend()` is told when the camera went away. */
export class Capture {
  #stream = null;
  #timer = 0;
  #due = 0;
  #isEncoding = false;
  #video;
  #canvas = document.createElement("canvas");

  constructor({ onframe, onend }) {
    this.onframe = onframe;
    this.onend = onend;
    this.#video = plainVideo();
  }

  /**
   * Open a camera: `camera` (an id, or ""), `facing` ("user", "environment", ""), `width`, `height`, `fps`, `quality`.
   */
  async open(wanted) {
    this.shut();
    this.wanted = wanted;
    const { camera, facing, width, height, fps } = wanted;
    const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps } };
    if (camera) video.deviceId = { exact: camera };
    else if (facing) video.facingMode = { ideal: facing };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    const [track] = this.#stream.getVideoTracks();
    track.addEventListener("ended", () => this.onend());
    this.#video.srcObject = this.#stream;
    await this.#video.play().catch(() => {});
    this.#due = performance.now();
    this.#next();
  }

  /** The camera in use: its id. */
  get camera() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  /** Rate and quality can change while it runs. */
  adjust({ fps, quality }) {
    this.wanted = { ...this.wanted, fps, quality };
  }

  #next() {
    const now = performance.now();
    this.#due = Math.max(this.#due + 1000 / this.wanted.fps, now - 1000);
    this.#timer = setTimeout(() => this.#shoot(), Math.max(0, this.#due - now));
  }

  #shoot() {
    this.#next();
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (this.#isEncoding || width === 0) return;
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0);
    this.#isEncoding = true;
    this.#canvas.toBlob((blob) => this.#encoded(blob), "image/jpeg", this.wanted.quality);
  }

  async #encoded(blob) {
    const bytes = blob ? new Uint8Array(await blob.arrayBuffer()) : null;
    this.#isEncoding = false;
    if (bytes === null || this.#stream === null) return;
    if (bytes.length > LARGEST) this.wanted.quality = Math.max(WORST, this.wanted.quality * 0.8);
    else this.onframe(bytes);
  }

  /** What is filmed, for a `video` of the page; null when nothing is. */
  get stream() {
    return this.#stream;
  }

  /** Give the camera back. */
  shut() {
    clearTimeout(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }
}

/**
 * A `video` that plays what is filmed. The one that is drawn from is never in the page: taken out of it, it would
 * pause.
 */
export function plainVideo() {
  const video = el("video", { autoplay: true, muted: true, playsinline: true });
  video.muted = true;
  return video;
}

/** The cameras of this machine, `id` and `label`; labels are empty until a camera was allowed once. */
export async function camerasHere() {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return all.filter((each) => each.kind === "videoinput").map((each) => ({ id: each.deviceId, label: each.label }));
}
