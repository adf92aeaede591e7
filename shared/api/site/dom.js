// Elements without markup in strings: what comes from data is always text.

/**
 * An element: `h("p.note", { lang: "en" }, "words", child)`. Attributes that are null, undefined or false are left out;
 * functions are listeners of the event they are named by (`onclick`).
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

/** Appends what is given, lists flattened, and leaves out what is nothing. */
export function put(element, ...children) {
  for (const child of children.flat(3)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

let n = 0;
/** An id that no other element has. */
export const uid = (prefix) => `${prefix}-${++n}`;

/** Calls no more often than every `ms`, with the last arguments. */
export function debounce(ms, f) {
  let timer;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Says something to screen readers. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}
