// Counts frames.

const SPAN = 3000;

/** Frames a second over the last three seconds. Times are ms of any clock that only rises. */
export class Meter {
  #times = [];

  /** One more, now. */
  count(now) {
    this.#times.push(now);
    this.#forget(now);
  }

  #forget(now) {
    const old = this.#times.findIndex((time) => time > now - SPAN);
    this.#times.splice(0, old < 0 ? this.#times.length : old);
  }

  /** The rate; 0 while there are fewer than two to go by. */
  rate(now) {
    this.#forget(now);
    if (this.#times.length < 2) return 0;
    const last = this.#times.at(-1);
    const gap = (last - this.#times[0]) / (this.#times.length - 1);
    const silent = now - last; // a stream that stopped falls off at once, not after three seconds
    return gap > 0 ? 1000 / Math.max(gap, silent / 2) : 0;
  }

  reset() {
    this.#times.length = 0;
  }
}
