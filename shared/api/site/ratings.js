// What the visitor rated. It stays in this browser.

const KEY = "cartelera.ratings.1";
/** As many as one question may carry. */
const MOST = 1000;

const sound = (entry) =>
  entry !== null &&
  typeof entry === "object" &&
  typeof entry.id === "string" &&
  typeof entry.title === "string" &&
  typeof entry.platform === "string" &&
  (entry.rating === null || (Number.isInteger(entry.rating * 2) && entry.rating >= 0.5 && entry.rating <= 5));

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter(sound).slice(0, MOST) : [];
  } catch {
    // No storage, or not ours: begin with nothing.
    return [];
  }
}

/** Newest first: `{ id, title, platform, kind, year, genres, rating }`; a rating of null is not given yet. */
let entries = read();
const listeners = new Set();

function changed() {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries.filter((entry) => entry.rating !== null)));
  } catch {
    // Without storage the ratings live as long as the page.
  }
  for (const listener of listeners) listener();
}

/** All, newest first, those without a rating yet among them. */
export const all = () => entries;

/** Those with a rating. */
export const rated = () => entries.filter((entry) => entry.rating !== null);

/** The rating of a title, or null. */
export const of = (id) => entries.find((entry) => entry.id === id)?.rating ?? null;

/** Puts a title on the list, to be rated. */
export function add(title) {
  if (!entries.some((entry) => entry.id === title.id)) {
    entries = [keep(title, null), ...entries].slice(0, MOST);
    changed();
  }
}

/** Rates a title. */
export function rate(title, rating) {
  const known = entries.find((entry) => entry.id === title.id);
  if (known) known.rating = rating;
  else entries = [keep(title, rating), ...entries].slice(0, MOST);
  changed();
}

/** Takes a title away. */
export function remove(id) {
  entries = entries.filter((entry) => entry.id !== id);
  changed();
}

/** Takes all away. */
export function clear() {
  entries = [];
  changed();
}

/** Calls at each change until the function that comes back is called. */
export function watch(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function keep({ id, title, platform, kind, year, genres }, rating) {
  return { id, title, platform, kind, year: year ?? null, genres: genres ?? [], rating };
}

// Another tab of the same browser.
addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) {
    entries = read();
    for (const listener of listeners) listener();
  }
});
