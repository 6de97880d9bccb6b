// The service worker: keeps the page's own files for a start without a network, and nothing else. What the account
// holds never gets here.
const KEPT = "shell";
const SHELL = new URL("./", self.location).pathname;

/** Whether a request asks for a file of the page: its root, the manifest, or a static file with an extension. */
function isShell(request) {
  if (request.method !== "GET") return false;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || url.search !== "") return false;
  if (!url.pathname.startsWith(SHELL)) return false;
  return /^(manifest\.webmanifest|console\/([a-z]+\/)?[\w-]+\.(js|css|svg|png))?$/.test(
    url.pathname.slice(SHELL.length),
  );
}

/** From the server as long as it answers (it says 304 to what is unchanged), else what was kept. */
async function freshOrKept(request) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok && answer.type === "basic") await kept.put(request, answer.clone());
    return answer;
  } catch (error) {
    const answer = await kept.match(request);
    if (answer) return answer;
    throw error;
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (isShell(event.request)) event.respondWith(freshOrKept(event.request));
});
