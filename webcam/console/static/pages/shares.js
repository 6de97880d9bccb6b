// Links that show one device's live picture to whoever has them.
import { ask } from "../core/api.js";
import { devices } from "../core/devices.js";
import { el } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { complain, iconButton, notice } from "../core/notices.js";
import { fullText } from "../core/time.js";
import { labelled, section } from "./section.js";

const HOURS = [1, 24, 24 * 7, 24 * 30, 24 * 365];

/** Its card; it knows of new devices until `signal`. */
export function sharesSection(signal) {
  const which = el("select", { required: true });
  const length = el(
    "select",
    {},
    HOURS.map((each) =>
      el("option", {
        value: each,
        text: each < 24 ? t("shares.hours", { n: each }) : t("shares.days", { n: each / 24 }),
      }),
    ),
  );
  length.value = "24";
  const made = el("div", { class: "made", hidden: true });
  const list = el("ul", { class: "rows" });

  const fill = () => {
    const chosen = which.value;
    which.replaceChildren(...devices.sorted().map(({ name }) => el("option", { value: name, text: name })));
    if (devices.get(chosen)) which.value = chosen;
  };
  const load = () =>
    ask("console/shares.json")
      .then(({ shares }) => list.replaceChildren(...shares.map(row)))
      .catch(complain);
  const end = async ({ id }) => {
    try {
      await ask("console/unshare.json", { id });
      notice(t("shares.ended"));
    } catch (error) {
      complain(error);
    }
    made.hidden = true;
    await load();
  };
  const row = (each) => {
    const until = el("p", { class: "meta", text: t("shares.until", { time: fullText(each.until) }) });
    const button = el("button", {
      type: "button",
      class: "quiet",
      "aria-label": t("shares.endOf", { device: each.device }),
      text: t("shares.end"),
      onclick: () => end(each),
    });
    return el("li", {}, el("div", { class: "words" }, el("strong", { text: each.device }), until), button);
  };
  const onsubmit = async (event) => {
    event.preventDefault();
    try {
      const { path } = await ask("console/share.json", { device: which.value, hours: Number(length.value) });
      showLink(made, new URL(path, document.baseURI).href);
      await load();
    } catch (error) {
      complain(error);
    }
  };

  devices.addEventListener("change", fill, { signal });
  fill();
  load();
  const button = el("button", { type: "submit", class: "primary" }, icon("link"), t("shares.make"));
  const form = el(
    "form",
    { class: "share", onsubmit },
    labelled(t("shares.device"), which),
    labelled(t("shares.length"), length),
    button,
  );
  return section(t("shares"), t("shares.hint"), form, made, list);
}

/** A link is shown once: the server keeps nothing that it could be made of again. */
function showLink(place, href) {
  const input = el("input", {
    type: "text",
    readonly: true,
    value: href,
    "aria-label": t("shares.link"),
    onfocus: () => input.select(),
  });
  const copy = iconButton("copy", t("copy"), async () => {
    try {
      await navigator.clipboard.writeText(href);
      notice(t("copied"));
    } catch {
      input.focus();
    }
  });
  place.replaceChildren(input, copy);
  place.hidden = false;
  input.focus();
}
