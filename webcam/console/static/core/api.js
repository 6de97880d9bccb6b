// Questions to the server: JSON both ways, the cookie is the session.

export const CODE = {
  NO_SUCH_SESSION: 6,
  NO_SUCH_USER: 7,
  MALFORMED_REQUEST: 12,
  NO_CHANNEL: 13,
  ERRORED_STREAM: 14,
  NO_SUCH_DEVICE: 15,
};

/**
 * An answer that isn't OK. `code` is the protocol's (0: none came), `status` HTTP's (0: no answer), `retryAfter`
 * seconds.
 */
export class Failure extends Error {
  constructor(code, status, retryAfter = 0) {
    super(`code ${code}, status ${status}`);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The session is over, and a password would help. */
  get isExpired() {
    return this.code === CODE.NO_SUCH_SESSION;
  }
}

/** The Failure that an answer is, or null. It reads the body, unless that is none of JSON. */
export async function failureOf(response) {
  const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
  const answer = isJson ? await response.json().catch(() => ({})) : {};
  if (response.ok && answer.result !== "BAD") return null;
  return new Failure(answer.code ?? 0, response.status, Number(response.headers.get("retry-after")) || 0);
}

/** Ask once, with no regard to the session; the answer's object. Raises Failure. */
export async function askOnce(path, parameters = {}) {
  const response = await reach(path, { method: "POST", body: JSON.stringify(parameters) });
  return understood(response);
}

/** As `fetch`, with Failure(0, 0) where no answer came. */
export async function reach(path, options) {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, 0);
  }
}

async function understood(response) {
  const answer = await response.json().catch(() => null);
  if (answer?.result === "OK") return answer;
  throw new Failure(answer?.code ?? 0, response.status, Number(response.headers.get("retry-after")) || 0);
}

let renew = async () => {};

/** Who asks for the password when a session has ended; it returns when there is a new session. */
export function renewBy(renewal) {
  renew = renewal;
}

/** Do something with a session: again, once, behind a new login when it turns out that the session has ended. */
export async function withSession(task) {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof Failure) || !error.isExpired) throw error;
    await renew();
    return task();
  }
}

/** Ask with the session, and go on behind a new login where it has ended. Raises Failure. */
export function ask(path, parameters = {}) {
  return withSession(() => askOnce(path, parameters));
}

/** Store a record of a Blob. Raises Failure. */
export function addRecord(blob, meta) {
  const path = `addRecord.json?meta=${encodeURIComponent(meta)}`;
  return withSession(async () => understood(await reach(path, { method: "POST", body: blob })));
}
