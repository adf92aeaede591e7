// What answers here: the release, its models and how they were found, its files. Whatever the server does not tell is left
// out.

import { get, latest, Problem } from "./api.js";
import { lying, points, table } from "./charts.js";
import { fill, h } from "./dom.js";
import { date, number, t, tn } from "./i18n.js";
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

/** Parameters as names and values, nested ones by their path. */
function parameters(object, before = "") {
  return Object.entries(object).flatMap(([name, value]) => {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return [[before + name, value.join(", ")]];
    if (typeof value === "object") return parameters(value, `${before}${name}.`);
    if (typeof value === "boolean") return [[before + name, t(value ? "yes" : "no")]];
    return [[before + name, typeof value === "number" ? number(value, { maximumSignificantDigits: 6 }) : String(value)]];
  });
}

/** A sentence of these words; where the figures for it are not there, the builder's own, which is English. */
const said = (key, figures, builders) => (figures ? h("p.sentence", null, t(key, figures)) : h("p.sentence", { lang: "en" }, builders));

/** The figures of the check for title signal. */
const signalFigures = ({ rmse, twin_rmse, gain, gain_low, gain_high }) => ({ rmse: exact(rmse), twin: exact(twin_rmse), gain: exact(gain), low: exact(gain_low), high: exact(gain_high) });

/** The errors of the model that was chosen and of biases only, where both were measured. */
function ratingFigures({ algorithm, n_factors, metrics }) {
  const [chosen, biases] = [`${algorithm}, tuned`, "biases only"].map((name) => metrics[name]?.rmse);
  return chosen && biases ? { algorithm, factors: tn("model.factors", n_factors), rmse: exact(chosen), biases: exact(biases) } : undefined;
}

/** How well the model orders lists, and popularity beside it, where both were measured. */
function rankingFigures({ algorithm, n_factors, metrics }) {
  const [chosen, popularity] = [algorithm, "popularity"].map((name) => metrics[name]?.["ndcg@100"]);
  return chosen && popularity ? { algorithm, factors: tn("model.factors", n_factors), ndcg: exact(chosen), popularity: exact(popularity) } : undefined;
}

/** What the builder calls its models, in these words. */
const NAMES = { "biases only": "biases", "global mean": "mean", popularity: "popularity" };
const TUNED = ", tuned";

function called(name) {
  const plain = name.replace(LATEST, "").trim();
  if (plain in NAMES) return t(`model.name.${NAMES[plain]}`);
  return plain.endsWith(TUNED) ? t("model.tuned", { name: plain.slice(0, -TUNED.length) }) : plain;
}

/** Every measure of every model: a row a model. */
function measures(metrics) {
  const models = Object.keys(metrics);
  const kinds = [...new Set(models.flatMap((model) => Object.keys(metrics[model])))].sort();
  const rows = models.map((model) => [model, ...kinds.map((kind) => (kind in metrics[model] ? exact(metrics[model][kind]) : "–"))]);
  return h("div", { lang: "en" }, table(t("model.measures"), [t("model.measures.model"), ...kinds], rows));
}

/** What the builder writes behind the name of a model that was measured on each user's latest ratings. */
const LATEST = "(chronological)";

/** The models that have a measure, the best first. */
function ranked(metrics, kind, best) {
  const having = Object.keys(metrics).filter((model) => Number.isFinite(metrics[model][kind]));
  return having.sort((a, b) => best * (metrics[b][kind] - metrics[a][kind])).map((name) => ({ name, values: [metrics[name][kind]] }));
}

/** The error of each model beside the worst baseline: what it saves, since bars from zero would all look alike. */
function errors(metrics, split, title) {
  const bars = ranked(metrics, "rmse", -1).filter(({ name }) => name.includes(LATEST) === split);
  if (bars.length < 2) return null;
  const worst = bars[bars.length - 1];
  // The heading says it of all.
  const saved = bars.map(({ name, values }) => ({ name: called(name), values: [worst.values[0] - values[0]] }));
  return lying({ title, note: t("model.rmse.note", { name: called(worst.name), n: exact(worst.values[0]) }), x: t("model.rmse.x"), y: t("model.measures.model"), bars: saved });
}

