// Who is logged in. The cookie that proves it is the browser's, and out of this page's reach.
import { askOnce, Failure, renewBy } from "./api.js";
import { remember } from "./store.js";
import { learnServerTime } from "./time.js";

/** Events: `in` and `out`. */
class Session extends EventTarget {
  account = "";
  device = "";
  role = "full";
  isIn = false;
  /** The state of the server's disk when this was asked: fine, low or full. */
  disk = "fine";
  #renewal = null;
  #askPassword = null;

  /** Whether there is a session. Raises Failure when the server can't be asked. */
  async check() {
    try {
      const answer = await askOnce("console/session.json");
      learnServerTime(answer.time);
      this.#take(answer);
      return true;
    } catch (error) {
      if (error.isExpired) return false;
      throw error;
    }
  }

  /** Raises Failure. */
  async logIn(name, password, device, meta) {
    const answer = await askOnce("console/login.json", { name, pass: password, device, meta });
    remember("account", answer.account);
    remember("device", answer.device);
    this.#take(answer);
  }

  #take({ account, device, role, disk }) {
    this.disk = disk ?? "fine";
    this.account = account;
    this.device = device;
    this.role = String(role ?? "full").toLowerCase();
    const wasIn = this.isIn;
    this.isIn = true;
    if (!wasIn) this.dispatchEvent(new Event("in"));
  }

  /** Whether the session may do what `role` may. */
  may(role) {
    return this.role === "full" || this.role === role;
  }

  /** End it here and at the server. */
  async logOut() {
    try {
      await askOnce("console/logout.json");
    } catch (error) {
      if (!error.isExpired) throw error;
    }
    this.#leave();
  }

  #leave() {
    this.isIn = false;
    this.dispatchEvent(new Event("out"));
  }

  /** How to ask for the password: gets this session, returns whether there is a session again. */
  askPasswordBy(asking) {
    this.#askPassword = asking;
  }

  /** The session has ended: ask for the password, once for all who need it. Raises Failure when it isn't given. */
  renew() {
    if (!this.isIn) return Promise.reject(new Failure(6, 200));
    this.#renewal ??= this.#again().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #again() {
    if (await this.check()) return; // another tab was faster
    if (await this.#askPassword(this)) {
      this.dispatchEvent(new Event("renewed"));
      return;
    }
    this.#leave();
    throw new Failure(6, 200);
  }
}

export const session = new Session();
renewBy(() => session.renew());
