// The account's records, newest first: how many there are of each day is read at once, what they are when they come
// in sight.
import { ask } from "../core/api.js";
import { events } from "../core/events.js";
import { boundsOfDay, dayOfStamp, minutesEast } from "../core/time.js";
import { sectionAt } from "./layout.js";

const PAGE = 100;
const AT_ONCE = 3;
/** What happens is taken in once in so many ms: a camera may add records faster than anybody looks. */
const BATCH = 400;
const RELOAD = 1000;
/** After so many answers in a row that don't fit, it is left alone until something happens. */
const MOST_DOUBTS = 5;
const REST = 2000;

/**
 * Events: `change` (places may be others), `filled` (`detail`: `from`, `to`: these are known now), `failed` (`detail`:
 * the Failure).
 */
export class RecordList extends EventTarget {
  days = [];
  count = 0;
  isLoaded = false;
  #ending = new AbortController();
  #version = 0;
  #underWay = new Set();
  #wanted = { from: 0, to: 0 };
  #added = [];
  #batch = 0;
  #reloading = 0;
  #doubts = 0;
  #restsUntil = 0;

  constructor(device) {
    super();
    this.device = device;
    this.east = minutesEast();
    const { signal } = this.#ending;
    events.addEventListener("record-added", ({ detail }) => this.#note(detail), { signal });
    events.addEventListener("record-removed", ({ detail }) => this.#removed(detail), { signal });
    events.addEventListener("reset", () => this.#reloadSoon(0), { signal });
    events.addEventListener("connection", ({ detail }) => detail && !this.isLoaded && this.#reloadSoon(0), { signal });
  }

  get #only() {
    return this.device ? { device: this.device } : {};
  }

  /** Read the days; what is known of a day whose count is the same stays. Raises Failure. */
  async load() {
    const { days } = await ask("console/days.json", { offset: this.east, ...this.#only });
    if (this.#ending.signal.aborted) return;
    if (this.#added.length > 0) this.#reloadSoon(RELOAD); // it may have counted these, or not
    this.#added.length = 0;
    const known = new Map(this.days.map((each) => [each.day, each]));
    this.days = days.map(({ day, count }) => {
      const kept = known.get(day);
      return kept?.count === count ? kept : { day, count, items: [] };
    });
    this.isLoaded = true;
    this.#restsUntil = 0;
    this.#moved();
  }

  #moved() {
    this.#version += 1;
    this.count = 0;
    for (const each of this.days) {
      each.first = this.count;
      this.count += each.count;
    }
    this.dispatchEvent(new Event("change"));
    this.want(this.#wanted.from, this.#wanted.to);
  }

  /** A record by its place; undefined while it isn't known. */
  at(index) {
    if (index < 0 || index >= this.count) return undefined;
    const day = this.days[sectionAt(this.days, "first", index)];
    return day.items[index - day.first];
  }

  /** The place of a known record; -1 when it isn't known. */
  indexOf(rid) {
    for (const day of this.days) {
      const at = day.items.findIndex((each) => each?.rid === rid);
      if (at >= 0) return day.first + at;
    }
    return -1;
  }

  /** These are looked at: get what isn't known of them. */
  want(from, to) {
    this.#wanted = { from, to };
    if (this.#reloading || performance.now() < this.#restsUntil) return;
    for (let page = Math.floor(from / PAGE); page * PAGE < to && this.#underWay.size < AT_ONCE; page += 1) {
      const gap = this.#gap(Math.max(from, page * PAGE), Math.min(to, (page + 1) * PAGE));
      if (gap >= 0 && !this.#underWay.has(page)) this.#fetchPage(page);
    }
  }

  #gap(from, to) {
    for (let index = from; index < Math.min(to, this.count); index += 1) if (!this.at(index)) return index;
    return -1;
  }

  async #fetchPage(page) {
    this.#underWay.add(page);
    try {
      await this.#fetch(page * PAGE);
    } catch (error) {
      this.#restsUntil = performance.now() + REST;
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    } finally {
      this.#underWay.delete(page);
    }
    this.want(this.#wanted.from, this.#wanted.to);
  }

  /** A page from an index on; its day bounds it, so that newer records don't shift it. */
  async #fetch(index) {
    const version = this.#version;
    const day = this.days[sectionAt(this.days, "first", index)];
    const { before } = boundsOfDay(day.day, this.east);
    const question = { before, skip: index - day.first, limit: PAGE, ...this.#only };
    const { records } = await ask("console/records.json", question);
    if (version !== this.#version || this.#ending.signal.aborted) return;
    const isWhole = this.#fill(index, records);
    this.dispatchEvent(new CustomEvent("filled", { detail: { from: index, to: index + records.length } }));
    this.#doubts = isWhole ? 0 : this.#doubts + 1;
    if (!isWhole && this.#doubts < MOST_DOUBTS) this.#reloadSoon(RELOAD);
    else if (!isWhole) this.#restsUntil = Infinity;
  }

  /** Put records into their places; false when they aren't what the days said. */
  #fill(index, records) {
    for (const [at, record] of records.entries()) {
      const place = index + at;
      const day = this.days[sectionAt(this.days, "first", place)];
      if (place >= this.count || dayOfStamp(record.stamp, this.east) !== day.day) return false;
      day.items[place - day.first] = record;
    }
    return records.length >= Math.min(PAGE, this.count - index);
  }

  /** Get all of these, at most 5,000; for what acts on many. Raises Failure. */
  async ensure(from, to) {
    const end = Math.min(to, this.count, from + 5000);
    for (let gap = this.#gap(from, end); gap >= 0; gap = this.#gap(from, end)) {
      await this.#fetch(gap);
      if (this.#gap(from, end) === gap) break; // they changed meanwhile
    }
    return Array.from({ length: end - from }, (_, at) => this.at(from + at)).filter(Boolean);
  }

  #note(record) {
    if (this.device && record.device !== this.device) return;
    this.#added.push(record);
    this.#batch ||= setTimeout(() => this.#take(), BATCH);
  }

  #take() {
    this.#batch = 0;
    if (!this.isLoaded) return; // the list that is being read has them, or is read again
    const added = this.#added.splice(0);
    for (const record of added) this.#add(record);
    if (added.length > 0) this.#moved();
  }

  #add(record) {
    const name = dayOfStamp(record.stamp, this.east);
    if (this.days[0]?.day !== name) this.days.unshift({ day: name, count: 0, items: [], first: 0 });
    const [day] = this.days;
    if (day.items.some((each) => each?.rid === record.rid)) return;
    day.items.unshift({ meta: null, size: null, ...record });
    day.count += 1;
  }

  #removed({ records, stamp }) {
    const found = this.drop(records);
    if (stamp || found < records.length) this.#reloadSoon(RELOAD);
  }

  /** Forget records that were deleted; how many of them were known. */
  drop(rids) {
    const gone = new Set(rids);
    const before = this.count;
    let found = 0;
    for (const day of this.days) {
      const places = [...day.items.keys()].filter((at) => gone.has(day.items[at]?.rid));
      for (const at of places.reverse()) day.items.splice(at, 1);
      day.count -= places.length;
      found += places.length;
    }
    this.days = this.days.filter((day) => day.count > 0);
    if (before > 0 && found > 0) this.#moved();
    return found;
  }

  #reloadSoon(ms) {
    this.#reloading ||= setTimeout(() => {
      this.#reloading = 0;
      this.load().catch((error) => this.dispatchEvent(new CustomEvent("failed", { detail: error })));
    }, ms);
  }

  close() {
    this.#ending.abort();
    clearTimeout(this.#batch);
    clearTimeout(this.#reloading);
  }
}
