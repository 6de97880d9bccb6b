// Files that become records: dropped, or chosen, sent one behind the other.
import { Failure, withSession } from "../core/api.js";
import { el, say } from "../core/dom.js";
import { t } from "../core/language.js";
import { failureText } from "../core/notices.js";

const SHOWN = 4000;

/**
 * One request; `onpart(fraction)` is told how much went out. It has to be XMLHttpRequest: fetch tells of no progress.
 */
function send(file, onpart) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `addRecord.json?meta=${encodeURIComponent(file.name)}`);
    request.responseType = "json";
    request.upload.addEventListener(
      "progress",
      (event) => event.lengthComputable && onpart(event.loaded / event.total),
    );
    request.addEventListener("error", () => reject(new Failure(0, 0)));
    request.addEventListener("load", () => {
      const answer = request.response;
      if (answer?.result === "OK") resolve();
      else
        reject(new Failure(answer?.code ?? 0, request.status, Number(request.getResponseHeader("retry-after")) || 0));
    });
    request.send(file);
  });
}

export class Incoming {
  #queue = [];
  #isBusy = false;

  constructor() {
    this.root = el("ul", { class: "incoming", "aria-live": "polite" });
    this.input = el("input", { type: "file", multiple: true, hidden: true, "aria-label": t("records.upload") });
    this.input.addEventListener("change", () => {
      this.add(this.input.files);
      this.input.value = "";
    });
  }

  /** Store these files. */
  add(files) {
    for (const file of files) {
      const state = el("span", { class: "state", text: t("records.queued") });
      const bar = el("progress", { max: "1", value: "0", "aria-label": file.name });
      const row = el("li", {}, el("span", { class: "name", text: file.name }), bar, state);
      this.root.append(row);
      this.#queue.push({ file, row, bar, state });
    }
    if (!this.#isBusy) this.#work();
  }

  async #work() {
    this.#isBusy = true;
    for (let each = this.#queue.shift(); each; each = this.#queue.shift()) await this.#one(each);
    this.#isBusy = false;
  }

  async #one({ file, row, bar, state }) {
    try {
      await withSession(() => send(file, (part) => (bar.value = part)));
      bar.value = 1;
      say(state, t("records.stored"));
      row.classList.add("good");
    } catch (error) {
      say(state, file.size === 0 ? t("records.empty") : failureText(error));
      row.classList.add("bad");
    }
    setTimeout(() => row.remove(), row.classList.contains("bad") ? 3 * SHOWN : SHOWN);
  }
}

/** Files that are dropped on `target` go to `incoming`. */
export function takeDrops(target, incoming, signal) {
  let depth = 0;
  const turn = (change) => {
    depth = change === 0 ? 0 : depth + change;
    target.classList.toggle("dropping", depth > 0);
  };
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const on = (name, act) => target.addEventListener(name, (event) => hasFiles(event) && act(event), { signal });
  on("dragenter", (event) => (event.preventDefault(), turn(1)));
  on("dragover", (event) => event.preventDefault());
  on("dragleave", () => turn(-1));
  on("drop", (event) => {
    event.preventDefault();
    turn(0);
    incoming.add(event.dataTransfer.files);
  });
}
