// Shows what is in sight of a list that may be a hundred thousand long; the rest is height.
import { el } from "../core/dom.js";
import { t } from "../core/language.js";
import { dayText } from "../core/time.js";
import { between, layOut, placeOf, sectionAt } from "./layout.js";

const METRICS = { gap: 10, head: 52 };
/** Cells at least so wide; a phone's have no room for two things in one line below them: a name has two there. */
const WIDE = { least: 168, caption: 26 };
const NARROW = { least: 104, caption: 54 };
const SETTLED = 120;

/**
 * `makeCell()` makes one; `isPicked(record)` says whether it is selected; `ondaypick(section)` is asked for a whole day
 * (null: days can't be picked).
 */
export class Scroller {
  #cells = new Map();
  #heads = new Map();
  #frame = 0;
  #settling = 0;
  #isFast = false;
  #lastTop = 0;

  constructor(scroller, list, { makeCell, isPicked, ondaypick }) {
    Object.assign(this, { scroller, list, makeCell, isPicked, ondaypick });
    this.root = el("div", { class: "sheet", onkeydown: (event) => this.#key(event) });
    this.onscroll = () => this.#scrolled();
    scroller.addEventListener("scroll", this.onscroll, { passive: true });
    this.watcher = new ResizeObserver(() => this.arrange());
    this.watcher.observe(this.root);
    list.addEventListener("change", () => this.arrange());
    list.addEventListener("filled", () => this.soon());
    this.layout = layOut([], { width: 300, ...WIDE, ...METRICS });
  }

  /** Lay out anew; what stands at the top of the window stays there. */
  arrange() {
    const width = this.root.clientWidth;
    if (width === 0) return;
    const anchor = this.#anchor();
    const isNarrow = width < 500;
    this.root.classList.toggle("narrow", isNarrow);
    this.layout = layOut(this.list.days, { width, ...(isNarrow ? NARROW : WIDE), ...METRICS });
    this.root.style.height = `${this.layout.height}px`;
    if (anchor) this.#return(anchor);
    this.render();
  }

  get #top() {
    return this.scroller.scrollTop - this.root.offsetTop;
  }

  #anchor() {
    if (this.#top <= 0 || this.layout.count === 0) return null;
    const { from } = between(this.layout, this.#top, this.#top + 1);
    const record = this.#cells.get(from)?.record;
    return record ? { rid: record.rid, offset: this.#top - placeOf(this.layout, from).top } : null;
  }

  #return({ rid, offset }) {
    const index = this.list.indexOf(rid);
    if (index >= 0) this.scroller.scrollTop = placeOf(this.layout, index).top + offset + this.root.offsetTop;
  }

  #scrolled() {
    const top = this.scroller.scrollTop;
    this.#isFast = Math.abs(top - this.#lastTop) > this.scroller.clientHeight;
    this.#lastTop = top;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#settled(), SETTLED);
    this.soon();
  }

  #settled() {
    this.#isFast = false;
    this.soon();
  }

  /** Draw with the next frame. */
  soon() {
    this.#frame ||= requestAnimationFrame(() => this.render());
  }

  /** Draw what is in sight, and half a window around it. */
  render() {
    this.#frame = 0;
    const height = this.scroller.clientHeight;
    const top = this.#top;
    const sight = between(this.layout, top - height / 2, top + height * 1.5);
    this.#renderHeads(sight.sections);
    this.#renderCells(sight.from, sight.to);
    if (!this.#isFast && sight.to > sight.from) this.list.want(sight.from, sight.to);
  }

  #renderHeads(sections) {
    const wanted = new Set(sections.map((each) => each.day));
    for (const [day, head] of this.#heads) if (!wanted.has(day)) this.#forget(this.#heads, day, head.root);
    for (const section of sections) {
      const head = this.#heads.get(section.day) ?? this.#makeHead(section);
      head.root.style.transform = `translateY(${section.top}px)`;
      head.section = section;
      head.count.textContent = t("records.count", { n: section.count });
    }
  }

  #makeHead(section) {
    const count = el("span", { class: "count" });
    const title = el("h2", { text: dayText(section.day) });
    const head = { section, count };
    const pick =
      this.ondaypick &&
      el("button", {
        type: "button",
        class: "link",
        text: t("records.day"),
        onclick: () => this.ondaypick(head.section),
      });
    head.root = el("div", { class: "dayhead" }, title, count, pick);
    this.#heads.set(section.day, head);
    this.root.append(head.root);
    return head;
  }

