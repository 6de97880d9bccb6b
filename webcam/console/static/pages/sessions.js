// Who is logged in to the account.
import { ask } from "../core/api.js";
import { el } from "../core/dom.js";
import { events } from "../core/events.js";
import { t } from "../core/language.js";
import { complain, confirmed, notice } from "../core/notices.js";
import { agoText, fullText } from "../core/time.js";
import { section } from "./section.js";

/** Its card; read anew when a device comes or goes, until `signal`. */
export function sessionsSection(signal) {
  const list = el("ul", { class: "rows" });
  const load = () =>
    ask("console/sessions.json")
      .then(({ sessions }) => list.replaceChildren(...sessions.map(row)))
      .catch(complain);
  const revoke = async (each) => {
    if (!(await confirmed(t("sessions.sure", { device: each.device }), t("sessions.end")))) return;
    try {
      await ask("console/revoke.json", { sid: each.sid });
      notice(t("sessions.ended", { device: each.device }));
    } catch (error) {
      complain(error);
    }
    await load();
  };
  const row = (each) => {
    const active = each.current ? t("sessions.this") : agoText(each.active);
    const details = [each.address, each.role === "full" ? "" : each.role, active].filter(Boolean).join(" · ");
    const button = el("button", {
      type: "button",
      class: "quiet",
      "aria-label": t("sessions.endOf", { device: each.device }),
      text: t("sessions.end"),
      onclick: () => revoke(each),
    });
    return el(
      "li",
      {},
      el(
        "div",
        { class: "words" },
        el("strong", { text: each.device }),
        el("p", { class: "meta", title: fullText(each.active), text: details }),
      ),
      each.current ? null : button,
    );
  };

  for (const name of ["device-on", "device-off", "reset"]) events.addEventListener(name, load, { signal });
  load();
  return section(t("sessions"), t("sessions.hint"), list);
}
