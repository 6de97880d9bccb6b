// Stamps and times. A stamp is the server's, UTC, "YYYY-MM-DD HH:MM:SS.ffffff".
import { locale, t, tenths } from "./language.js";

let ahead = 0;

/** Learn the server's time from a stamp of right now, so that ages don't depend on this machine's clock. */
export function learnServerTime(stamp) {
  const time = msOfStamp(stamp);
  if (Number.isFinite(time)) ahead = time - Date.now();
}

/** The server's time, ms since 1970. */
export function serverNow() {
  return Date.now() + ahead;
}

/** Milliseconds since 1970; NaN for what is no stamp. */
export function msOfStamp(stamp) {
  return Date.parse(`${String(stamp).slice(0, 23).replace(" ", "T")}Z`);
}

/** The stamp of a time, to the millisecond. */
export function stampOfMs(ms) {
  return `${new Date(ms).toISOString().slice(0, 23).replace("T", " ")}000`;
}

/** Minutes that this browser's clock is east of UTC. */
export function minutesEast() {
  return -new Date().getTimezoneOffset();
}

/** Stamps of a local day's begin and end ("2026-11-25", minutes east of UTC). */
export function boundsOfDay(day, east) {
  const begin = Date.parse(`${day}T00:00:00Z`) - east * 60_000;
  return { after: stampOfMs(begin), before: stampOfMs(begin + 86_400_000) };
}

/** The local day ("2026-11-25") of a stamp. */
export function dayOfStamp(stamp, east) {
  const ms = msOfStamp(stamp);
  return Number.isFinite(ms) ? new Date(ms + east * 60_000).toISOString().slice(0, 10) : "";
}

/** "Wed, 25 Nov 2026"; the year is left out in the current one. */
export function dayText(day) {
  const year = day.slice(0, 4) === String(new Date().getFullYear()) ? undefined : "numeric";
  const options = { weekday: "short", day: "numeric", month: "short", year, timeZone: "UTC" };
  return new Intl.DateTimeFormat(locale(), options).format(new Date(`${day}T12:00:00Z`));
}

/** Hours, minutes and seconds of a stamp, local. */
export function clockText(stamp) {
  return formatted(stamp, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** Day and time of a stamp, local. */
export function fullText(stamp) {
  return formatted(stamp, { dateStyle: "medium", timeStyle: "medium" });
}

function formatted(stamp, options) {
  const ms = msOfStamp(stamp);
  return Number.isFinite(ms) ? new Intl.DateTimeFormat(locale(), options).format(ms) : String(stamp);
}

/** "Fri 27 Nov, 02:32", local; the year is left out in the current one. */
export function momentText(stamp) {
  const year = String(stamp).slice(0, 4) === String(new Date().getFullYear()) ? undefined : "numeric";
  const day = { weekday: "short", day: "numeric", month: "short", year };
  return formatted(stamp, { ...day, hour: "2-digit", minute: "2-digit" });
}

const STEPS = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
];

/** "5 minutes ago"; what is still to come is now. */
export function agoText(stamp) {
  return distanceText(-Math.max(0, (serverNow() - msOfStamp(stamp)) / 1000));
}

/** "in 5 minutes", each that has begun counted; what is past is now. */
export function inText(stamp) {
  return distanceText(Math.max(0, Math.ceil((msOfStamp(stamp) - serverNow()) / 60_000)) * 60);
}

function distanceText(seconds) {
  const size = Math.abs(seconds);
  if (!Number.isFinite(size)) return "";
  if (size < 5) return t("time.now");
  const [unit, length] = STEPS.findLast(([, each]) => size >= each) ?? STEPS[0];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.trunc(seconds / length), unit);
}

/** So many of a unit ("30 days"). What is less than one of it is told in a smaller one, rounded up: "6 minutes". */
export function spanText(value, unit) {
  const own = STEPS.findIndex(([name]) => name === unit);
  const seconds = value * STEPS[own][1];
  const [name, length] = STEPS.slice(0, own + 1).findLast(([, each]) => seconds >= each) ?? STEPS[0];
  const count = name === unit ? value : Math.ceil(seconds / length);
  return new Intl.NumberFormat(locale(), { style: "unit", unit: name, unitDisplay: "long" }).format(count);
}

/** An age in ms as "0.4 s", "12 s", "3 min". */
export function ageText(ms) {
  if (ms < 9950) return `${tenths(ms / 1000)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** Bytes as "312 kB". */
export function sizeText(bytes) {
  if (!Number.isFinite(bytes)) return "";
  const steps = ["B", "kB", "MB", "GB"];
  const step = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  const digits = step > 1 ? 1 : 0;
  return `${(bytes / 1000 ** step).toLocaleString(locale(), { maximumFractionDigits: digits })} ${steps[step]}`;
}
