// Tells what bytes are, before a decoder sees them.

/** Each byte as the letter of its number; a TextDecoder would take "latin1" for Windows' code page. */
const letters = (bytes) => String.fromCharCode(...bytes);

/** The content type of a picture that browsers show, by its first bytes; null for anything else. */
export function pictureType(bytes) {
  const text = letters(bytes.subarray(0, 16));
  if (text.startsWith("\u00ff\u00d8\u00ff")) return "image/jpeg";
  if (text.startsWith("\u0089PNG\r\n\u001a\n")) return "image/png";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "image/webp";
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "image/gif";
  if (text.slice(4, 8) === "ftyp" && /avi[fs]/.test(text.slice(8, 12))) return "image/avif";
  return null;
}

/** Most pixels that a picture may claim: a few hundred bytes can ask for gigabytes of memory. */
export const MOST_PIXELS = 64_000_000;

/** Whether the picture claims no more pixels than that. What hides its size is left to the decoder. */
export function isBearable(bytes, type) {
  const size = sizeOf(bytes, type);
  return size === null || size.width * size.height <= MOST_PIXELS;
}

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Width and height that a JPEG, PNG, GIF or WebP claims; null where they aren't found. */
export function sizeOf(bytes, type) {
  const view = viewOf(bytes);
  try {
    if (type === "image/jpeg") return sizeOfJpeg(view);
    if (type === "image/png") return { width: view.getUint32(16), height: view.getUint32(20) };
    if (type === "image/gif") return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    if (type === "image/webp") return sizeOfWebp(view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return null;
}

/** The first start-of-frame segment says it (T.81, B.2.2). */
function sizeOfJpeg(view) {
  for (const { marker, at } of segmentsOf(view)) {
    if (isFrame(marker)) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return null;
}

const isFrame = (marker) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const APP1 = 0xe1;

/** A JPEG's segments, up to the frame, or to where its bytes end or are none. */
function* segmentsOf(view) {
  let at = 2;
  while (at + 9 <= view.byteLength) {
    if (view.getUint8(at) !== 0xff) return;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else {
      yield { marker, at };
      if (isFrame(marker)) return;
      at += 2 + view.getUint16(at + 2);
    }
  }
}

/** Whether it is a JPEG that says nothing of how it is to be turned: it has no Exif data in front of its frame. */
export function isPlainJpeg(bytes, type) {
  if (type !== "image/jpeg") return false;
  for (const { marker } of segmentsOf(viewOf(bytes))) if (marker === APP1) return false;
  return true;
}

/** RFC 9649, 2.5 to 2.7. */
function sizeOfWebp(view) {
  const kind = letters(new Uint8Array(view.buffer, view.byteOffset + 12, 4));
  const three = (at) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
  if (kind === "VP8X") return { width: three(24) + 1, height: three(27) + 1 };
  if (kind === "VP8 ") return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind !== "VP8L") return null;
  const bits = view.getUint32(21, true);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** What the payloads of a sub-protocol are said to be: "picture", "text" or "" for nothing that is known here. */
export function kindOf(subproto) {
  const words = String(subproto)
    .toUpperCase()
    .split(/[^A-Z0-9]+/);
  if (words.some((word) => ["JPEG", "JPG", "MJPEG", "MJPG", "PNG", "WEBP", "GIF", "AVIF"].includes(word)))
    return "picture";
  if (words.some((word) => ["TEXT", "TXT", "JSON", "CSV", "LOG", "XML"].includes(word))) return "text";
  return "";
}

const MOST_TEXT = 20_000;

/** A payload as text, JSON laid out; null when it isn't UTF-8. */
export function textOf(bytes) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, MOST_TEXT), { stream: true });
  } catch {
    return null;
  }
  if (bytes.length <= MOST_TEXT && /^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // It only looks like JSON.
    }
  }
  return bytes.length > MOST_TEXT ? `${text}…` : text;
}
