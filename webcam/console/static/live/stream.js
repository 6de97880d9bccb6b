// Follows the live frames of one device, and comes back to them when they, the network or the server were gone.
import { CODE, failureOf, reach } from "../core/api.js";
import { Backoff } from "../core/backoff.js";
import { session } from "../core/session.js";
import { FrameError, FrameParser } from "./frames.js";

/**
 * `onframes(newest, count)` gets the newest payload of those that came together; `onstate(state)` one of
 * `connecting`, `open`, `waiting` (it will try again), `ended` (the device streams nothing), `errored` (its stream was
 * cut), `garbled` (what came are no frames; it will try again), `stopped`.
 */
export class Stream {
  #ending = null;
  #backoff = new Backoff();

  constructor(device, { onframes, onstate }) {
    this.device = device;
    this.onframes = onframes;
    this.onstate = onstate;
  }

  get isRunning() {
    return this.#ending !== null;
  }

  /** Follow it; one that is followed already goes on. */
  start() {
    if (this.isRunning) return;
    const ending = new AbortController();
    this.#ending = ending;
    this.#backoff.reset();
    this.#run(ending.signal).then((state) => {
      if (this.#ending !== ending) return;
      this.#ending = null;
      this.onstate(state);
    });
  }

  /** Cost nothing from now on. */
  stop() {
    if (!this.isRunning) return;
    this.#ending.abort();
    this.#ending = null;
    this.onstate("stopped");
  }

  async #run(signal) {
    for (;;) {
      let state = "waiting";
      try {
        this.onstate("connecting");
        const code = await this.#follow(signal);
        if (code === CODE.NO_CHANNEL || code === CODE.NO_SUCH_DEVICE) return "ended";
        if (code === CODE.ERRORED_STREAM) return "errored";
      } catch (error) {
        if (signal.aborted) return "stopped";
        if (error instanceof FrameError) state = "garbled";
        else if (error.isExpired) return "ended"; // the password wasn't given
      }
      if (signal.aborted) return "stopped";
      this.onstate(state);
      if (!(await this.#backoff.wait(signal))) return "stopped";
    }
  }

  /** One answer, from its beginning to its end; the code of one that has no frames. */
  async #follow(signal) {
    const options = { method: "POST", body: JSON.stringify({ device: this.device }), signal };
    const response = await reach("output.raw", options);
    const failure = isFrames(response) ? null : await failureOf(response);
    if (failure?.isExpired) {
      await session.renew();
      this.#backoff.reset();
    }
    if (failure) return failure.code;
    if (!isFrames(response)) return 0;
    this.onstate("open");
    const reader = response.body.getReader();
    try {
      await this.#read(reader);
    } finally {
      reader.cancel().catch(() => {});
    }
    return 0;
  }

  async #read(reader) {
    const parser = new FrameParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const payloads = parser.push(value);
      if (payloads.length === 0) continue;
      this.#backoff.reset();
      this.onframes(payloads.at(-1), payloads.length);
    }
  }
}

function isFrames(response) {
  return response.ok && (response.headers.get("content-type") ?? "").startsWith("application/octet-stream");
}
