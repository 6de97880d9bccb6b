// Sends frames to input.raw: as one streaming upload where the browser can (Chromium on HTTP/2), as one short upload a
// frame, between which the stream stays open, where it can't.
import { Failure, reach } from "../core/api.js";
import { frameHeader } from "../live/frames.js";

const KEEP_LEAST = 5000;
const KEEP_MOST = 60_000;

/**
 * Whether this browser has streaming request bodies. One that hasn't takes the stream for text, and says so in a
 * header.
 */
export function canStream() {
  let isAsked = false;
  try {
    const body = new ReadableStream();
    const request = new Request("input.raw", {
      method: "POST",
      body,
      get duplex() {
        isAsked = true;
        return "half";
      },
    });
    return isAsked && !request.headers.has("content-type");
  } catch {
    return false;
  }
}

function whole(frame) {
  const bytes = new Uint8Array(6 + frame.length);
  bytes.set(frameHeader(frame.length));
  bytes.set(frame, 6);
  return bytes;
}

function path(delta, keep = 0) {
  return `input.raw?subproto=RAW_JPEG&delta=${delta}${keep ? `&keep=${keep}` : ""}`;
}

/** One upload of what `latest` gets, until `signal` ends it. `onsent(bytes)` is told of each frame. Raises Failure. */
export async function sendStream(latest, delta, signal, onsent) {
  const body = new ReadableStream(
    {
      async pull(controller) {
        const frame = await latest.take(signal);
        if (frame === null) return controller.close();
        controller.enqueue(whole(frame));
        onsent(frame.length);
      },
    },
    { highWaterMark: 0 },
  );
  const response = await reach(path(delta), { method: "POST", body, duplex: "half", signal });
  if (!response.ok) throw new Failure(0, response.status);
}

/** The same as one upload a frame. */
export async function sendOneByOne(latest, delta, signal, onsent) {
  const keep = Math.min(KEEP_MOST, Math.max(KEEP_LEAST, 3 * delta));
  try {
    for (let frame = await latest.take(signal); frame !== null; frame = await latest.take(signal)) {
      const response = await reach(path(delta, keep), { method: "POST", body: whole(frame), signal });
      if (!response.ok) throw new Failure(0, response.status);
      onsent(frame.length);
    }
  } finally {
    // One that keeps nothing ends the stream now, not when the time is over.
    if (signal.aborted) reach(path(delta), { method: "POST", body: "", keepalive: true }).catch(() => {});
  }
}
