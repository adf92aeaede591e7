// The visitor's ratings, kept in this browser only.

const KEY = "cartelera.ratings.1";
/** The most ratings that the API takes in one request. */
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
    // No storage, or content that is not ours: start empty.
    return [];
  }
}

/** Newest first: `{ id, title, platform, kind, year, genres, rating }`; `rating` is null until given. */
let entries = read();
const listeners = new Set();

function changed() {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries.filter((entry) => entry.rating !== null)));
  } catch {
    // No storage: the ratings last as long as the page.
  }
  for (const listener of listeners) listener();
}

/** Returns all entries, newest first, including those without a rating yet. */
export const all = () => entries;

/** Returns the entries that have a rating. */
export const rated = () => entries.filter((entry) => entry.rating !== null);

/** Returns the rating of a title, or null. */
export const of = (id) => entries.find((entry) => entry.id === id)?.rating ?? null;

/** Adds a title to be rated. */
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

/** Removes a title. */
export function remove(id) {
  entries = entries.filter((entry) => entry.id !== id);
  changed();
}

/** Removes all titles. */
export function clear() {
  entries = [];
  changed();
}

/** Calls the listener at each change. Returns a function that stops this. */
export function watch(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function keep({ id, title, platform, kind, year, genres }, rating) {
  return { id, title, platform, kind, year: year ?? null, genres: genres ?? [], rating };
}

// A change in another tab of the same browser.
addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) {
    entries = read();
    for (const listener of listeners) listener();
  }
});
