// How long to wait before trying again.

/** Doubles from `first` to `most` ms, with a random quarter off so that many don't come back in step. */
export class Backoff {
  constructor(first = 250, most = 8000, random = Math.random) {
    this.first = first;
    this.most = most;
    this.random = random;
    this.reset();
  }

  /** It worked: the next failure begins anew. */
  reset() {
    this.tries = 0;
  }

  /** The next wait, in ms. */
  next() {
    const full = Math.min(this.most, this.first * 2 ** this.tries);
    this.tries += 1;
    return full * (1 - this.random() / 4);
  }

  /** Wait so long, as pause() does. */
  wait(signal) {
    return pause(this.next(), signal);
  }
}

const sooner = new EventTarget();

/** The server is there: what waits to try again does so now. */
export function tryNow() {
  sooner.dispatchEvent(new Event("now"));
}

window.addEventListener("online", tryNow);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && tryNow());

/**
 * Wait `ms`; with `early`, less when server or network come back or the page is looked at. False when `signal` ended
 * it.
 */
export function pause(ms, signal, early = true) {
  return new Promise((resolve) => {
    const done = (whole) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      sooner.removeEventListener("now", woken);
      resolve(whole);
    };
    const aborted = () => done(false);
    const woken = () => done(true);
    const timer = setTimeout(done, ms, true);
    if (signal?.aborted) {
      done(false);
      return;
    }
    signal?.addEventListener("abort", aborted);
    if (early) sooner.addEventListener("now", woken);
  });
}
