// One tile in full screen: the browser's where it has that for elements, the window's where it hasn't (iPhones).

export class Filling {
  tile = null;

  /** `onchange()` is told of every change. */
  constructor(onchange) {
    this.onchange = onchange;
    this.left = () => document.fullscreenElement === null && this.#leave();
    this.key = (event) => event.key === "Escape" && this.#leave();
    document.addEventListener("fullscreenchange", this.left);
    document.addEventListener("keydown", this.key);
  }

  /** In, or out again. */
  toggle(tile) {
    if (this.tile === tile) return this.close();
    this.#leave();
    this.tile = tile;
    tile.setFull(true);
    tile.root.requestFullscreen?.().catch(() => {});
    this.onchange();
    tile.fullButton.focus();
  }

  #leave() {
    const tile = this.tile;
    if (tile === null) return;
    this.tile = null;
    tile.setFull(false);
    this.onchange();
    tile.fullButton.focus();
  }

  close() {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    this.#leave();
  }

  /** No more. */
  end() {
    this.close();
    document.removeEventListener("fullscreenchange", this.left);
    document.removeEventListener("keydown", this.key);
  }
}
