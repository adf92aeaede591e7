// The page of one title: its rating, similar titles, and a prediction for a user.

import { get, latest, segment } from "./api.js";
import { announce, fill, h, put } from "./dom.js";
import { t, tn } from "./i18n.js";
import { card, field, meet, meta, poster, ratingCount, stars, syncStars, trouble, waiting } from "./parts.js";
import * as ratings from "./ratings.js";
import { verdict } from "./user.js";

const N_SIMILAR = 12;

/** Returns the page. */
export function title(id) {
  const heading = h("h1", { tabindex: -1 }, "…");
  const about = h("div.text", null, heading);
  const top = h("div.hero.title", null, about);
  const stage = h("div.stage", null, waiting(4));
  const lead = h("p.lead");
  const out = h("div.answer", { "aria-live": "polite" });
  const [describing, likening, predicting] = [latest(), latest(), latest()];
  let described = false;
  let nRatings;
  let strategy;

  /** Says how the similar titles were found. */
  function explain() {
    if (strategy === undefined) return;
    const cold = nRatings === 0 ? "title.similar.cold" : "title.similar.lead";
    fill(lead, t(strategy === "genres" ? "title.similar.genres" : cold));
  }

  function describe(found) {
    meet([found]);
    if (described && !Number.isFinite(found.n_ratings)) return;
    described = true;
    nRatings = found.n_ratings;
    explain();
    heading.textContent = found.title;
    document.title = `${found.title} · Cartelera`;
    top.replaceChildren(poster(found), about);
    const genres = (found.genres ?? []).join(", ");
    about.replaceChildren(heading);
    put(
      about,
      meta(found),
      genres ? h("p.genres", { lang: "en" }, genres) : null,
      ratingCount(found.n_ratings),
      h("p.label", { "aria-hidden": "true" }, t("title.yours")),
      stars(found),
    );
  }

  function ask() {
    likening(
      (signal) => get(`similar/${segment(id)}`, { n: N_SIMILAR }, signal),
      (found) => {
        if (!described) describe(found);
        meet(found.similar);
        strategy = found.strategy;
        explain();
        fill(
          stage,
          found.similar.length === 0
            ? h("p.empty", null, t("title.similar.none"))
            : h("ol.cards", null, found.similar.map((item) => card(item, { likeness: true }))),
        );
        announce(tn("list.updated", found.similar.length));
      },
      (problem) => {
        if (!described) heading.textContent = t(problem.nothing ? "page.missing" : "error.heading");
        fill(lead);
        fill(stage, trouble(problem, ask));
      },
    );
    // The answer above names the title too, on servers without the titles route.
    describing((signal) => get(`titles/${segment(id)}`, {}, signal), describe, () => {});
  }

  const input = h("input", { type: "text", required: true, maxlength: 64, autocomplete: "off", spellcheck: "false" });
  const form = h(
    "form.ask",
    {
      onsubmit: (event) => {
        event.preventDefault();
        fill(out, waiting(1));
        predicting(
          (signal) => get("predict", { user_id: input.value.trim(), id }, signal),
          (found) => fill(out, verdict(found)),
          (problem) => fill(out, trouble(problem)),
        );
      },
    },
    field(t("user.id"), input),
    h("button.do", { type: "submit" }, t("queries.ask")),
  );
  const unwatch = ratings.watch(() => syncStars(about, id));
  ask();

  const content = [
    top,
    h("p.back", null, h("a", { href: "#/" }, t("title.back"))),
    h("section.panel.of-users", { "aria-labelledby": "suit-heading" }, h("h2", { id: "suit-heading" }, t("title.ask")), form, out),
    h("section", { "aria-labelledby": "similar-heading" }, h("h2", { id: "similar-heading" }, t("title.similar")), lead, stage),
  ];
  return { title: "Cartelera", content, leave: unwatch };
}
