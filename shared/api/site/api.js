// Requests to the API, relative to the page's address, so that a stage in the path is kept.

import { known } from "./scale.js";

/** An error: an RFC 9457 problem, or no response at all (`status` 0). */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail ?? body.title ?? String(status));
    this.status = status;
    this.kind = typeof body.type === "string" ? body.type.split(":").pop() : "";
    this.detail = body.detail ?? "";
    this.errors = Array.isArray(body.errors) ? body.errors : [];
  }

  /** Whether the server does not have the route, for example because it is older. */
  get noRoute() {
    return this.kind === "no-route";
  }

  /** Whether the API is missing, as at the URL of the function that only serves the pages. */
  get noApi() {
    return this.kind === "no-json" || (this.kind === "" && this.status >= 400 && this.status < 500);
  }

  /** Whether the server does not return data about users, or could not identify the user. */
  get isPersonal() {
    return this.kind === "personal-routes";
  }

  /** Whether the answer needs ratings, and the release has none. */
  get noRatings() {
    return this.kind === "no-ratings";
  }

  /** Whether the thing asked for does not exist. */
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

/** Returns the parameters that have a value. */
export function given(params) {
  return Object.fromEntries(
    Object.entries(params ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined),
  );
}

/** Sends a GET request, without the empty parameters. */
export function get(path, params, signal) {
  const query = new URLSearchParams(given(params)).toString();
  return ask(query === "" ? path : `${path}?${query}`, { signal });
}

/** Sends JSON in a POST request. */
export function post(path, body, signal) {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(given(body)), signal });
}

/** Returns an id as a path segment. */
export const segment = (id) => encodeURIComponent(id);

/**
 * Runs one request at a time: a new one aborts the one before, whose callbacks are never called.
 */
export function latest() {
  let current;
  return async (question, answered, failed) => {
    current?.abort();
    const mine = (current = new AbortController());
    try {
      const [answer] = await Promise.all([question(mine.signal), known]);
      if (mine === current) answered(answer);
    } catch (error) {
      if (mine !== current || error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      failed(error);
    }
  };
}
