// Who comes in: the first page, and the question for the password when a session has ended.
import { CODE, Failure } from "../core/api.js";
import { el, freshId, say } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { LANGUAGES, language, t } from "../core/language.js";
import { failureText, waitText } from "../core/notices.js";
import { session } from "../core/session.js";
import { recall } from "../core/store.js";

/** What this browser is, for the others to see. */
function self() {
  const brands = navigator.userAgentData?.brands.map((each) => each.brand) ?? [];
  const brand =
    brands.find((each) => !/not.?a.?brand/i.test(each) && each !== "Chromium") ??
    brands.find((each) => each === "Chromium");
  const browser = brand ?? navigator.userAgent.match(/Firefox|Edg|Chrome|Safari/)?.[0] ?? "";
  const system =
    navigator.userAgentData?.platform || navigator.userAgent.match(/Android|iPhone|iPad|Windows|Mac|Linux/)?.[0] || "";
  return [browser, system].filter(Boolean).join(", ");
}

/** A name that no other device is likely to have. */
function freshName() {
  const kind = matchMedia("(pointer: coarse)").matches ? "phone" : "browser";
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return `${kind}-${(number % 46656).toString(36).padStart(3, "0")}`;
}

function field(label, properties, hint = "") {
  const id = freshId("field");
  const hintId = `${id}-hint`;
  const input = el("input", { id, required: true, "aria-describedby": hint ? hintId : null, ...properties });
  const words = hint ? el("p", { class: "hint", id: hintId, text: hint }) : null;
  return { input, node: el("div", { class: "field" }, el("label", { for: id, text: label }), input, words) };
}

function refusalText(error) {
  if (error instanceof Failure && error.code === CODE.NO_SUCH_USER && error.status === 200) return t("login.wrong");
  if (error instanceof Failure && error.status === 429) return waitText(error);
  return failureText(error);
}

/** A form that submits without leaving the page, says what went wrong and can't be sent twice at once. */
function form(fields, yes, submit, more = []) {
  const problem = el("p", { class: "problem", role: "alert" });
  const button = el("button", { type: "submit", class: "primary", text: yes });
  const onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    say(problem, "");
    try {
      await submit();
    } catch (error) {
      if (!(error instanceof Failure)) console.error(error);
      say(problem, refusalText(error));
      const password = node.querySelector("input[type=password]");
      password.select();
      password.focus();
    } finally {
      button.disabled = false;
    }
  };
  const node = el("form", { onsubmit }, fields, problem, el("div", { class: "row end" }, more, button));
  return node;
}

/** The page for those who have no session. `onlanguage(code)` is asked for another language. */
export function loginView(onlanguage) {
  const account = field(t("login.account"), {
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    value: recall("account", ""),
  });
  const password = field(t("login.password"), { type: "password", autocomplete: "current-password" });
  const device = field(
    t("login.device"),
    {
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      maxlength: "1024",
      value: recall("device", null) ?? freshName(),
    },
    t("login.deviceHint"),
  );
  const submit = () => session.logIn(account.input.value, password.input.value, device.input.value, self());
  const languages = Object.entries(LANGUAGES).map(([code, name]) =>
    el("button", {
      type: "button",
      class: "link",
      lang: code,
      "aria-pressed": String(code === language()),
      text: name,
      onclick: () => onlanguage(code),
    }),
  );
  const card = el(
    "div",
    { class: "card" },
    el("div", { class: "brand" }, icon("snapshot"), el("h1", { tabindex: "-1", text: t("login") })),
    form([account.node, password.node, device.node], t("login.go"), submit),
  );
  return el(
    "main",
    { class: "login" },
    card,
    el("div", { class: "languages", role: "group", "aria-label": t("language") }, languages),
  );
}

/** Ask for the password of the session that ended; whether there is one again. */
export function askPassword() {
  return new Promise((resolve) => {
    const close = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const id = freshId("renew");
    const account = el("input", {
      type: "text",
      autocomplete: "username",
      value: session.account,
      hidden: true,
      readonly: true,
      "aria-label": t("login.account"),
    });
    const password = field(t("login.password"), {
      type: "password",
      autocomplete: "current-password",
      autofocus: true,
    });
    const submit = async () => {
      await session.logIn(session.account, password.input.value, session.device, self());
      close(true);
    };
    const no = el("button", { type: "button", class: "quiet", text: t("logout"), onclick: () => close(false) });
    const dialog = el(
      "dialog",
      { class: "renew", "aria-labelledby": id, oncancel: (event) => event.preventDefault() },
      el("h2", { id, text: t("renew") }),
      el("p", { text: t("renew.why", { account: session.account, device: session.device }) }),
      form([account, password.node], t("login.go"), submit, [no]),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
