// Who is logged in to the account.
import { ask } from "../core/api.js";
import { el } from "../core/dom.js";
import { events } from "../core/events.js";
import { t } from "../core/language.js";
import { complain } from "../core/notices.js";
import { agoText } from "../core/time.js";
import { endButton, row, section } from "./section.js";

/** Its card; read anew when a device comes or goes, until `signal`. */
export function sessionsSection(signal) {
  const list = el("ul", { class: "rows" });
  const load = () =>
    ask("console/sessions.json")
      .then(({ sessions }) => list.replaceChildren(...sessions.map(rowOf)))
      .catch(complain);
  const rowOf = (each) => {
    const device = each.device || "HTTP Basic"; // a client that only looks
    const active = each.current ? t("sessions.this") : agoText(each.active);
    const details = [each.address, each.role === "full" ? "" : each.role, active].filter(Boolean).join(" · ");
    const words = {
      text: t("sessions.end"),
      label: t("sessions.endOf", { device }),
      sure: t("sessions.sure", { device }),
      ended: t("sessions.ended", { device }),
    };
    const revoke = () => ask("console/revoke.json", { sid: each.sid });
    return row(device, [[each.active, details]], each.current ? null : endButton(words, revoke, load));
  };

  for (const name of ["device-on", "device-off", "reset"]) events.addEventListener(name, load, { signal });
  load();
  return section(t("sessions"), t("sessions.hint"), list);
}
