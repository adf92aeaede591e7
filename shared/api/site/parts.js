// What several pages are made of: posters, stars, cards, reasons, problems.

import { segment } from "./api.js";
import { h, put, uid } from "./dom.js";
import { list, percent, score, t, tn } from "./i18n.js";
import * as ratings from "./ratings.js";

/** The genres that have a name in both languages, and a colour: the beginning of what catalogues write. */
export const GENRES = [
  "action", "anim", "comed", "crime", "documentar", "drama", "horror", "kids", "music", "roman", "sci", "thriller",
];

/** Platforms: those of the catalogues that everybody has, and what answers have shown beside them. */
export const platforms = new Set(["amazon", "disney", "hulu", "netflix"]);

/** Remembers which platforms titles are on. */
export function meet(titles) {
  for (const title of titles) platforms.add(title.platform);
}

const stemOf = (genre) => GENRES.find((stem) => new RegExp(`(^|[^a-z])${stem}`).test(genre));

const PLATFORMS = { amazon: "Amazon Prime", disney: "Disney+", hulu: "Hulu", netflix: "Netflix" };

/** The name of a platform. */
export const platformName = (id) => PLATFORMS[id] ?? id;

/** A tile in place of a picture: colours by genre, the initials of the title. It says nothing that the text does not. */
export function poster(title) {
  const stem = (title.genres ?? []).map(stemOf).findLast(Boolean);
  const shade = stem ? GENRES.indexOf(stem) : title.title.length % GENRES.length;
  const initials = (title.title.match(/[\p{L}\p{N}]+/gu) ?? ["?"])
    .filter((word, i) => i === 0 || !/^(the|a|an|of|and|el|la|los|las|de|y)$/i.test(word))
    .filter((word, i, all) => i > 0 || all.length === 1 || !/^(the|a|an|el|la|los|las)$/i.test(word))
    .slice(0, 2)
    .map((word) => [...word][0].toUpperCase())
    .join("");
  return h(`div.poster.g${shade}`, { "aria-hidden": "true" }, h("span", null, initials));
}

/** Kind, year and platforms in one line. */
export function meta(title) {
  const words = [t(`kind.${title.kind}`)];
  if (title.year) words.push(String(title.year));
  words.push(platformName(title.platform));
  const others = [...new Set((title.also_on ?? []).map((edition) => platformName(edition.platform)))];
  const also = others.length > 0 ? `, ${t("title.also", { platforms: list(others) })}` : "";
  return h("p.meta", null, words.join(" · ") + also);
}

/** A link to the page of a title. */
export const titleLink = (title) => h("a", { href: `#/title/${segment(title.id)}` }, title.title);

/** Stars that are read, not given. */
export function shownStars(value, label) {
  const halves = Math.max(0, Math.min(10, Math.round(value * 2)));
  return h("span.shown", { role: "img", "aria-label": label ?? t("stars.of", { n: score(value) }) }, h(`span.gold.w${halves}`));
}

/** Stars to give, half by half: a group of radio buttons, so that arrow keys and screen readers know it. */
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
  return put(group, track);
}

/** Holds stars to what is rated elsewhere on the page. */
export function syncStars(element, id) {
  const now = ratings.of(id);
  for (const input of element.querySelectorAll(".stars input")) input.checked = Number(input.value) === now;
}

/** The rated titles that speak for a recommendation, with bars. */
function reasons(title, because) {
  // A share that would be shown as nothing is no reason to a reader.
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

/** A recommended or similar title. */
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
        : h("p.score", null, shownStars(title.score, t("title.score", { n: score(title.score) })), h("span", { "aria-hidden": "true" }, score(title.score))),
      because ? reasons(title, because) : null,
      seen
        ? h("button.quiet", { type: "button", "aria-label": `${t("title.seen")}: ${title.title}`, onclick: () => seen(title) }, t("title.seen"))
        : null,
    ),
  );
}

/** How many ratings a title has, where that is known. */
export const ratingCount = (n) => (Number.isFinite(n) ? h("p.genres", null, tn("title.n_ratings", n)) : null);

/** Grey shapes while an answer is on its way. */
export const waiting = (n = 3) =>
  h("div.waiting", null, h("p.vh", null, t("list.loading")), Array.from({ length: n }, () => h("div.ghost", { "aria-hidden": "true" })));

/** A problem in words, with what the server said of it. */
export function trouble(problem, again) {
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

/** A labelled field. */
export function field(label, input) {
  input.id = uid("field");
  return h("div.field", null, h("label", { for: input.id }, label), input);
}

/** Names and values. */
export const facts = (pairs) => h("dl.facts", null, pairs.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));

/** A part of a page with a heading of its own. */
export const panel = (heading, ...children) => h("section.panel", { "aria-label": heading }, h("h2", null, heading), ...children);
