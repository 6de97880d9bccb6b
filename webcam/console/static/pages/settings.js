// The settings' view: a section for each thing that can be set.
import { el } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { LANGUAGES, language, t } from "../core/language.js";
import { complain } from "../core/notices.js";
import { session } from "../core/session.js";
import { THEMES, chooseTheme, theme } from "../core/theme.js";
import { accountSettings } from "./configuration.js";
import { devicesSection } from "./devices.js";
import { passwordSection } from "./password.js";
import { sessionsSection } from "./sessions.js";
import { sharesSection } from "./shares.js";
import { choice, section } from "./section.js";

/** `onlanguage(code)` is asked for another language. */
export class SettingsView {
  #ending = new AbortController();

  constructor(onlanguage) {
    const { signal } = this.#ending;
    const whole =
      session.role === "full"
        ? [
            accountSettings(signal),
            sharesSection(signal),
            sessionsSection(signal),
            devicesSection(signal),
            passwordSection(),
          ]
        : [];
    const title = el("h1", { tabindex: "-1", text: t("settings") });
    const top = el(
      "header",
      { class: "top" },
      el(
        "div",
        { class: "words" },
        title,
        el("p", { class: "summary", text: t("settings.who", { account: session.account, device: session.device }) }),
      ),
    );
    this.root = el(
      "div",
      { class: "view settings" },
      top,
      el("div", { class: "sections" }, lookSection(onlanguage), whole, keysSection()),
    );
  }

  close() {
    this.#ending.abort();
  }
}

function lookSection(onlanguage) {
  const themes = THEMES.map((each) => [each, t(`theme.${each}`)]);
  const look = choice(t("theme"), themes, theme(), chooseTheme);
  const tongue = choice(t("language"), Object.entries(LANGUAGES), language(), onlanguage);
  const out = el(
    "button",
    { type: "button", class: "quiet", onclick: () => session.logOut().catch(complain) },
    icon("logout"),
    t("logout"),
  );
  return section(
    t("settings.look"),
    "",
    el("div", { class: "pair" }, look, tongue),
    el("div", { class: "row end" }, out),
  );
}

function keysSection() {
  const keys = [
    ["F", "keys.f"],
    ["P", "keys.p"],
    ["S", "keys.s"],
    ["← ↑ → ↓", "keys.arrows"],
    ["Esc", "keys.escape"],
  ];
  const rows = keys.map(([key, words]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: t(words) })]);
  return section(t("settings.keys"), "", el("dl", { class: "keys" }, rows));
}
