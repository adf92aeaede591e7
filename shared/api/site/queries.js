// The queries: forms whose answers are sentences.

import { get, latest } from "./api.js";
import { table } from "./charts.js";
import { fill, h } from "./dom.js";
import { list, number, sentence, t, tn } from "./i18n.js";
import { field, platformName, platforms, titleLink, trouble, waiting } from "./parts.js";
import { high, known, low, recommended } from "./scale.js";

const N_NAMED = 5;

const platformField = (any) =>
  h(
    "select",
    { name: "platform", required: !any },
    any ? h("option", { value: "" }, t("queries.any")) : null,
    [...platforms].sort().map((id) => h("option", { value: id }, platformName(id))),
  );

const yearField = (any) =>
  h("input", { name: "year", type: "number", inputmode: "numeric", min: 1, max: 9999, required: !any, value: any ? null : 2018 });

/** Returns a function that shows an answer as the sentence that `say` makes of it. */
const asSentence = (say) => (found) => h("p.sentence", null, say(found));

/** Returns one form; `say` shows its answer. */
function query(heading, route, fields, say) {
  const out = h("div.answer", { "aria-live": "polite" });
  const asking = latest();
  const form = h(
    "form.ask",
    {
      onsubmit: (event) => {
        event.preventDefault();
        const params = Object.fromEntries(new FormData(form));
        fill(out, waiting(1));
        asking(
          (signal) => get(route, params, signal),
          (found) => fill(out, say(found)),
          (problem) => {
            fill(out, problem.nothing ? h("p.sentence", null, t("queries.none")) : trouble(problem));
          },
        );
      },
    },
    fields,
    h("button.do", { type: "submit" }, t("queries.ask")),
  );
  return h("section.panel", { "aria-label": heading }, h("h2", null, heading), form, out);
}

function longest(found) {
  const unit = found.duration_type === "season" ? "queries.season" : "queries.min";
  const where = [platformName(found.platform), found.year].filter(Boolean).join(", ");
  const said = sentence("queries.longest.where", { title: titleLink(found), where, duration: h("b", null, tn(unit, found.duration)) });
  const n_others = (found.ties ?? []).length - 1;
  return n_others > 0 ? [said, " ", tn("queries.longest.ties", n_others)] : said;
}

function actor(found) {
  const parts = { platform: platformName(found.platform), year: String(found.year), actor: h("b", null, found.actor) };
  const said = sentence("queries.actor.answer", parts, found.count);
  const others = (found.ties ?? []).filter((name) => name !== found.actor);
  if (others.length === 0) return said;
  const named = others.slice(0, N_NAMED);
  if (others.length > N_NAMED) named.push(`+${number(others.length - N_NAMED)}`);
  return [said, " ", sentence("queries.actor.ties", { names: h("span", null, list(named)) })];
}

const BY = ["platform", "kind", "country", "canonical_genre", "genre", "audience", "year"];

/** Returns how many titles match, and a table of how many have each value. */
function counted(found) {
  const said = h("p.sentence", null, sentence("queries.total.answer", { n: h("b", null, number(found.count)) }, found.count));
  if (!found.counts?.length) return said;
  const shown = (value) => (found.by === "platform" ? platformName(value) : found.by === "kind" ? t(`kind.${value}`) : value);
  const heading = t(`queries.by.${found.by}`);
  return [said, table(heading, [heading, t("queries.titles")], found.counts.map(({ value, count }) => [shown(value), number(count)]))];
}

/** Fills the page. */
export function show(stage) {
  const unit = h(
    "select",
    { name: "duration_type" },
    ["min", "season"].map((value) => h("option", { value }, t(`queries.unit.${value}`))),
  );
  const choice = (name, values, any, text) => h("select", { name }, h("option", { value: "" }, any), values.map((value) => h("option", { value }, text(value))));
  const words = (name) => h("input", { name, type: "text", maxlength: 200 });
  const scored = h("input", { name: "scored", type: "number", inputmode: "decimal", step: 0.1, required: true });
  known.then(() => Object.assign(scored, { min: Math.min(0, low()), max: high(), value: recommended() }));
  fill(
    stage,
    h(
      "div.panels",
      null,
      query(
        t("queries.longest"),
        "get_max_duration",
        [
          field(t("queries.platform"), platformField(true)),
          field(t("queries.year"), yearField(true)),
          field(t("queries.longest.unit"), unit),
        ],
        asSentence(longest),
      ),
      query(
        t("queries.score"),
        "get_score_count",
        [field(t("queries.platform"), platformField(false)), field(t("queries.year"), yearField(false)), field(t("queries.score.scored"), scored)],
        asSentence((found) =>
          sentence(
            "queries.score.answer",
            { n: h("b", null, number(found.count)), platform: platformName(found.platform), year: String(found.year), scored: number(found.scored) },
            found.count,
          ),
        ),
      ),
      query(t("queries.count"), "get_count_platform", [field(t("queries.platform"), platformField(false))],
        asSentence((found) => sentence("queries.count.answer", { n: h("b", null, number(found.count)), platform: platformName(found.platform) }, found.count)),
      ),
      query(
        t("queries.actor"),
        "get_actor",
        [field(t("queries.platform"), platformField(false)), field(t("queries.year"), yearField(false))],
        asSentence(actor),
      ),
      query(
        t("queries.total"),
        "get_count",
        [
          field(t("queries.by"), choice("by", BY, t("queries.by.none"), (value) => t(`queries.by.${value}`))),
          field(t("queries.platform"), platformField(true)),
          field(t("queries.by.kind"), choice("kind", ["movie", "series"], t("queries.any"), (value) => t(`kind.${value}`))),
          field(t("queries.by.country"), words("country")),
          field(t("queries.by.canonical_genre"), words("canonical_genre")),
          field(t("queries.by.genre"), words("genre")),
          field(t("queries.by.audience"), words("audience")),
          field(t("queries.year"), yearField(true)),
        ],
        counted,
      ),
    ),
  );
}
