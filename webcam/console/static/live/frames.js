// Cuts a stream into frames: AA AA, the payload's size in 32 bits (least significant byte first), the payload.

const HEADER = 6;
/** The largest payload that is believed; the server's own bound is 2 MiB unless its operator says otherwise. */
export const LARGEST = 64 * 1024 * 1024;

/** The stream isn't what it should be. */
export class FrameError extends Error {}

/** Chunks in, whole payloads out. It copies each byte once, however the chunks are cut. */
export class FrameParser {
  #header = new Uint8Array(HEADER);
  #filled = 0;
  #payload = null;
  #written = 0;

  constructor(largest = LARGEST) {
    this.largest = largest;
  }

  /** The payloads that this chunk completes, as Uint8Arrays of their own. Raises FrameError. */
  push(chunk) {
    const payloads = [];
    let at = 0;
    while (at < chunk.length || this.#isWhole()) {
      if (this.#payload === null) at = this.#readHeader(chunk, at);
      else at = this.#readPayload(chunk, at);
      if (this.#isWhole()) payloads.push(this.#take());
    }
    return payloads;
  }

  #isWhole() {
    return this.#payload !== null && this.#written === this.#payload.length;
  }

  #take() {
    const payload = this.#payload;
    this.#payload = null;
    this.#filled = 0;
    return payload;
  }

  #readHeader(chunk, at) {
    const part = chunk.subarray(at, at + HEADER - this.#filled);
    this.#header.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled === HEADER) this.#begin();
    return at + part.length;
  }

  #begin() {
    const header = new DataView(this.#header.buffer);
    if (header.getUint16(0) !== 0xaaaa) throw new FrameError("no frame begins here");
    const size = header.getUint32(2, true);
    if (size > this.largest) throw new FrameError(`a frame of ${size} bytes`);
    this.#payload = new Uint8Array(size);
    this.#written = 0;
  }

  #readPayload(chunk, at) {
    const part = chunk.subarray(at, at + this.#payload.length - this.#written);
    this.#payload.set(part, this.#written);
    this.#written += part.length;
    return at + part.length;
  }
}

/** The six bytes in front of a payload of `size` bytes. */
export function frameHeader(size) {
  const header = new DataView(new ArrayBuffer(HEADER));
  header.setUint16(0, 0xaaaa);
  header.setUint32(2, size, true);
  return new Uint8Array(header.buffer);
}
