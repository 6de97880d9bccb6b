// One record as large as the window: a picture, a film, a sound, or words about anything else.
import { ask } from "../core/api.js";
import { metaText } from "../core/devices.js";
import { el, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { complain, confirmed, iconButton } from "../core/notices.js";
import { fullText, sizeText } from "../core/time.js";
import { iconOf, typeText } from "./cell.js";

/** `ondelete(record)` deletes; `onclose(index)` is told where it ended. */
export class Full {
  index = 0;

  constructor(list, { ondelete, onclose, mayDelete }) {
    this.list = list;
    this.ondelete = ondelete;
    this.title = el("h2", { tabindex: "-1" });
    this.details = el("p", { class: "details" });
    this.stage = el("div", { class: "stage" });
    this.save = el(
      "a",
      { class: "iconic", download: true, "aria-label": t("records.download"), title: t("records.download") },
      icon("download"),
    );
    this.remove = mayDelete ? iconButton("trash", t("records.delete"), () => this.#delete()) : null;
    this.back = iconButton("left", t("records.newer"), () => this.go(this.index - 1));
    this.on = iconButton("right", t("records.older"), () => this.go(this.index + 1));
    const shut = iconButton("close", t("close"), () => this.dialog.close());
    const bar = el("header", {}, el("div", { class: "words" }, this.title, this.details), this.save, this.remove, shut);
    this.dialog = el(
      "dialog",
      { class: "full", "aria-label": t("records.full"), onkeydown: (event) => this.#key(event) },
      bar,
      this.stage,
      this.back,
      this.on,
    );
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      onclose(this.index);
    });
    this.onfilled = () => this.record === undefined && this.go(this.index);
    list.addEventListener("filled", this.onfilled);
  }

  show(index) {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.go(index);
    this.title.focus();
  }

  /** Go to a record; one that isn't known yet is shown when it is. */
  go(index) {
    if (index < 0 || index >= this.list.count) return;
    this.index = index;
    this.record = this.list.at(index);
    this.back.disabled = index === 0;
    this.on.disabled = index === this.list.count - 1;
    if (this.record) this.#fill(this.record);
    else this.list.want(index, index + 1);
  }

  async #fill(record) {
    say(this.title, record.device);
    say(this.details, fullText(record.stamp));
    const url = `console/record?rid=${record.rid}`;
    this.save.href = `${url}&download=1`;
    this.stage.replaceChildren(this.#medium(record, url));
    try {
      if (record.meta === null) Object.assign(record, await this.#learn(record));
      if (record === this.record) this.#detail(record);
    } catch (error) {
      complain(error);
    }
  }

  /** A record that an event told of comes without these. */
  async #learn({ stamp, device }) {
    const { records } = await ask("console/records.json", { after: stamp, device, limit: 500 });
    return records.find((each) => each.stamp === stamp) ?? { meta: "" };
  }

  #detail({ stamp, meta, size, type }) {
    const parts = [fullText(stamp), typeText(type), size === null ? "" : sizeText(size), metaText(meta)];
    say(this.details, parts.filter(Boolean).join(" · "));
  }

  #medium(record, url) {
    const plain = () => this.stage.replaceChildren(this.#plain(record));
    const alt = t("records.one", { device: record.device, time: fullText(record.stamp) });
    if (record.type?.startsWith("video/"))
      return el("video", { src: url, controls: true, "aria-label": alt, onerror: plain });
    if (record.type?.startsWith("audio/"))
      return el("audio", { src: url, controls: true, "aria-label": alt, onerror: plain });
    if (!record.type || record.type.startsWith("image/")) return el("img", { src: url, alt, onerror: plain });
    return this.#plain(record);
  }

  #plain({ type }) {
    return el("div", { class: "placeholder" }, icon(iconOf(type ?? "file")), el("p", { text: t("records.plain") }));
  }

  async #delete() {
    const { record } = this;
    if (!record || !(await confirmed(t("records.sure", { n: 1 }), t("records.delete")))) return;
    await this.ondelete([record.rid]);
    if (this.list.count === 0) this.dialog.close();
    else this.go(Math.min(this.index, this.list.count - 1));
  }

  #key(event) {
    if (event.target.closest("video, audio")) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.go(this.index + step);
  }

  /** No more. */
  end() {
    this.list.removeEventListener("filled", this.onfilled);
    if (this.dialog.open) this.dialog.close();
  }
}
