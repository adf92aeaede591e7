// Chooses the page to show, and its language.

import { Problem } from "./api.js";
import { fill, h } from "./dom.js";
import { home } from "./home.js";
import { lang, learn, setLang, t } from "./i18n.js";
import { trouble, waiting } from "./parts.js";
import { title } from "./title.js";
import { user } from "./user.js";

const main = document.getElementById("main");
let leave;

function lost() {
  return { title: t("page.missing"), content: [h("div.hero", null, h("h1", { tabindex: -1 }, t("page.missing")), h("p", null, h("a", { href: "#/" }, t("title.back"))))] };
}

/** Returns a page whose module is loaded on demand. */
function later(name, load) {
  const stage = h("div.stage", null, waiting(2));
  const again = () => location.reload();
  Promise.all([load(), import("./i18n.later.js")]).then(
    ([module, { more }]) => {
      learn(more);
      module.show(stage);
    },
    () => fill(stage, trouble(new Problem(0), again)),
  );
  const heading = t(`${name}.heading`);
  return { title: heading, content: [h("div.hero", null, h("h1", { tabindex: -1 }, heading), h("p.lead", null, t(`${name}.lead`))), stage] };
}

/** Returns the page that the address names, such as `#/user/1` or `#/title/ns1`. */
function page() {
  const [name = "", ...rest] = location.hash.replace(/^#?\/?/, "").split("/");
  let id = rest.join("/");
  try {
    id = decodeURIComponent(id);
  } catch {
    // A stray percent sign: take the text as it is.
  }
  if (name === "") return ["home", home()];
  if (name === "user") return ["user", user(id === "" ? undefined : id)];
  if (name === "title" && id !== "") return ["", title(id)];
  if (name === "queries") return ["queries", later("queries", () => import("./queries.js"))];
  if (name === "data") return ["data", later("data", () => import("./data.js"))];
  if (name === "model") return ["model", later("model", () => import("./model.js"))];
  return ["", lost()];
}

function shell(current) {
  document.documentElement.lang = lang();
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.page === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const button of document.querySelectorAll("#langs button")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === lang()));
  }
}

function show(moved) {
  leave?.();
  const [name, shown] = page();
  leave = shown.leave;
  shell(name);
  document.title = shown.title === "Cartelera" ? shown.title : `${shown.title} · Cartelera`;
  main.className = name === "" ? "other" : name;
  main.replaceChildren(...shown.content);
  if (moved) {
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
}

document.getElementById("langs").addEventListener("click", (event) => {
  const next = event.target.closest("button")?.dataset.lang;
  if (next === undefined || next === lang()) return;
  setLang(next);
  show(false);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  // The fragment names the page, so the anchor must not change it.
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => show(true));
show(false);
