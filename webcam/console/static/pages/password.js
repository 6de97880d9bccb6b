// Another password for the account.
import { ask, CODE } from "../core/api.js";
import { el, say } from "../core/dom.js";
import { t } from "../core/language.js";
import { failureText, notice, waitText } from "../core/notices.js";
import { session } from "../core/session.js";
import { labelled, section } from "./section.js";

/** Its card. */
export function passwordSection() {
  const secret = (autocomplete) => el("input", { type: "password", autocomplete, required: true, maxlength: "1024" });
  const [old, fresh, again] = [secret("current-password"), secret("new-password"), secret("new-password")];
  const user = el("input", {
    type: "text",
    autocomplete: "username",
    value: session.account,
    hidden: true,
    readonly: true,
    "aria-label": t("login.account"),
  });
  const problem = el("p", { class: "problem", role: "alert" });
  const button = el("button", { type: "submit", class: "primary", text: t("password.change") });

  const onsubmit = async (event) => {
    event.preventDefault();
    say(problem, "");
    if (fresh.value !== again.value) {
      say(problem, t("password.differ"));
      return again.focus();
    }
    button.disabled = true;
    try {
      await ask("console/password.json", { old: old.value, new: fresh.value });
      old.value = fresh.value = again.value = "";
      notice(t("password.done"));
    } catch (error) {
      const words = { [CODE.NO_SUCH_USER]: "password.wrong", [CODE.MALFORMED_REQUEST]: "password.bad" }[error.code];
      if (error.status === 429) say(problem, waitText(error));
      else say(problem, words && error.status === 200 ? t(words) : failureText(error));
    } finally {
      button.disabled = false;
    }
  };
  const fields = el(
    "div",
    { class: "fields" },
    labelled(t("password.old"), old),
    labelled(t("password.new"), fresh),
    labelled(t("password.again"), again),
  );
  const form = el("form", { onsubmit }, user, fields, problem, el("div", { class: "row end" }, button));
  return section(t("password"), t("password.hint"), form);
}
