// The messages between this device and another one, as they come and go.
import { ask } from "../core/api.js";
import { el, freshId, say } from "../core/dom.js";
import { events } from "../core/events.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { complain } from "../core/notices.js";
import { hashOf } from "../core/router.js";
import { session } from "../core/session.js";
import { recall, remember } from "../core/store.js";
import { clockText, dayOfStamp, dayText, fullText, minutesEast } from "../core/time.js";
import { parseParams } from "./params.js";

const PAGE = 40;
/** Older ones leave the page when new ones come; they can be had again. */
const MOST = 1000;
const KNOWN = ["dosnap"];

export class Thread {
  #messages = new Map();
  #ending = new AbortController();
  #isLoading = false;

  constructor(device) {
    this.device = device;
    this.root = this.#build();
    const { signal } = this.#ending;
    events.addEventListener("message", ({ detail }) => detail.device === device && this.#add([detail], true), {
      signal,
    });
    events.addEventListener("reset", () => this.#newest(), { signal });
    events.addEventListener("connection", ({ detail }) => detail && this.#messages.size === 0 && this.#older(), {
      signal,
    });
    this.#older();
  }

  #build() {
    const back = el("a", { class: "iconic back", href: hashOf("messages"), "aria-label": t("back") }, icon("left"));
    const id = freshId("thread");
    const title = el("h2", { id, text: this.device });
    this.more = el("button", {
      type: "button",
      class: "link more",
      hidden: true,
      text: t("messages.older"),
      onclick: () => this.#older(),
    });
    this.log = el("div", { class: "log" });
    this.none = el("p", { class: "hint", hidden: true, text: t("messages.none") });
    this.box = el(
      "div",
      { class: "logbox", tabindex: "0", role: "log", "aria-label": t("messages.with", { device: this.device }) },
      this.more,
      this.none,
      this.log,
    );
    const head = el("header", {}, back, title);
    return el("section", { class: "thread", "aria-labelledby": id }, head, this.box, this.#form());
  }

  #form() {
    const [nameId, titleId, listId, problemId] = ["message", "params", "known", "problem"].map(freshId);
    this.name = el("input", {
      id: nameId,
      required: true,
      maxlength: "1024",
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      list: listId,
    });
    this.params = el("textarea", {
      rows: "3",
      spellcheck: "false",
      autocapitalize: "none",
      placeholder: '{"key": "value"}',
      "aria-labelledby": titleId,
      "aria-describedby": problemId,
      oninput: () => this.#check(),
    });
    this.problem = el("p", { class: "problem", id: problemId, role: "status" });
    const title = el("summary", { id: titleId, text: t("messages.params"), onclick: (event) => this.#unfold(event) });
    this.extra = el("details", { open: recall("params", false) }, title, this.params, this.problem);
    this.toAll = el("input", { type: "checkbox" });
    this.button = el("button", { type: "submit", class: "primary" }, icon("send"), t("messages.send"));
    const known = el(
      "datalist",
      { id: listId },
      KNOWN.map((each) => el("option", { value: each })),
    );
    return el(
      "form",
      { class: "compose", onsubmit: (event) => this.#send(event) },
      el("div", { class: "field" }, el("label", { for: nameId, text: t("messages.name") }), this.name, known),
      this.extra,
      el("div", { class: "row" }, el("label", { class: "check" }, this.toAll, t("messages.all")), this.button),
    );
  }

  /** Parameters are out of sight until they are wanted, and from then on in sight; what would be sent always is. */
  #unfold(event) {
    if (this.params.value.trim() === "") remember("params", !this.extra.open);
    else if (this.extra.open) event.preventDefault();
  }

  /** As it is typed: is it what a message can carry? */
  #check() {
    const { problem, at } = parseParams(this.params.value);
    const words =
      problem === "json" && at >= 0 ? t("messages.jsonAt", { at: at + 1 }) : problem ? t(`messages.${problem}`) : "";
    say(this.problem, words);
    this.extra.open ||= this.params.value.trim() !== "";
    this.params.setAttribute("aria-invalid", String(Boolean(problem)));
    this.button.disabled = Boolean(problem);
    return !problem;
  }

  async #send(event) {
    event.preventDefault();
    if (!this.#check()) return this.params.focus();
    const { value } = parseParams(this.params.value);
    const target = this.toAll.checked ? {} : { target: this.device };
    this.button.disabled = true;
    try {
      await ask("addMsgs.json", { msg: this.name.value, ...target, ...(value === undefined ? {} : { params: value }) });
      this.name.value = this.params.value = "";
      this.name.focus();
      await this.#newest();
    } catch (error) {
      complain(error);
    } finally {
      this.button.disabled = false;
    }
  }

  /** What was sent right now has a stamp that only the server knows. */
  async #newest() {
    try {
      const { msgs } = await ask("console/messages.json", { device: this.device, limit: 10 });
      this.#add(msgs, true);
    } catch (error) {
      complain(error);
    }
  }

  async #older() {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const [oldest] = [...this.#messages.keys()].sort();
    try {
      const question = { device: this.device, limit: PAGE, ...(oldest ? { before: oldest } : {}) };
      const { msgs } = await ask("console/messages.json", question);
      this.more.hidden = msgs.length < PAGE;
      this.#add(msgs, oldest === undefined);
      this.none.hidden = this.#messages.size > 0;
    } catch (error) {
      complain(error);
    } finally {
      this.#isLoading = false;
    }
  }

  /** Put messages into their places; with `toEnd` the newest comes in sight. */
  #add(messages, toEnd) {
    const height = this.box.scrollHeight;
    for (const each of messages) if (!this.#messages.has(each.stamp)) this.#messages.set(each.stamp, each);
    if (toEnd) this.#forget();
    const east = minutesEast();
    let day = "";
    const rows = [...this.#messages.keys()].sort().flatMap((stamp) => {
      const message = this.#messages.get(stamp);
      message.row ??= this.#row(message);
      const its = dayOfStamp(stamp, east);
      const isNew = its !== day;
      day = its;
      return isNew ? [el("p", { class: "day", text: dayText(its) }), message.row] : [message.row];
    });
    this.log.replaceChildren(...rows);
    this.none.hidden = this.#messages.size > 0;
    this.box.scrollTop = toEnd ? this.box.scrollHeight : this.box.scrollTop + this.box.scrollHeight - height;
  }

  #forget() {
    const stamps = [...this.#messages.keys()].sort();
    for (const stamp of stamps.slice(0, Math.max(0, stamps.length - MOST))) this.#messages.delete(stamp);
    if (stamps.length > MOST) this.more.hidden = false;
  }

  #row({ msg, device, target, stamp, params }) {
    const isMine = device === session.device;
    const isEmpty = params === null || params === undefined || Object.keys(params).length === 0;
    const toAll = !target;
    const whose = isMine ? t("messages.me") : device;
    return el(
      "div",
      { class: isMine ? "mine" : "theirs" },
      el(
        "div",
        { class: "bubble" },
        el("strong", { class: "msg", text: msg }),
        isEmpty ? null : el("pre", { text: JSON.stringify(params, null, 2) }),
      ),
      el(
        "p",
        { class: "by" },
        el("span", { text: whose }),
        toAll && isMine ? el("span", { text: t("messages.toAll") }) : null,
        el("time", { title: fullText(stamp), text: clockText(stamp) }),
      ),
    );
  }

  close() {
    this.#ending.abort();
  }
}
