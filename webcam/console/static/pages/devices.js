// The devices of the account that are gone, to be forgotten.
import { ask } from "../core/api.js";
import { devices, metaText } from "../core/devices.js";
import { el } from "../core/dom.js";
import { t } from "../core/language.js";
import { agoText } from "../core/time.js";
import { endButton, row, section } from "./section.js";

/** Their card; drawn anew when a device comes or goes, until `signal`. */
export function devicesSection(signal) {
  const list = el("ul", { class: "rows" });
  const rowOf = ({ name, meta, seen }) => {
    const words = {
      text: t("devices.forget"),
      label: t("devices.forgetOne", { device: name }),
      sure: t("devices.sure", { device: name }),
      ended: t("devices.forgotten", { device: name }),
    };
    const details = [metaText(meta).slice(0, 100), seen ? agoText(seen) : ""].filter(Boolean).join(" · ");
    const forget = () => ask("console/forget.json", { device: name });
    return row(name, [[seen, details]], endButton(words, forget, () => devices.load().catch(() => {})));
  };
  const draw = () => list.replaceChildren(...devices.sorted().filter((each) => !each.online).map(rowOf));

  devices.addEventListener("change", draw, { signal });
  draw();
  return section(t("devices.gone"), t("devices.hint"), list);
}
