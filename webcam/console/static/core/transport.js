// What the browser and the server speak to each other.

/** Whether any number of requests can be open at once: HTTP/2 or newer, as far as the browser says what it is. */
export function isMultiplexed() {
  const [latest] = performance
    .getEntriesByType("resource")
    .filter((each) => each.nextHopProtocol)
    .slice(-1);
  return !latest?.nextHopProtocol.startsWith("http/1");
}
