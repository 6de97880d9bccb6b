// Messages that nobody looked at yet, by the device that sent them.
import { events } from "../core/events.js";
import { session } from "../core/session.js";

/** Events: `change`. */
class Unread extends EventTarget {
  by = new Map();
  open = null;

  constructor() {
    super();
    events.addEventListener("message", ({ detail }) => this.#came(detail.device));
    session.addEventListener("out", () => this.#forget());
  }

  get count() {
    return [...this.by.values()].reduce((sum, each) => sum + each, 0);
  }

  #came(device) {
    if (device === this.open && document.visibilityState === "visible") return;
    this.by.set(device, (this.by.get(device) ?? 0) + 1);
    this.dispatchEvent(new Event("change"));
  }

  /** The thread of a device is looked at (null: none is). */
  look(device) {
    this.open = device;
    if (this.by.delete(device)) this.dispatchEvent(new Event("change"));
  }

  #forget() {
    this.by.clear();
    this.dispatchEvent(new Event("change"));
  }
}

export const unread = new Unread();
