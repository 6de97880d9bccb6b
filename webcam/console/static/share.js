// The page of a link: shows the parts of a multipart answer as they come. An <img> could do that, but is told nothing when
// the stream ends, and would show its last picture for ever as if it were live.

const FIRST_WAIT = 1000; // ms
const LONGEST_WAIT = 5000;

const picture = document.getElementById("picture");
const none = document.getElementById("none");
const until = document.getElementById("until");
const decoder = new TextDecoder("latin1");

let wait = FIRST_WAIT;
let timer = 0;
let reading = null; // what stops it

function show(part) {
  const before = picture.src;
  picture.src = URL.createObjectURL(part);
  if (before) {
    URL.revokeObjectURL(before);
  }
  picture.hidden = false;
  none.hidden = true;
  wait = FIRST_WAIT;
}

function join(one, other) {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}

// Every whole part at the beginning of the bytes is shown, unless a newer one is there; what is left is returned.
function take(bytes) {
  let newest = null;
  for (;;) {
    const head = decoder.decode(bytes.subarray(0, 400));
    const end = head.indexOf("\r\n\r\n");
    const size = /content-length: *([0-9]+)/i.exec(head.slice(0, end));
    if (end < 0 || !size || bytes.length < end + 4 + Number(size[1])) {
      break;
    }
    const type = /content-type: *([a-z/]+)/i.exec(head.slice(0, end));
    const start = end + 4;
    newest = new Blob([bytes.subarray(start, start + Number(size[1]))], { type: type ? type[1] : "" });
    bytes = bytes.subarray(start + Number(size[1]));
  }
  if (newest) {
    show(newest);
  }
  return bytes;
}

async function follow(signal) {
  const answer = await fetch(picture.dataset.stream, { signal, cache: "no-store" });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  const reader = answer.body.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    bytes = take(join(bytes, value));
  }
}

// Whether the link is no more; while the server or the network is away nobody knows.
async function hasEnded() {
  try {
    return (await fetch(location.href, { cache: "no-store" })).status === 404;
  } catch {
    return false;
  }
}

async function run() {
  clearTimeout(timer);
  reading?.abort();
  const mine = new AbortController();
  reading = mine;
  try {
    await follow(mine.signal);
  } catch {
    // The same as an end: there is nothing to show.
  }
  if (reading !== mine) {
    return;
  }
  reading = null;
  const isOver = await hasEnded();
  if (reading !== null) {
    return; // it was looked at again meanwhile
  }
  if (isOver) {
    location.reload(); // to the page that says so
    return;
  }
  picture.hidden = true;
  none.hidden = false;
  timer = setTimeout(run, wait);
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

// The end of the link in this viewer's own time; what stands there is UTC, for who runs no scripts.
function tellEnd() {
  const { lang } = document.documentElement;
  const locale = navigator.languages.find((each) => each.slice(0, 2) === lang) ?? lang;
  const words = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
  until.title = until.textContent;
  until.textContent = words.format(Date.parse(until.dateTime.replace(" ", "T")));
}

function stop() {
  clearTimeout(timer);
  reading?.abort();
  reading = null;
}

function look() {
  if (document.hidden) {
    stop();
  } else {
    run();
  }
}

document.addEventListener("visibilitychange", look);
tellEnd();
look();
