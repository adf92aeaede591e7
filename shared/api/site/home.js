// The first page: find titles, rate them, and get recommendations.

import { get, latest, post, Problem } from "./api.js";
import { announce, debounce, fill, h, put } from "./dom.js";
import { asked, filters } from "./filters.js";
import { own, t, tn } from "./i18n.js";
import { card, meet, meta, poster, reasonOf, stars, syncStars, titleLink, trouble, waiting } from "./parts.js";
import * as ratings from "./ratings.js";
import { known, ofStars } from "./scale.js";
import { search } from "./search.js";

const N_LISTED = 12;
const N_STRIP = 18;

/** Returns well-known titles; from a server without the titles route, popular recommendations. */
async function wellKnown(signal) {
  try {
    return (await get("titles", { limit: N_STRIP }, signal)).titles;
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
    return (await post("recommendations", { ratings: [], n: N_STRIP }, signal)).recommendations;
  }
}

/**
 * Returns recommendations for the visitor's ratings, and how many of the ratings are for titles that the release
 * does not have. The server leaves those out; if it has none of the titles, the list is made without ratings.
 */
async function recommended(signal) {
  await known;
  const given = ratings.rated().map(({ id, rating }) => ({ id, rating: ofStars(rating) }));
  const ask = (ratings) => post("recommendations", { ratings, n: N_LISTED, reasons: 3, ...asked() }, signal);
  try {
    const found = await ask(given);
    return { ...found, n_gone: found.ignored?.length ?? 0 };
  } catch (error) {
    const gone = error instanceof Problem && error.status === 404 && given.some(({ id }) => error.detail.includes(`"${id}"`));
    if (!gone) throw error;
    return { ...(await ask([])), n_gone: given.length };
  }
}

/** Returns the page. */
export function home() {
  const strip = h("ul.strip", { tabindex: 0, "aria-labelledby": "strip-heading" });
  const stripBox = h("section.known", null, h("h2", { id: "strip-heading" }, t("home.strip")), h("div.stage", null, waiting(3)));
  const yours = h("ul.yours");
  const yoursEmpty = h("p.empty", null, t("home.yours.empty"));
  const clear = h("button.quiet", { type: "button", onclick: clearAll }, t("home.clear"));
  const billLead = h("p.lead");
  const bill = h("div.stage", { "aria-busy": "true" }, waiting(4));
  const rows = new Map();
  const listing = latest();
  const strips = latest();

  const finder = search(t("search.label"), begin, { hint: t("search.hint") });

  function begin(title) {
    ratings.add(title);
    rows.get(title.id)?.querySelector("input")?.focus();
    rows.get(title.id)?.scrollIntoView({ block: "nearest" });
  }

  function clearAll() {
    if (!confirm(t("home.clear.sure"))) return;
    ratings.clear();
    announce(t("home.cleared"));
    finder.focus();
  }

  function row(entry) {
    return h(
      "li.row",
      null,
      poster(entry),
      h("div.text", null, h("p.name", null, titleLink(entry)), meta(entry), stars(entry), h("p.pending", null, t("home.yours.pending"))),
      h(
        "button.remove",
        {
          type: "button",
          "aria-label": t("stars.remove", { title: entry.title }),
          onclick: () => {
            const next = rows.get(entry.id).nextElementSibling ?? rows.get(entry.id).previousElementSibling;
            ratings.remove(entry.id);
            const to = next?.querySelector("button.remove");
            if (to) to.focus();
            else finder.focus();
          },
        },
        h("span", { "aria-hidden": "true" }, "×"),
      ),
    );
  }

  /** Draws the rated titles. Keeps existing rows, and with them the focus. */
  function drawYours() {
    const entries = ratings.all();
    for (const [id, element] of rows) {
      if (!entries.some((entry) => entry.id === id)) {
        element.remove();
        rows.delete(id);
      }
    }
    entries.forEach((entry, i) => {
      if (!rows.has(entry.id)) rows.set(entry.id, row(entry));
      const element = rows.get(entry.id);
      if (yours.children[i] !== element) yours.insertBefore(element, yours.children[i] ?? null);
      element.classList.toggle("unrated", entry.rating === null);
      syncStars(element, entry.id);
    });
    yours.hidden = entries.length === 0;
    yoursEmpty.hidden = entries.length > 0;
    clear.hidden = entries.length === 0;
  }

  function drawBill(found) {
    const n = ratings.rated().length;
    const same = own({ popular: "home.bill.popular", biases: "home.bill.biases" }, found.strategy);
    fill(
      billLead,
      same ? t(same) : tn("home.bill.yours", n),
      found.strategy === "ranking_fold_in" ? ` ${t("home.bill.stars")}` : null,
      found.n_gone > 0 ? ` ${tn("home.gone", found.n_gone)}` : null,
    );
    const items = found.recommendations;
    meet(items);
    bill.setAttribute("aria-busy", "false");
    bill.classList.remove("old");
    fill(
      bill,
      items.length === 0
        ? h("p.empty", null, t("list.empty"))
        : h("ol.cards", null, items.map((title, i) => card(title, { rank: i + 1, because: t(`why.${reasonOf(found.strategy)}`), seen: begin }))),
    );
    announce(tn("list.updated", items.length));
  }

  function ask() {
    bill.setAttribute("aria-busy", "true");
    bill.classList.add("old");
    listing(recommended, drawBill, (problem) => {
      bill.setAttribute("aria-busy", "false");
      bill.classList.remove("old");
      fill(billLead);
      fill(bill, trouble(problem, ask));
    });
  }
  const askSoon = debounce(150, ask);

  function askStrip() {
    const stage = stripBox.querySelector(".stage");
    strips(
      wellKnown,
      (titles) => {
        meet(titles);
        for (const title of titles) {
          strip.append(h("li", { "data-id": title.id }, poster(title), h("p.name", null, titleLink(title)), meta(title), stars(title)));
        }
        fill(stage, titles.length > 0 ? strip : h("p.empty", null, t("home.strip.empty")));
      },
      (problem) => fill(stage, trouble(problem, askStrip)),
    );
  }

  const unwatch = ratings.watch(() => {
    drawYours();
    for (const item of strip.children) syncStars(item, item.dataset.id);
    askSoon();
  });
  drawYours();
  askStrip();
  ask();

  const content = [
    h("div.hero", null, h("h1", { tabindex: -1 }, t("home.heading")), h("p.lead", null, t("home.lead")), finder.element),
    stripBox,
    h(
      "div.halves",
      null,
      h("section.side", { "aria-labelledby": "yours-heading" }, h("div.head", null, h("h2", { id: "yours-heading" }, t("home.yours")), clear), yoursEmpty, yours),
      put(
        h("section.wide", { "aria-labelledby": "bill-heading" }),
        h("h2", { id: "bill-heading" }, t("home.bill")),
        billLead,
        filters(askSoon),
        bill,
      ),
    ),
  ];
  return { title: t("home.heading"), content, leave: unwatch };
}