  #forget(map, key, node) {
    node.remove();
    map.delete(key);
  }

  #renderCells(from, to) {
    for (const [index, cell] of this.#cells) {
      if (index >= from && index < to) continue;
      cell.leave();
      this.#forget(this.#cells, index, cell.root);
    }
    const { cell: width, rowHeight, gap } = this.layout;
    for (let index = from; index < to; index += 1) {
      const cell = this.#cells.get(index) ?? this.#newCell(index);
      const { left, top } = placeOf(this.layout, index);
      const record = this.list.at(index);
      cell.root.style.transform = `translate(${left}px, ${top}px)`;
      cell.root.style.width = `${width}px`;
      cell.root.style.height = `${rowHeight - gap}px`;
      cell.show(index, record, !this.#isFast, record !== undefined && this.isPicked(record));
    }
  }

  /** Cells stand in the page in their order, for those who go through it by keyboard. */
  #newCell(index) {
    const cell = this.makeCell();
    const after = this.#cells.get(index - 1);
    const before = this.#cells.get(index + 1);
    this.#cells.set(index, cell);
    if (after) after.root.after(cell.root);
    else if (before) before.root.before(cell.root);
    else this.root.append(cell.root);
    return cell;
  }

  /** Scroll to a day. */
  goToDay(day) {
    const section = this.layout.sections.find((each) => each.day === day);
    if (section) this.scroller.scrollTop = section.top + this.root.offsetTop - 8;
  }

  /** Scroll to a record, and put the focus on it. */
  focus(index) {
    const target = Math.max(0, Math.min(this.layout.count - 1, index));
    const { top } = placeOf(this.layout, target);
    const from = this.#top;
    if (top < from) this.scroller.scrollTop = top + this.root.offsetTop - this.layout.head;
    const low = top + this.layout.rowHeight - this.scroller.clientHeight;
    if (low > from) this.scroller.scrollTop = low + this.root.offsetTop;
    this.render();
    this.#cells.get(target)?.open.focus({ preventScroll: true });
  }

  #key(event) {
    const { columns } = this.layout;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = [...this.#cells.values()].find((each) => each.root.contains(event.target));
    if (!cell) return;
    event.preventDefault();
    this.focus(this.#neighbour(cell.index, step, columns));
  }

  /** Up and down go by place, across the end of a day too. */
  #neighbour(index, step, columns) {
    if (Math.abs(step) === 1) return index + step;
    const { sections } = this.layout;
    const at = sectionAt(sections, "first", index);
    const section = sections[at];
    const column = (index - section.first) % columns;
    const target = index + step;
    if (target >= section.first && target < section.first + section.count) return target;
    if (step > 0) {
      const lastRow = Math.floor((section.count - 1) / columns);
      if (Math.floor((index - section.first) / columns) < lastRow) return section.first + section.count - 1;
      const next = sections[at + 1];
      return next ? next.first + Math.min(column, next.count - 1) : index;
    }
    const previous = sections[at - 1];
    if (!previous) return index;
    const row = Math.floor((previous.count - 1) / columns) * columns;
    return previous.first + Math.min(row + column, previous.count - 1);
  }

  close() {
    this.scroller.removeEventListener("scroll", this.onscroll);
    this.watcher.disconnect();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#settling);
    for (const cell of this.#cells.values()) cell.leave();
  }
}
