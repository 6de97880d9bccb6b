// Which view the page shows: "#records/garden" is the view "records" with the rest "garden".

/** The view's name and the rest of a hash. */
export function parseHash(hash) {
  const [name, ...rest] = hash.replace(/^#/, "").split("/");
  try {
    return { name, rest: decodeURIComponent(rest.join("/")) };
  } catch {
    return { name, rest: "" };
  }
}

/** The hash of a view. */
export function hashOf(name, rest = "") {
  return rest ? `#${name}/${encodeURIComponent(rest)}` : `#${name}`;
}
