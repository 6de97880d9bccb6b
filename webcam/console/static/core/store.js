// What this browser remembers between visits: choices and names, never anything that opens a session.

const PREFIX = "webcam.";

/** A remembered value, or `otherwise`; storage that is forbidden or damaged remembers nothing. */
export function recall(key, otherwise) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Remember a value that JSON can carry. */
export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // It is forgotten, then.
  }
}
