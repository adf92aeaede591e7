// Questions to the API. Its place is the page's own, so that a stage in front of the path is kept.

/** An answer that says what is wrong: RFC 9457, or no answer at all (`status` 0). */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail ?? body.title ?? String(status));
    this.status = status;
    this.kind = typeof body.type === "string" ? body.type.split(":").pop() : "";
    this.detail = body.detail ?? "";
    this.errors = Array.isArray(body.errors) ? body.errors : [];
  }

  /** Whether the server does not know the route, as an older one. */
  get noRoute() {
    return this.kind === "no-route";
  }

  /** Whether the API is not there at all: the pages stand alone, as at their function's own URL, and somebody else refuses. */
  get noApi() {
    return this.kind === "no-json" || (this.kind === "" && this.status >= 400 && this.status < 500);
  }

  /** Whether what was asked for is not there. */
  get nothing() {
    return this.kind === "not-found";
  }
}

async function ask(path, init) {
  let response;
  try {
    response = await fetch(new URL(path, new URL(".", document.baseURI)), init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(response.status, response.ok ? { type: "no-json" } : {});
  }
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

/** The parameters that say something. */
export function given(params) {
  return Object.fromEntries(
    Object.entries(params ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined),
  );
}

/** GET; parameters that are empty are left out. */
export function get(path, params, signal) {
  const query = new URLSearchParams(given(params)).toString();
  return ask(query === "" ? path : `${path}?${query}`, { signal });
}

/** POST of JSON. */
export function post(path, body, signal) {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(given(body)), signal });
}

/** A path segment of an id. */
export const segment = (id) => encodeURIComponent(id);

/**
 * Runs one question at a time: a new one ends the one before, whose answer is never seen.
 * `answered` and `failed` are called for the last alone.
 */
export function latest() {
  let current;
  return async (question, answered, failed) => {
    current?.abort();
    const mine = (current = new AbortController());
    try {
      const answer = await question(mine.signal);
      if (mine === current) answered(answer);
    } catch (error) {
      if (mine !== current || error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      failed(error);
    }
  };
}
