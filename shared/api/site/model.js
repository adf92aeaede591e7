// The model page: the release, its models, how they were chosen, and its files. Leaves out whatever the server
// does not report.

import { get, latest, Problem } from "./api.js";
import { amount, lying, ofErrors, points, table } from "./charts.js";
import { fill, h } from "./dom.js";
import { date, number, own, t, tn } from "./i18n.js";
import { facts, panel, trouble, waiting } from "./parts.js";

const UNITS = ["kB", "MB", "GB"];

function size(bytes) {
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${number(value, { maximumSignificantDigits: 3 })} ${UNITS[unit]}`;
}

function age(seconds) {
  if (seconds >= 86_400 * 2) return tn("unit.days", Math.floor(seconds / 86_400));
  if (seconds >= 3600 * 2) return tn("unit.hours", Math.floor(seconds / 3600));
  return tn("unit.minutes", Math.max(1, Math.floor(seconds / 60)));
}

function artifacts(list) {
  const most = Math.max(...list.map((artifact) => artifact.bytes));
  const total = list.reduce((sum, artifact) => sum + artifact.bytes, 0);
  return h(
    "table",
    null,
    h("thead", null, h("tr", null, h("th", { scope: "col" }, t("model.artifacts.kind")), h("th", { scope: "col" }, t("model.artifacts.bytes")))),
    h(
      "tbody",
      null,
      [...list]
        .sort((a, b) => b.bytes - a.bytes)
        .map(({ kind, bytes }) =>
          h(
            "tr",
            null,
            h("th", { scope: "row" }, h("code", null, kind)),
            h(
              "td",
              null,
              h("div.bytes", null, h("meter", { min: 0, max: most, value: bytes, "aria-label": size(bytes) }), h("span", { "aria-hidden": "true" }, size(bytes))),
            ),
          ),
        ),
    ),
    h("tfoot", null, h("tr", null, h("th", { scope: "row" }, t("model.artifacts.total")), h("td", null, size(total)))),
  );
}

const exact = (value) => number(value, { minimumFractionDigits: 4, maximumFractionDigits: 4 });
const code = (text) => h("code", null, text);

/** Lists parameters as names and values; nested ones are named by their path. */
function parameters(object, before = "") {
  return Object.entries(object).flatMap(([name, value]) => {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return [[before + name, value.join(", ")]];
    if (typeof value === "object") return parameters(value, `${before}${name}.`);
    if (typeof value === "boolean") return [[before + name, t(value ? "yes" : "no")]];
    return [[before + name, typeof value === "number" ? number(value, { maximumSignificantDigits: 6 }) : String(value)]];
  });
}

/** Returns a sentence in the page's language or, without its figures, the builder's own English sentence. */
const said = (key, figures, builders) => (figures ? h("p.sentence", null, t(key, figures)) : h("p.sentence", { lang: "en" }, builders));

/** Formats the figures of the signal check. */
const signalFigures = ({ rmse, twin_rmse, gain, gain_low, gain_high }) => ({ rmse: amount(exact(rmse)), twin: exact(twin_rmse), gain: exact(gain), low: exact(gain_low), high: exact(gain_high) });

/** Returns the value of a measure of the entry that is asked for, if there is one. */
const valueOf = (measured, wanted, kind) => measured.find((m) => Object.entries(wanted).every(([field, value]) => m[field] === value))?.measures[kind];

/** Formats the errors of the chosen model and of biases only, where both were measured on random ratings. */
function ratingFigures({ algorithm, n_factors }, measured) {
  const chosen = valueOf(measured, { model: algorithm, held_out: "random", tuned: true }, "rmse");
  const biases = valueOf(measured, { model: "biases", held_out: "random", tuned: false }, "rmse");
  return chosen && biases ? { algorithm, factors: tn("model.factors", n_factors), rmse: amount(exact(chosen)), biases: exact(biases) } : undefined;
}

/** Returns the measure of lists that the search was decided by: with all ratings of a user known, or in older releases likes only. */
const ofLists = (measured) => (measured.some((m) => Object.hasOwn(m.measures, "ndcg@100_all")) ? "ndcg@100_all" : "ndcg@100");

/** Formats how well the model and popularity order lists, where both were measured. */
function rankingFigures({ algorithm, n_factors }, measured) {
  const [chosen, popularity] = [algorithm, "popularity"].map((model) => valueOf(measured, { model, held_out: "users" }, ofLists(measured)));
  return chosen && popularity ? { algorithm, factors: tn("model.factors", n_factors), ndcg: exact(chosen), popularity: exact(popularity) } : undefined;
}

/** The baselines' text keys. */
const BASELINES = { biases: "biases", "global-mean": "mean", popularity: "popularity" };

function called({ model, tuned }) {
  if (tuned) return t("model.tuned", { name: model });
  const key = own(BASELINES, model);
  return key ? t(`model.name.${key}`) : model;
}

/** Tabulates every measure, one row per model and kind of held-out data. */
function measures(measured) {
  const kinds = [...new Set(measured.flatMap((m) => Object.keys(m.measures)))].sort();
  const rows = measured.map((m) => [called(m), t(`model.held_out.${m.held_out}`), ...kinds.map((kind) => (Object.hasOwn(m.measures, kind) ? exact(m.measures[kind]) : "–"))]);
  return table(t("model.measures"), [t("model.measures.model"), t("model.held_out"), ...kinds], rows);
}

/** Returns the models that have a measure on one kind of held-out data, best first. */
function ranked(measured, heldOut, kind, best) {
  const having = measured.filter((m) => m.held_out === heldOut && Number.isFinite(m.measures[kind]));
  return having.sort((a, b) => best * (b.measures[kind] - a.measures[kind])).map((m) => ({ name: called(m), values: [m.measures[kind]] }));
}

/** Draws how much smaller each error is than the largest, since bars from zero would all look alike. */
function errors(measured, heldOut, title) {
  const bars = ranked(measured, heldOut, "rmse", -1);
  if (bars.length < 2) return null;
  const worst = bars[bars.length - 1];
  const saved = bars.map(({ name, values }) => ({ name, values: [worst.values[0] - values[0]] }));
  return lying({ title, note: t("model.rmse.note", { name: worst.name, n: amount(exact(worst.values[0])) }), x: ofErrors(t("model.rmse.x")), y: t("model.measures.model"), bars: saved });
}

function lists(measured, kind) {
  const bars = ranked(measured, "users", kind, 1);
  return bars.length < 2 ? null : lying({ title: t("model.lists", { kind }), note: t("model.lists.note"), x: kind, y: t("model.measures.model"), bars });
}

/** Describes a trial in one line. */
const trialName = (trial) => [`${t("model.trial")} ${trial.number}`, trial.algorithm, trial.n_factors ? tn("model.factors", trial.n_factors) : null].filter(Boolean).join(", ");

function trials(found, { title, y, best }) {
  const reached = found.filter((trial) => Number.isFinite(trial.score));
  if (reached.length < 2) return null;
  const series = [...new Set(reached.map((trial) => trial.algorithm))];
  const ended = reached.filter((trial) => trial.fate === "finished");
  return points({
    title,
    note: t("model.trials.note", { n: number(found.length), ended: number(ended.length) }),
    x: t("model.trial"),
    y,
    series,
    points: reached.map((trial) => ({ x: trial.number, y: trial.score, of: series.indexOf(trial.algorithm), name: trialName(trial), faint: !ended.includes(trial) })),
    line: ended.length > 0 ? best(...ended.map((trial) => trial.score)) : undefined,
  });
}

function release({ health, model }) {
  const pairs = [
    ["model.release", health?.release ?? model?.release, code],
    ["model.moved_at", health?.moved_at, date],
    ["model.age", health?.age_seconds, age],
    // It is 0 if no rating has a time.
    ["model.data_until", (health?.data_until ?? model?.data_until) || null, date],
    ["model.version", health?.version, String],
    ["model.builder", model?.builder, String],
    ["model.seed", model?.seed, String],
  ];
  return facts(pairs.filter(([, value]) => value !== null && value !== undefined).map(([key, value, say]) => [t(key), say(value)]));
}

function learned(model) {
  const counts = ["titles", "rated_titles", "users", "ratings", "superseded"].map((name) => [t(`model.${name}`), number(model.counts[name])]);
  const rejected = Object.values(model.counts.rejected).reduce((a, b) => a + b, 0);
  return [
    facts([...counts, [t("model.rejected"), number(rejected)]]),
    h("p", null, h("a", { href: "#/data" }, t("model.data"))),
    h("details", null, h("summary", null, t("model.sources")), table(t("model.sources"), [t("model.sources.file"), t("model.artifacts.bytes")], model.sources.map(({ name, bytes }) => [name, size(bytes)]))),
  ];
}

function draw({ health, model }) {
  const chosen = model ? parameters(model.parameters) : [];
  const [ofRatings, ofUsers] = [false, true].map((users) => (model?.measures ?? []).filter((m) => (m.held_out === "users") === users));
  return [
    panel(t("model.heading.release"), release({ health, model })),
    model ? panel(t("model.counts"), learned(model)) : null,
    health?.signal ? panel(t("model.signal"), said(health.signal.title_signal ? "model.signal.yes" : "model.signal.no", model?.signal && signalFigures(model.signal), health.signal.verdict)) : null,
    model && !model.rating ? panel(t("model.rating"), h("p", null, t("model.rating.none"))) : null,
    model?.rating
      ? panel(
          t("model.rating"),
          said("model.rating.said", ratingFigures(model.rating, ofRatings), model.rating.verdict),
          h("div.figures", null, errors(ofRatings, "random", t("model.rmse")), errors(ofRatings, "chronological", t("model.rmse.latest")), trials(model.rating_trials, { title: t("model.rating_trials"), y: ofErrors(t("model.rmse.y")), best: Math.min })),
          measures(ofRatings),
          h("p.hint", null, t("model.measures.note")),
        )
      : null,
    model?.rating && !model.ranking ? panel(t("model.ranking"), h("p", null, t("model.ranking.none"))) : null,
    model?.ranking
      ? panel(
          t("model.ranking"),
          said("model.ranking.said", rankingFigures(model.ranking, ofUsers), model.ranking.verdict),
          h("div.figures", null, lists(ofUsers, ofLists(ofUsers)), trials(model.ranking_trials, { title: t("model.ranking_trials"), y: "nDCG@100", best: Math.max })),
          measures(ofUsers),
          h("p.hint", null, t("model.lists.given")),
        )
      : null,
    chosen.length > 0 ? panel(t("model.chosen"), facts(chosen.map(([name, value]) => [code(name), value]))) : null,
    health?.artifacts?.length > 0 ? panel(t("model.artifacts"), artifacts(health.artifacts)) : null,
    panel(t("model.more"), h("ul", null, h("li", null, h("a", { href: "docs" }, t("model.docs"))))),
  ];
}

/** Returns a route's answer, or nothing where the server is too old to have the route. */
async function known(path, signal) {
  try {
    return await get(path, {}, signal);
  } catch (error) {
    if (error instanceof Problem && error.noRoute) return undefined;
    throw error;
  }
}

/** Loads the release's description and fills the page. */
export function show(stage) {
  const asking = latest();
  function ask() {
    fill(stage, waiting(2));
    asking(
      async (signal) => {
        const [health, model] = await Promise.all([known("health", signal), known("model", signal)]);
        return { health, model };
      },
      (found) => fill(stage, found.health || found.model ? draw(found) : h("p.empty", null, t("model.unknown"))),
      (problem) => fill(stage, trouble(problem, ask)),
    );
  }
  ask();
}
