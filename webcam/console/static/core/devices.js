// The account's devices as they are right now: a list that was read once, and what happened since.
import { ask } from "./api.js";
import { events } from "./events.js";
import { session } from "./session.js";
import { serverNow, stampOfMs } from "./time.js";

/**
 * Events: `change`, with the device's name as `detail`, or null when all may be different. A device is `name`, `meta`,
 * `online`, `seen` (stamp or null), `stream` (null or `subproto` and `delta`), `errored` (its last stream was cut).
 */
class Devices extends EventTarget {
  all = new Map();
  isLoaded = false;
  #isFollowed = false;
  #loading = null;

  constructor() {
    super();
    events.addEventListener("device-on", ({ detail }) =>
      this.#change(detail.device, { online: true, meta: detail.meta }),
    );
    events.addEventListener("device-off", ({ detail }) =>
      this.#change(detail.device, { online: false, stream: null, seen: stampOfMs(serverNow()) }),
    );
    events.addEventListener("stream-start", ({ detail }) => this.#started(detail));
    events.addEventListener("stream-end", ({ detail }) => this.#change(detail.device, { stream: null }));
    events.addEventListener("stream-error", ({ detail }) =>
      this.#change(detail.device, { stream: null, errored: true }),
    );
    events.addEventListener("reset", () => this.load().catch(() => {}));
    events.addEventListener("connection", ({ detail }) => detail && this.#followed());
  }

  /** Read the list; when that fails, what is known stays. Raises Failure. */
  load() {
    this.#loading ??= this.#read().finally(() => (this.#loading = null));
    return this.#loading;
  }

  /** Events come from now on: what happened between a list and the first of them is in a second list. */
  #followed() {
    if (this.#isFollowed || !session.may("view")) return;
    this.#isFollowed = true;
    const before = this.#loading ?? Promise.resolve();
    before
      .catch(() => {})
      .then(() => this.load())
      .catch(() => (this.#isFollowed = false));
  }

  async #read() {
    const { devices } = await ask("console/devices.json");
    this.all = new Map(devices.map((each) => [each.device, deviceOf(each)]));
    this.isLoaded = true;
    this.#emit(null);
  }

  /** Forget all; somebody else may log in. */
  clear() {
    this.all.clear();
    this.isLoaded = this.#isFollowed = false;
    this.#emit(null);
  }

  get(name) {
    return this.all.get(name) ?? null;
  }

  /** Those that stream first, then those online, then the rest; by name within each. */
  sorted() {
    const rank = (each) => (each.stream ? 0 : each.online ? 1 : 2);
    return [...this.all.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  }

  #started({ device, subproto, delta }) {
    this.#change(device, { online: true, stream: { subproto, delta }, errored: false });
  }

  #change(name, what) {
    const known = this.all.get(name) ?? deviceOf({ device: name });
    this.all.set(name, { ...known, ...what });
    this.#emit(name);
  }

  #emit(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

function deviceOf({ device, meta = "{}", online = false, seen = null, stream = null }) {
  return { name: device, meta, online, seen, stream, errored: false };
}

/** What a device says about itself as a line of text: an object's entries, any other value as it is. */
export function metaText(meta) {
  try {
    const value = JSON.parse(meta);
    if (value === null || typeof value !== "object") return String(value);
    const short = (each) => (typeof each === "object" ? JSON.stringify(each) : String(each));
    return Object.entries(value)
      .map(([key, each]) => (Array.isArray(value) ? short(each) : `${key}: ${short(each)}`))
      .join(" · ");
  } catch {
    return String(meta);
  }
}

export const devices = new Devices();
