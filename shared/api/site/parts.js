// Parts shared by several pages: posters, stars, cards, reasons, errors.

import { segment } from "./api.js";
import { h, put, uid } from "./dom.js";
import { list, number, own, percent, score, t, tn } from "./i18n.js";
import * as ratings from "./ratings.js";
import { areStars, high, known, ofStars, toStars } from "./scale.js";

/** Beginnings of genre names in catalogs; each has a color, and a name in both languages. */
export const GENRES = [
  "action", "anim", "comed", "crime", "documentar", "drama", "horror", "kids", "music", "roman", "sci", "thriller",
];

/** The known platforms: four to start with, and those in answers so far. */
export const platforms = new Set(["amazon", "disney", "hulu", "netflix"]);

/** Remembers the platforms of titles. */
export function meet(titles) {
  for (const title of titles) platforms.add(title.platform);
}

const stemOf = (genre) => GENRES.find((stem) => new RegExp(`(^|[^a-z])${stem}`).test(genre.toLowerCase()));

const PLATFORMS = { amazon: "Amazon Prime", disney: "Disney+", hulu: "Hulu", netflix: "Netflix" };

/** Returns the name of a platform. */
export const platformName = (id) => own(PLATFORMS, id) ?? id;

/** Returns a tile in place of a picture: a color by genre, and the title's initials. */
export function poster(title) {
  const stem = (title.genres ?? []).map(stemOf).findLast(Boolean);
  const shade = stem ? GENRES.indexOf(stem) : title.title.length % GENRES.length;
  const initials = (title.title.match(/[\p{L}\p{N}][\p{L}\p{N}'’]*/gu) ?? ["?"])
    .filter((word, i) => i === 0 || !/^(the|a|an|of|and|el|la|los|las|de|y)$/i.test(word))
    .filter((word, i, all) => i > 0 || all.length === 1 || !/^(the|a|an|el|la|los|las)$/i.test(word))
    .slice(0, 2)
    .map((word) => [...word][0].toUpperCase())
    .join("");
  return h(`div.poster.g${shade}`, { "aria-hidden": "true" }, h("span", null, initials));
}

/** Returns type, year and platforms in one line. */
export function meta(title) {
  const words = [t(`kind.${title.kind}`)];
  if (title.year) words.push(String(title.year));
  words.push(platformName(title.platform));
  const others = [...new Set((title.also_on ?? []).map((edition) => platformName(edition.platform)))];
  const also = others.length > 0 ? `, ${t("title.also", { platforms: list(others) })}` : "";
  return h("p.meta", null, words.join(" · ") + also);
}

/** Returns a link to the page of a title. */
export const titleLink = (title) => h("a", { href: `#/title/${segment(title.id)}` }, title.title);

/** Returns what a text says of a rating: the number, and the highest one. */
export const outOf = (value) => ({ n: score(value), max: number(high()) });

/** Returns stars that show a rating and cannot be changed. */
export function shownStars(value, label) {
  const halves = Math.max(0, Math.min(10, Math.round(toStars(value) * 2)));
  return h("span.shown", { role: "img", "aria-label": label ?? t("stars.of", outOf(value)) }, h(`span.gold.w${halves}`));
}

/** Returns stars to rate with: radio buttons, so that arrow keys and screen readers work. */
export function stars(title, { onrate } = {}) {
  const name = uid("stars");
  const now = ratings.of(title.id);
  const group = h("fieldset.stars", null, h("legend.vh", null, t("stars.legend", { title: title.title })));
  const track = h("div.track", null, h("span.gold"));
  for (let halves = 1; halves <= 10; halves++) {
    const value = halves / 2;
    const input = h("input", {
      type: "radio",
      name,
      value,
      onchange: () => {
        ratings.rate(title, value);
        onrate?.(value);
      },
    });
    input.checked = value === now;
    track.append(h("label", null, input, h("span.vh", null, tn("stars", value))));
  }
  // On another scale, a screen reader reads the rating that the stars give.
  known.then(() => {
    if (areStars()) return;
    track.querySelectorAll(".vh").forEach((label, i) => (label.textContent = t("stars.of", outOf(ofStars((i + 1) / 2)))));
  });
  return put(group, track);
}

/** Updates stars after the title was rated elsewhere on the page. */
export function syncStars(element, id) {
  const now = ratings.of(id);
  for (const input of element.querySelectorAll(".stars input")) input.checked = Number(input.value) === now;
}

/** Returns the text key of a list's reasons: those of a ranking are liked titles only. */
export const reasonOf = (strategy) => (strategy.startsWith("ranking") ? "liked" : "because");

/** Returns the rated titles behind a recommendation, with bars. */
function reasons(title, because) {
  // Leaves out shares that would be shown as 0%.
  const found = (title.reasons ?? []).filter((reason, i) => i === 0 || reason.share >= 0.005);
  if (found.length === 0) return null;
  const most = Math.max(...found.map((reason) => reason.share));
  return h(
    "div.why",
    null,
    h("p.because", null, because),
    h(
      "ul",
      { "aria-label": t("why.heading", { title: title.title }) },
      found.map((reason) =>
        h(
          "li",
          null,
          h("span.what", null, titleLink(reason), " ", shownStars(reason.rating)),
          h(
            "span.share",
            null,
            h("meter", { min: 0, max: most, value: reason.share, "aria-label": t("why.share", { n: percent(reason.share) }) }),
            h("span", { "aria-hidden": "true" }, percent(reason.share)),
          ),
        ),
      ),
    ),
  );
}

/** Returns the card of a recommended or similar title. */
export function card(title, { rank, because, seen, likeness } = {}) {
  const genres = (title.genres ?? []).slice(0, 3).join(", ");
  return h(
    "li.card",
    null,
    poster(title),
    h(
      "div.text",
      null,
      h("h3", null, rank ? h("span.rank", null, `${rank}. `) : null, titleLink(title)),
      meta(title),
      genres ? h("p.genres", { lang: "en" }, genres) : null,
      likeness
        ? h("p.score", null, t("title.likeness", { n: percent(title.score) }))
        : h("p.score", null, shownStars(title.score, t("title.score", outOf(title.score))), h("span", { "aria-hidden": "true" }, score(title.score))),
      because ? reasons(title, because) : null,
      seen
        ? h("button.quiet", { type: "button", "aria-label": `${t("title.seen")}: ${title.title}`, onclick: () => seen(title) }, t("title.seen"))
        : null,
    ),
  );
}

/** Returns how many ratings a title has, where that is known. */
export const ratingCount = (n) => (Number.isFinite(n) ? h("p.genres", null, tn("title.n_ratings", n)) : null);

/** Returns gray shapes to show while an answer is on its way. */
export const waiting = (n = 3) =>
  h("div.waiting", null, h("p.vh", null, t("list.loading")), Array.from({ length: n }, () => h("div.ghost", { "aria-hidden": "true" })));

/**
 * Returns an error as text, with the server's own words. That a release has no ratings, or that a service does
 * not answer about users, is not an error.
 */
export function trouble(problem, again) {
  if (problem.isPersonal) return h("p.empty", null, t("error.personal"));
  if (problem.noRatings) return h("p.empty", null, t("error.no_ratings"));
  const said = problem.detail;
  let words;
  if (problem.status === 0) words = [h("p", null, t("error.offline"))];
  else if (problem.noRoute || problem.noApi) words = [h("p", null, t("error.route"))];
  else if (problem.status >= 500) words = [h("p", null, t("error.server", { status: problem.status }))];
  else {
    const heading = problem.status === 404 ? t("error.missing") : t("error.invalid");
    const errors = problem.errors.length > 0 ? problem.errors : [{ problem: said }];
    words = [
      h("p", null, heading),
      h("ul", { lang: "en" }, errors.map((e) => h("li", null, e.parameter ? [h("b", null, e.parameter), ": "] : null, e.problem))),
    ];
  }
  const retry = again ? h("button.quiet", { type: "button", onclick: again }, t("error.again")) : null;
  return h("div.trouble", { role: "alert" }, h("p.what", null, t("error.heading")), words, retry);
}

/** Returns a labeled field. */
export function field(label, input) {
  input.id = uid("field");
  return h("div.field", null, h("label", { for: input.id }, label), input);
}

/** Returns a list of names and values. */
export const facts = (pairs) => h("dl.facts", null, pairs.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));

/** Returns a section with its own heading. */
export const panel = (heading, ...children) => h("section.panel", { "aria-label": heading }, h("h2", null, heading), ...children);