function lists(metrics, kind) {
  const bars = ranked(metrics, kind, 1).map(({ name, values }) => ({ name: called(name), values }));
  return bars.length < 2 ? null : lying({ title: t("model.lists", { kind }), note: t("model.lists.note"), x: kind, y: t("model.measures.model"), bars });
}

/** What a trial was, in one line. */
const trialName = (trial) => [`${t("model.trial")} ${trial.number}`, trial.algorithm, trial.n_factors ? tn("model.factors", trial.n_factors) : null].filter(Boolean).join(", ");

function trials(found, { title, y, best }) {
  const reached = found.filter((trial) => Number.isFinite(trial.score));
  if (reached.length < 2) return null;
  const series = [...new Set(reached.map((trial) => trial.algorithm ?? ""))];
  const ended = reached.filter((trial) => (trial.fate ?? "finished") === "finished");
  return points({
    title,
    note: t("model.trials.note", { n: number(found.length), ended: number(ended.length) }),
    x: t("model.trial"),
    y,
    series,
    points: reached.map((trial) => ({ x: trial.number, y: trial.score, of: series.indexOf(trial.algorithm ?? ""), name: trialName(trial), faint: !ended.includes(trial) })),
    line: ended.length > 0 ? best(...ended.map((trial) => trial.score)) : undefined,
  });
}

function release({ health, model }) {
  const pairs = [
    ["model.release", health?.release ?? model?.release, code],
    ["model.moved_at", health?.moved_at, date],
    ["model.age", health?.age_seconds, age],
    ["model.data_until", health?.data_until ?? model?.data_until, date],
    ["model.version", health?.version, String],
    ["model.builder", model?.builder, String],
    ["model.seed", model?.seed, String],
  ];
  return facts(pairs.filter(([, value]) => value !== null && value !== undefined).map(([key, value, say]) => [t(key), say(value)]));
}

function learnt(model) {
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
  return [
    panel(t("model.heading.release"), release({ health, model })),
    model ? panel(t("model.counts"), learnt(model)) : null,
    health?.signal ? panel(t("model.signal"), said(health.signal.title_signal ? "model.signal.yes" : "model.signal.no", model?.signal && signalFigures(model.signal), health.signal.verdict)) : null,
    model
      ? panel(
          t("model.rating"),
          said("model.rating.said", ratingFigures(model.rating), model.rating.verdict),
          h("div.figures", null, errors(model.rating.metrics, false, t("model.rmse")), errors(model.rating.metrics, true, t("model.rmse.latest")), trials(model.rating_trials, { title: t("model.rating_trials"), y: t("model.rmse.y"), best: Math.min })),
          measures(model.rating.metrics),
          h("p.hint", null, t("model.measures.note")),
        )
      : null,
    model && !model.ranking ? panel(t("model.ranking"), h("p", null, t("model.ranking.none"))) : null,
    model?.ranking
      ? panel(
          t("model.ranking"),
          said("model.ranking.said", rankingFigures(model.ranking), model.ranking.verdict),
          h("div.figures", null, lists(model.ranking.metrics, "ndcg@100"), trials(model.ranking_trials, { title: t("model.ranking_trials"), y: "nDCG@100", best: Math.max })),
          measures(model.ranking.metrics),
        )
      : null,
    chosen.length > 0 ? panel(t("model.chosen"), facts(chosen.map(([name, value]) => [code(name), value]))) : null,
    health?.artifacts?.length > 0 ? panel(t("model.artifacts"), artifacts(health.artifacts)) : null,
    panel(t("model.more"), h("ul", null, h("li", null, h("a", { href: "docs" }, t("model.docs"))))),
  ];
}

/** What a route says; nothing where the server does not know it, as an older one. */
async function known(path, signal) {
  try {
    return await get(path, {}, signal);
  } catch (error) {
    if (error instanceof Problem && error.noRoute) return undefined;
    throw error;
  }
}

/** Fills the page. */
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
