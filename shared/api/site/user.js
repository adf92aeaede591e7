// The page of a user in the data: history, recommendations, predictions.

import { get, latest, segment } from "./api.js";
import { announce, debounce, fill, h, put } from "./dom.js";
import { asked, filters } from "./filters.js";
import { score, sentence, t, tn } from "./i18n.js";
import { card, field, meet, meta, outOf, poster, reasonOf, shownStars, titleLink, trouble, waiting } from "./parts.js";
import { search } from "./search.js";

const N_LISTED = 12;
const N_HISTORY = 12;
const EXAMPLES = ["1", "42", "100"];

/** Returns the answer of `/predict` as a sentence. */
export function verdict(found) {
  const parts = {
    title: h("b", null, found.title),
    user: h("b", null, found.user_id),
    score: h("b", null, score(found.score)),
    threshold: score(found.threshold),
    max: outOf(0).max,
  };
  // A user without ratings is unknown: the score is that of an average user.
  const key = found.strategy === "popular" ? "unknown" : found.recommended ? "yes" : "no";
  return h(
    `div.verdict.${key}`,
    null,
    poster(found),
    h("div", null, shownStars(found.score), h("p", null, sentence(`user.answer.${key}`, parts))),
  );
}

function history(id) {
  const count = h("p.lead");
  const list = h("ul.yours");
  const stage = h("div.stage", null, waiting(3));
  const asking = latest();

  function more(cursor) {
    asking(
      (signal) => get(`users/${segment(id)}`, { limit: N_HISTORY, cursor }, signal),
      (found) => {
        meet(found.ratings);
        if (Number.isFinite(found.n_ratings)) fill(count, tn("user.history.count", found.n_ratings));
        for (const title of found.ratings) {
          const label = t("title.rated", outOf(title.rating));
          list.append(
            h("li.row", null, poster(title), h("div.text", null, h("p.name", null, titleLink(title)), meta(title), shownStars(title.rating, label))),
          );
        }
        const next = found.next_cursor
          ? h("button.quiet", { type: "button", onclick: () => more(found.next_cursor) }, t("list.more"))
          : null;
        fill(stage, list.children.length > 0 ? list : h("p.empty", null, t("user.history.none")), next);
      },
      (problem) => {
        fill(stage, problem.nothing ? h("p.empty", null, t("user.history.none")) : trouble(problem, () => more(cursor)));
      },
    );
  }
  more();
  return [count, stage];
}

function recommendations(id) {
  const lead = h("p.lead");
  const stage = h("div.stage", { "aria-busy": "true" }, waiting(4));
  const asking = latest();

  function ask() {
    stage.setAttribute("aria-busy", "true");
    stage.classList.add("old");
    const done = () => {
      stage.setAttribute("aria-busy", "false");
      stage.classList.remove("old");
    };
    asking(
      (signal) => get(`recommendations/${segment(id)}`, { n: N_LISTED, reasons: 3, ...asked() }, signal),
      (found) => {
        done();
        const items = found.recommendations;
        meet(items);
        fill(lead, t(found.strategy === "popular" ? "user.list.popular" : "user.list.model"));
        fill(
          stage,
          items.length === 0
            ? h("p.empty", null, t("list.empty"))
            : h("ol.cards", null, items.map((title, i) => card(title, { rank: i + 1, because: t(`why.user.${reasonOf(found.strategy)}`) }))),
        );
        announce(tn("list.updated", items.length));
      },
      (problem) => {
        done();
        fill(stage, trouble(problem, ask));
      },
    );
  }
  ask();
  return [lead, filters(debounce(150, ask)), stage];
}

function question(id) {
  const out = h("div.answer", { "aria-live": "polite" });
  const asking = latest();
  const find = search(t("search.label"), (title) => {
    fill(out, waiting(1));
    asking(
      (signal) => get("predict", { user_id: id, id: title.id }, signal),
      (found) => fill(out, verdict(found)),
      (problem) => fill(out, trouble(problem)),
    );
  });
  return [h("p.lead", null, t("user.ask.lead")), find.element, out];
}

/** Returns the page of a user, or the form alone. */
export function user(id) {
  const input = h("input", { type: "text", value: id ?? "", required: true, maxlength: 64, autocomplete: "off", spellcheck: "false" });
  const form = h(
    "form.ask.of-users",
    {
      onsubmit: (event) => {
        event.preventDefault();
        location.hash = `#/user/${segment(input.value.trim())}`;
      },
    },
    field(t("user.id"), input),
    h("button.do", { type: "submit" }, t("user.go")),
    h("p.hint.of-anybody", null, t("user.try"), " ", EXAMPLES.flatMap((example, i) => [i > 0 ? ", " : null, h("a", { href: `#/user/${example}` }, example)])),
  );
  const heading = id === undefined ? t("user.heading") : t("user.of", { id });
  const hero = h("div.hero", null, h("h1", { tabindex: -1 }, heading), h("p.lead.of-users", null, t("user.lead")), form);
  const content = [hero, h("p.empty.of-nobody", null, t("error.personal"))];
  if (id !== undefined) {
    content.push(
      put(h("section.panel.of-users", { "aria-labelledby": "ask-heading" }), h("h2", { id: "ask-heading" }, t("user.ask")), question(id)),
      h(
        "div.halves.of-users",
        null,
        put(h("section.side", { "aria-labelledby": "history-heading" }), h("h2", { id: "history-heading" }, t("user.history")), history(id)),
        put(h("section.wide", { "aria-labelledby": "list-heading" }), h("h2", { id: "list-heading" }, t("user.list")), recommendations(id)),
      ),
    );
  }
  return { title: heading, content };
}
