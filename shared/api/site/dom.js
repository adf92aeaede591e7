// Builds elements without markup in strings, so that data is always shown as text.

/**
 * Creates an element: `h("p.note", { lang: "en" }, "text", child)`. Skips attributes that are null, undefined
 * or false. A function becomes a listener for the event in its name (`onclick`).
 */
export function h(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  put(element, ...children);
  return element;
}

/** Appends children: flattens lists, and skips null, undefined and false. */
export function put(element, ...children) {
  for (const child of children.flat(3)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

let n = 0;
/** Returns an id that no other element has. */
export const uid = (prefix) => `${prefix}-${++n}`;

/** Returns a function that calls `f` after `ms` without another call. */
export function debounce(ms, f) {
  let timer;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Announces a text to screen readers. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}
