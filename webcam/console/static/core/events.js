// What happens in the account, as the server tells it. Nothing on this page asks again and again.
import { Backoff, pause, tryNow } from "./backoff.js";
import { session } from "./session.js";

const TOLD = [
  "message",
  "record-added",
  "record-removed",
  "device-on",
  "device-off",
  "stream-start",
  "stream-end",
  "stream-error",
  "disk-changed",
  "reset",
];
/** After so many ms out of sight, the connection is made anew: phones leave dead ones behind. */
const OUT_OF_SIGHT = 20_000;

/** Events: those of /events with their object as `detail`, and `connection` (`detail`: whether there is one). */
class Events extends EventTarget {
  isOpen = false;
  #source = null;
  #last = "";
  #wasOpen = false;
  #backoff = new Backoff(500, 8000);
  #hiddenAt = 0;
  #ending = null;

  constructor() {
    super();
    window.addEventListener("online", () => this.#again());
    document.addEventListener("visibilitychange", () => this.#seen());
  }

  /** Follow, until close(). */
  open() {
    this.close();
    this.#ending = new AbortController();
    this.#connect();
  }

  /** Stop following, and forget the place. */
  close() {
    this.#ending?.abort();
    this.#ending = null;
    this.#drop();
    this.#last = "";
    this.#wasOpen = false;
  }

  #drop() {
    this.#source?.close();
    this.#source = null;
  }

  #connect() {
    this.#drop();
    const source = new EventSource(this.#last ? `events?last=${encodeURIComponent(this.#last)}` : "events");
    const isAnew = this.#wasOpen && !this.#last;
    this.#source = source;
    source.addEventListener("open", () => {
      this.#backoff.reset();
      this.#wasOpen = true;
      this.#tell(true);
      tryNow();
      if (isAnew) this.#emit("reset", { lists: [] }); // it was told nothing yet, so it can't say from where to go on
    });
    source.addEventListener("error", () => this.#failed(source));
    for (const name of TOLD) source.addEventListener(name, (event) => this.#told(event));
  }

  #told(event) {
    this.#last = event.lastEventId;
    this.#emit(event.type, JSON.parse(event.data));
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #tell(isOpen) {
    if (this.isOpen === isOpen) return;
    this.isOpen = isOpen;
    this.#emit("connection", isOpen);
  }

  /** EventSource comes back by itself from a lost connection, but gives up on an answer that isn't events. */
  async #failed(source) {
    if (source !== this.#source) return;
    this.#tell(false);
    if (source.readyState !== EventSource.CLOSED) return;
    const signal = this.#ending?.signal;
    try {
      await session.renew(); // asks for the password only if there is no session
    } catch (error) {
      if (error.isExpired) return;
    }
    if (signal && (await pause(this.#backoff.next(), signal)) && source === this.#source) this.#connect();
  }

  #again() {
    if (this.#source && !this.isOpen) this.#connect();
  }

  #seen() {
    if (document.visibilityState !== "visible") {
      this.#hiddenAt = performance.now();
    } else if (this.#source && (!this.isOpen || performance.now() - this.#hiddenAt > OUT_OF_SIGHT)) {
      this.#connect();
    }
  }
}

export const events = new Events();
