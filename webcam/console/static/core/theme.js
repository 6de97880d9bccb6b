// Light, dark, or as the system says. early.js applies the same choice before the first paint.

export const THEMES = ["auto", "light", "dark"];
const KEY = "webcam.theme";

/** The choice; plain text in storage, since early.js reads it. */
export function theme() {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

/** Choose one, from now on. */
export function chooseTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // It holds until the page is closed.
  }
}
