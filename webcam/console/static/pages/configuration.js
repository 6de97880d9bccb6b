// The account's six settings, with their bounds.
import { ask } from "../core/api.js";
import { el, say } from "../core/dom.js";
import { t } from "../core/language.js";
import { complain, notice } from "../core/notices.js";
import { spanText } from "../core/time.js";
import { labelled, section } from "./section.js";

/** Kinds whose values are whole numbers: requests of a session, in all and a minute. */
const WHOLE = new Set([3, 4]);
/** What the values of the others are in. */
const UNITS = { 1: "day", 2: "minute", 5: "hour", 6: "day" };

/** Its card; filled when the server has answered, and read anew whenever the page is looked at again, until `signal`. */
export function accountSettings(signal) {
  const fields = el("div", { class: "fields" });
  const problem = el("p", { class: "problem", role: "alert" });
  const save = el("button", { type: "submit", class: "primary", text: t("save"), disabled: true });
  let inputs = [];
  let asked = 0;

  const changed = () => inputs.filter(({ input, entry }) => Number(input.value) !== entry.fv);
  const check = () => {
    const bad = inputs.find(({ input }) => !input.checkValidity());
    for (const { input } of inputs) input.setAttribute("aria-invalid", String(!input.checkValidity()));
    say(problem, bad ? t("settings.bounds", { what: nameOf(bad.entry), ...boundsOf(bad.entry) }) : "");
    save.disabled = Boolean(bad) || changed().length === 0;
  };
  const fill = (config) => {
    inputs = config.map((entry) => ({ entry, input: inputOf(entry, check) }));
    const hint = (entry) => t("settings.range", boundsOf(entry));
    fields.replaceChildren(...inputs.map(({ entry, input }) => labelled(nameOf(entry), input, hint(entry))));
  };
  /** What was changed elsewhere is shown, but for what is being changed here. */
  const renew = (config) => {
    const edited = new Set(changed());
    for (const each of inputs) {
      each.entry = config.find(({ kind }) => kind === each.entry.kind) ?? each.entry;
      if (!edited.has(each)) each.input.value = String(each.entry.fv);
    }
  };
  const load = async () => {
    asked += 1;
    const mine = asked;
    try {
      const { config } = await ask("getConfig.json");
      if (mine !== asked) return; // a newer answer comes
      if (inputs.length === 0) fill(config);
      else renew(config);
      check();
    } catch (error) {
      complain(error);
    }
  };
  const look = () => document.visibilityState === "visible" && load();
  const onsubmit = async (event) => {
    event.preventDefault();
    save.disabled = true;
    try {
      const config = changed().map(({ entry, input }) => ({ kind: entry.kind, fv: Number(input.value) }));
      await ask("setConfig.json", { config });
      notice(t("settings.saved"));
      await load();
    } catch (error) {
      complain(error);
      check();
    }
  };

  window.addEventListener("focus", look, { signal });
  document.addEventListener("visibilitychange", look, { signal });
  load();
  const form = el("form", { onsubmit, novalidate: true }, fields, problem, el("div", { class: "row end" }, save));
  return section(t("settings.account"), t("settings.accountHint"), form);
}

/** The page's own words for a kind that it knows, the server's for another. */
function nameOf({ kind, descr }) {
  const words = t(`kind.${kind}`);
  return words === `kind.${kind}` ? descr : words;
}

/** In words: "6 minutes" to "168 days", 3 to "30 minutes". */
function boundsOf({ kind, miv, mav, dv }) {
  const words = (value) => (kind in UNITS ? spanText(value, UNITS[kind]) : value);
  return { least: miv < 1 ? words(miv) : miv, most: words(mav), usual: words(dv) };
}

function inputOf({ kind, miv, mav, fv }, oninput) {
  const step = WHOLE.has(kind) ? "1" : "any";
  return el("input", {
    type: "number",
    inputmode: "decimal",
    min: String(miv),
    max: String(mav),
    step,
    required: true,
    value: String(fv),
    oninput,
  });
}
