// Puts the page together: who is logged in decides what there is, the hash which view.
import { CameraView } from "./camera/view.js";
import { Backoff, tryNow } from "./core/backoff.js";
import { devices } from "./core/devices.js";
import { events } from "./core/events.js";
import { preferred, speak, t } from "./core/language.js";
import { complain, noticeRegion } from "./core/notices.js";
import { parseHash } from "./core/router.js";
import { session } from "./core/session.js";
import { el } from "./core/dom.js";
import { Wall } from "./live/wall.js";
import { askPassword, loginView } from "./pages/login.js";
import { MessagesView } from "./pages/messages.js";
import { SettingsView } from "./pages/settings.js";
import { Shell, viewsOf } from "./pages/shell.js";
import { Gallery } from "./records/gallery.js";

const VIEWS = {
  wall: (shell) => new Wall(shell.main),
  camera: () => new CameraView(),
  records: (shell, rest) => new Gallery(shell.main, rest),
  messages: (_shell, rest) => new MessagesView(rest),
  settings: () => new SettingsView(setLanguage),
};

let shell = null;
let view = null;

function leave() {
  view?.close();
  shell?.close();
  view = shell = null;
}

function put(root) {
  document.getElementById("page").replaceChildren(root, noticeRegion());
}

/** The view that the hash names, or the first one that there is. */
function route() {
  if (shell === null) return;
  const { name: asked, rest } = parseHash(location.hash);
  const names = viewsOf();
  const name = names.includes(asked) ? asked : names[0];
  view?.close();
  view = VIEWS[name](shell, rest);
  shell.show(name, view);
  view.root.querySelector("h1")?.focus({ preventScroll: true });
}

function enter() {
  leave();
  shell = new Shell();
  put(shell.root);
  route();
}

async function begin() {
  enter();
  events.open();
  if (session.may("view")) await devices.load().catch(complain);
}

function end() {
  leave();
  events.close();
  devices.clear();
  showLogin();
}

function showLogin() {
  document.title = `${t("login")} · Webcam`;
  put(loginView(setLanguage));
  const empty = [...document.querySelectorAll(".login input")].find((input) => input.value === "");
  empty?.focus();
}

async function setLanguage(code) {
  await speak(code, true);
  if (session.isIn) enter();
  else showLogin();
}

/** Trusted Types: the one address that a script is ever loaded from by name. */
function installWorker() {
  const policy = globalThis.trustedTypes?.createPolicy("console", {
    createScriptURL: (url) => {
      if (url !== "worker.js") throw new TypeError("no such script");
      return url;
    },
  });
  const url = policy ? policy.createScriptURL("worker.js") : "worker.js";
  // Without one the page is the same, only not without a network; a certificate that isn't trusted has none.
  navigator.serviceWorker?.register(url).catch(() => {});
}

function unreachable() {
  const again = el("button", { type: "button", class: "primary", text: t("again"), onclick: tryNow });
  put(
    el(
      "main",
      { class: "login" },
      el("div", { class: "card" }, el("h1", { text: "Webcam" }), el("p", { text: t("error.offline") }), again),
    ),
  );
}

async function start() {
  await speak(preferred());
  session.askPasswordBy(askPassword);
  session.addEventListener("in", begin);
  session.addEventListener("out", end);
  window.addEventListener("hashchange", route);
  installWorker();
  if (!(await isLoggedIn())) showLogin();
}

/** Whether there is a session; asks until the server answers. */
async function isLoggedIn() {
  const backoff = new Backoff(1000, 30000);
  for (;;) {
    try {
      return await session.check();
    } catch {
      if (backoff.tries === 0) unreachable();
      await backoff.wait();
    }
  }
}

start();
