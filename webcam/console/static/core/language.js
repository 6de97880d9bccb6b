// The page's words: one dictionary a language, text/*.js, with the same keys.
import english from "../text/en.js";
import { recall, remember } from "./store.js";

export const LANGUAGES = { en: "English", de: "Deutsch" };

let words = english;
let code = "en";
let plural = new Intl.PluralRules("en");

/** The language in use, as a BCP 47 tag. */
export function language() {
  return code;
}

/** The language as this person writes numbers and times: with the browser's region, where it has one for it. */
export function locale() {
  return navigator.languages.find((each) => each.slice(0, 2) === code) ?? code;
}

/** The remembered choice, else the first of the browser's languages that there is a dictionary for. */
export function preferred() {
  const kept = recall("language", null);
  if (kept in LANGUAGES) return kept;
  return navigator.languages.map((each) => each.slice(0, 2)).find((each) => each in LANGUAGES) ?? "en";
}

/** Speak another language from now on; what is on the screen is for the caller to draw anew. */
export async function speak(wanted, keep = false) {
  words = wanted === "en" ? english : (await import(`../text/${wanted}.js`)).default;
  code = wanted;
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
  if (keep) remember("language", code);
}

/**
 * The text of a key with its `{places}` filled. With a number `n`, the key's form for it (`.one`, `.other`) where the
 * dictionary has forms. A key that is nowhere comes back as it is.
 */
export function t(key, values = {}) {
  const form = typeof values.n === "number" ? `${key}.${plural.select(values.n)}` : key;
  const text = words[form] ?? words[key] ?? english[form] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? format(values[name]) : place));
}

/** A number with one digit behind the point. */
export function tenths(value) {
  return value.toLocaleString(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

function format(value) {
  return typeof value === "number" ? value.toLocaleString(locale()) : String(value);
}
