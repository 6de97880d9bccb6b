// Between a camera and its upload: the newest frame, and no queue.

export class Latest {
  skipped = 0;
  newest = null;
  #waiting = null;
  #isFresh = false;

  /** A new frame; one that nobody took is passed over. */
  put(frame) {
    if (this.#isFresh) this.skipped += 1;
    this.newest = frame;
    this.#isFresh = true;
    this.#waiting?.();
  }

  /** The newest one, as soon as there is one that wasn't taken; null when `signal` ends it. */
  async take(signal) {
    while (!this.#isFresh && !signal.aborted) await this.#change(signal);
    if (signal.aborted) return null;
    this.#isFresh = false;
    return this.newest;
  }

  #change(signal) {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      signal.addEventListener("abort", resolve, { once: true });
    }).finally(() => (this.#waiting = null));
  }
}
