// The parameters of a message as they are typed.

/**
 * What the text means: `{ value }` (an object or an array; undefined for nothing), or `{ problem, at }` where `problem`
 * is "json" (no JSON; `at` is where, as far as the browser says, else -1) or "kind" (JSON, but neither).
 */
export function parseParams(text) {
  if (text.trim() === "") return { value: undefined };
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? { value } : { problem: "kind", at: -1 };
  } catch (error) {
    return { problem: "json", at: placeOf(error.message, text) };
  }
}

/** Chromium says "position 12" or "line 1 column 13", Firefox the latter, Safari nothing. */
function placeOf(message, text) {
  const position = /position (\d+)/.exec(message);
  if (position) return Number(position[1]);
  const line = /line (\d+) column (\d+)/.exec(message);
  if (line) {
    const before = text.split("\n").slice(0, Number(line[1]) - 1);
    return before.reduce((sum, each) => sum + each.length + 1, 0) + Number(line[2]) - 1;
  }
  return /end of (JSON input|data)/.test(message) ? text.length : -1;
}
