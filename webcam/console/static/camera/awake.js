// Keeps the screen on while a camera runs: a phone that sleeps films nothing.

let lock = null;
let isWanted = false;

/** Keep it on, or let it be. Browsers without wake lock just don't. */
export async function stayAwake(wanted) {
  isWanted = wanted;
  if (!wanted) {
    await lock?.release().catch(() => {});
    lock = null;
    return;
  }
  try {
    lock = await navigator.wakeLock.request("screen");
  } catch {
    lock = null; // none there, a low battery, or the page isn't looked at
  }
}

// The system takes it away when the page is left.
document.addEventListener("visibilitychange", () => {
  if (isWanted && document.visibilityState === "visible") stayAwake(true);
});
