// Links that show one device's live picture to whoever has them.
import { ask } from "../core/api.js";
import { devices } from "../core/devices.js";
import { el, freshId } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { t } from "../core/language.js";
import { complain, iconButton, notice } from "../core/notices.js";
import { agoText, inText, momentText, msOfStamp, spanText } from "../core/time.js";
import { endButton, labelled, row, section } from "./section.js";

const HOURS = [1, 24, 24 * 7, 24 * 30, 24 * 365];

/** Its card; it knows of new devices until `signal`. */
export function sharesSection(signal) {
  const which = el("select", { required: true });
  const length = el(
    "select",
    {},
    HOURS.map((each) => el("option", { value: each, text: lengthText(each) })),
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
      .then(({ shares }) => list.replaceChildren(...shares.map(rowOf)))
      .catch(complain);
  const rowOf = (each) => {
    const { id, device } = each;
    const until = t("shares.until", { time: momentText(each.until), left: inText(each.until) });
    const since = t("shares.made", { ago: agoText(each.made), length: lengthText(hoursOf(each)) });
    const words = {
      text: t("shares.end"),
      label: t("shares.endOf", { device }),
      sure: t("shares.sure", { device }),
      ended: t("shares.ended"),
    };
    const after = () => {
      if (made.dataset.id === String(id)) made.hidden = true;
      return load();
    };
    const details = [
      [each.until, until],
      [each.made, since],
    ];
    return row(device, details, endButton(words, () => ask("console/unshare.json", { id }), after));
  };
  const onsubmit = async (event) => {
    event.preventDefault();
    try {
      const { id, path } = await ask("console/share.json", { device: which.value, hours: Number(length.value) });
      made.dataset.id = id;
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

/** "1 hour", "30 days". */
function lengthText(hours) {
  return hours % 24 === 0 ? spanText(hours / 24, "day") : spanText(hours, "hour");
}

/** For how many a link was made. */
function hoursOf({ made, until }) {
  return Math.round((msOfStamp(until) - msOfStamp(made)) / 3_600_000);
}

/** Whether a host's name is what every machine calls itself: nobody else gets to this one by it. */
export function isThisMachine(hostname) {
  return /^((.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** A link is shown once: the server keeps nothing that it could be made of again. */
function showLink(place, href) {
  const { hostname } = new URL(href);
  const here = isThisMachine(hostname)
    ? el("p", { class: "hint", id: freshId("here"), text: t("shares.here", { host: hostname }) })
    : null;
  const input = el("input", {
    type: "text",
    readonly: true,
    value: href,
    "aria-label": t("shares.link"),
    "aria-describedby": here?.id,
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
  place.replaceChildren(el("div", {}, input, copy), here ?? "");
  place.hidden = false;
  input.focus();
}
