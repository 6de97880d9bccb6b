// The records' view: a gallery by day, of one device or all.
import { ask } from "../core/api.js";
import { devices } from "../core/devices.js";
import { el, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { complain, confirmed, notice } from "../core/notices.js";
import { hashOf } from "../core/router.js";
import { session } from "../core/session.js";
import { dayText } from "../core/time.js";
import { Cell } from "./cell.js";
import { Full } from "./full.js";
import { Incoming, takeDrops } from "./incoming.js";
import { RecordList } from "./list.js";
import { Scroller } from "./scroller.js";

const DELETED_AT_ONCE = 1000;
const SAVED_AT_MOST = 30;
const BETWEEN_SAVES = 300;

export class Gallery {
  #picked = new Set();
  #lastPicked = -1;
  #ending = new AbortController();
  #full = null;

  constructor(scroller, device) {
    this.mayDelete = session.role === "full";
    this.list = new RecordList(device);
    this.incoming = new Incoming();
    this.sheet = new Scroller(scroller, this.list, {
      makeCell: () => this.#cell(),
      isPicked: (record) => this.#picked.has(record.rid),
      ondaypick: this.mayDelete ? (section) => this.#pickDay(section) : null,
    });
    this.root = this.#build();
    const { signal } = this.#ending;
    this.list.addEventListener("change", () => this.#changed());
    this.list.addEventListener("failed", ({ detail }) => complain(detail));
    devices.addEventListener("change", ({ detail }) => detail === null && this.#fillDevices(), { signal });
    if (session.may("publish")) takeDrops(this.root, this.incoming, signal);
    this.list.load().catch(complain);
  }

  #cell() {
    return new Cell({
      onopen: (cell) => this.#open(cell.index),
      onselect: (cell, isRange) => this.#pick(cell, isRange),
      maySelect: this.mayDelete,
    });
  }

  #build() {
    this.summary = el("p", { class: "summary" });
    this.devices = el("select", {
      "aria-label": t("records.of"),
      onchange: () => (location.hash = hashOf("records", this.devices.value)),
    });
    this.days = el("select", { "aria-label": t("records.goto"), onchange: () => this.sheet.goToDay(this.days.value) });
    const mayAdd = session.may("publish");
    const add =
      mayAdd &&
      el(
        "button",
        { type: "button", class: "quiet", onclick: () => this.incoming.input.click() },
        icon("upload"),
        el("span", { text: t("records.upload") }),
      );
    const words = el("div", { class: "words" }, el("h1", { tabindex: "-1", text: t("records") }), this.summary);
    const top = el("header", { class: "top" }, words, el("div", { class: "tools" }, this.devices, this.days, add));
    this.empty = el("div", { class: "empty", hidden: true }, icon("records"), el("p", { text: t("records.none") }));
    this.bar = this.#pickBar();
    const hint = mayAdd && el("p", { class: "drophint", "aria-hidden": "true" }, icon("upload"), t("records.drop"));
    this.#fillDevices();
    return el(
      "div",
      { class: "view records" },
      top,
      this.empty,
      this.sheet.root,
      this.bar,
      this.incoming.root,
      mayAdd && this.incoming.input,
      hint,
    );
  }

  #pickBar() {
    this.pickCount = el("span", { role: "status" });
    const button = (name, label, onclick, kind) =>
      el("button", { type: "button", class: kind, onclick }, icon(name), el("span", { text: t(label) }));
    return el(
      "div",
      { class: "pickbar", hidden: true },
      this.pickCount,
      button("download", "records.download", () => this.#save(), "quiet"),
      button("trash", "records.delete", () => this.#deletePicked(), "danger"),
      button("close", "records.clear", () => this.#clear(), "quiet"),
    );
  }

  #fillDevices() {
    const names = new Set([...devices.all.keys(), ...(this.list.device ? [this.list.device] : [])]);
    const options = [...names]
      .sort((a, b) => a.localeCompare(b))
      .map((name) => el("option", { value: name, text: name }));
    this.devices.replaceChildren(el("option", { value: "", text: t("records.all") }), ...options);
    this.devices.value = this.list.device;
  }

  #changed() {
    const { count, days } = this.list;
    say(this.summary, t("records.count", { n: count }));
    this.empty.hidden = count > 0;
    this.days.hidden = days.length < 2;
    const options = days.map(({ day, count: n }) => el("option", { value: day, text: `${dayText(day)} (${n})` }));
    if (this.days.children.length !== options.length) this.days.replaceChildren(...options);
  }

  // Selection

  async #pick(cell, isRange) {
    const { index, record } = cell;
    const isOn = cell.box.checked;
    let records = [record];
    if (isRange && this.#lastPicked >= 0) {
      const [from, to] = [this.#lastPicked, index].sort((a, b) => a - b);
      records = await this.list.ensure(from, to + 1).catch((error) => (complain(error), [record]));
    }
    this.#lastPicked = index;
    for (const each of records)
      if (isOn) this.#picked.add(each.rid);
      else this.#picked.delete(each.rid);
    this.#picks();
  }

  async #pickDay({ first, count }) {
    const records = await this.list.ensure(first, first + count).catch((error) => (complain(error), []));
    const areAll = records.every((each) => this.#picked.has(each.rid));
    for (const each of records)
      if (areAll) this.#picked.delete(each.rid);
      else this.#picked.add(each.rid);
    this.#picks();
  }

  #clear() {
    this.#picked.clear();
    this.#picks();
  }

  #picks() {
    this.bar.hidden = this.#picked.size === 0;
    this.root.classList.toggle("picking", this.#picked.size > 0);
    say(this.pickCount, t("records.picked", { n: this.#picked.size }));
    this.sheet.render();
  }

  async #deletePicked() {
    const rids = [...this.#picked];
    if (!(await confirmed(t("records.sure", { n: rids.length }), t("records.delete")))) return;
    if (await this.#delete(rids)) this.#clear();
  }

  /** Delete at the server, then here; whether it was done. */
  async #delete(rids) {
    try {
      for (let at = 0; at < rids.length; at += DELETED_AT_ONCE) {
        const some = rids.slice(at, at + DELETED_AT_ONCE);
        await ask("deleteRecords.json", { records: some });
        this.list.drop(some);
        for (const rid of some) this.#picked.delete(rid);
      }
      notice(t("records.deleted", { n: rids.length }));
      return true;
    } catch (error) {
      complain(error);
      return false;
    }
  }

  async #save() {
    const rids = [...this.#picked].slice(0, SAVED_AT_MOST);
    if (rids.length < this.#picked.size) notice(t("records.most", { n: SAVED_AT_MOST }), "bad");
    for (const rid of rids) {
      el("a", { href: `console/record?rid=${rid}&download=1`, download: true }).click();
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_SAVES)); // browsers drop downloads that come at once
    }
  }

  #open(index) {
    this.#full?.end();
    this.#full = new Full(this.list, {
      ondelete: (rids) => this.#delete(rids).then(() => this.#picks()),
      onclose: (at) => this.sheet.focus(at),
      mayDelete: this.mayDelete,
    });
    this.#full.show(index);
  }

  close() {
    this.#ending.abort();
    this.#full?.end();
    this.sheet.close();
    this.list.close();
  }
}
