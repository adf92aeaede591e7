// The search field: a combobox that searches as the visitor types and drops late answers.

import { get, latest } from "./api.js";
import { announce, debounce, fill, h, uid } from "./dom.js";
import { t, tn } from "./i18n.js";
import { meet, meta, poster, trouble } from "./parts.js";

const N_SHOWN = 8;
const PAUSE = 120;

/** Returns a search field that calls `chosen` with the chosen title. */
export function search(label, chosen, { hint } = {}) {
  const id = uid("search");
  const input = h("input", {
    id,
    type: "search",
    role: "combobox",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": `${id}-list`,
    "aria-describedby": hint ? `${id}-hint` : null,
    maxlength: 100,
  });
  const options = h("ul", { id: `${id}-list`, role: "listbox", "aria-label": label, hidden: true });
  const note = h("div.note");
  const box = h(
    "div.search",
    null,
    h("label", { for: id }, label),
    h("div.combo", null, input, options),
    hint ? h("p.hint", { id: `${id}-hint` }, hint) : null,
    note,
  );
  const one = latest();
  let titles = [];
  let at = -1;

  function close() {
    options.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    at = -1;
  }

  function mark(next) {
    at = next;
    [...options.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    const option = options.children[at];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function choose(title) {
    ask.cancel();
    input.value = "";
    titles = [];
    close();
    fill(note);
    chosen(title);
  }

  function show(found) {
    titles = found.titles;
    meet(titles);
    fill(
      options,
      titles.map((title, i) =>
        h(
          "li",
          {
            id: `${id}-${i}`,
            role: "option",
            "aria-selected": "false",
            // Keeps the focus in the field, since losing it closes the list.
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => choose(title),
          },
          poster(title),
          h("div", null, h("p.name", null, title.title), meta(title)),
        ),
      ),
    );
    at = -1;
    input.removeAttribute("aria-activedescendant");
    options.hidden = titles.length === 0;
    input.setAttribute("aria-expanded", String(titles.length > 0));
    const words = titles.length > 0 ? tn("search.found", titles.length) : t("search.none", { q: input.value.trim() });
    announce(words);
    fill(note, titles.length > 0 ? null : h("p", null, words));
  }

  const ask = debounce(PAUSE, () => {
    const q = input.value.trim();
    if (q === "") return;
    one(
      (signal) => get("titles", { q, limit: N_SHOWN }, signal),
      (found) => {
        if (document.activeElement === input && input.value.trim() !== "") show(found);
      },
      (problem) => {
        close();
        fill(note, trouble(problem));
      },
    );
  });

  input.addEventListener("input", () => {
    if (input.value.trim() === "") {
      ask.cancel();
      titles = [];
      close();
      fill(note);
    } else ask();
  });
  input.addEventListener("blur", close);
  input.addEventListener("focus", () => {
    if (titles.length > 0 && input.value.trim() !== "") {
      options.hidden = false;
      input.setAttribute("aria-expanded", "true");
    }
  });
  input.addEventListener("keydown", (event) => {
    const n = titles.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (n === 0) return;
      event.preventDefault();
      options.hidden = false;
      input.setAttribute("aria-expanded", "true");
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(at === -1 ? (step === 1 ? 0 : n - 1) : (at + step + n) % n);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!options.hidden && n > 0) choose(titles[Math.max(at, 0)]);
    } else if (event.key === "Escape" && !options.hidden) {
      event.preventDefault();
      close();
    }
  });
  return { element: box, focus: () => input.focus() };
}
