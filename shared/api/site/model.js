// What answers here: the release, its models, its files. Whatever the server does not tell is left out.

import { get, latest } from "./api.js";
import { fill, h } from "./dom.js";
import { date, number, t, tn } from "./i18n.js";
import { trouble, waiting } from "./parts.js";

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

function shown(value) {
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") return number(value, { maximumSignificantDigits: 6 });
  return String(value);
}

/** An object as names and values, nested ones by their path; lists of objects are no facts. */
function facts(object, before = "") {
  return Object.entries(object).flatMap(([name, value]) => {
    if (value === null || value === undefined || name === "trials") return [];
    if (Array.isArray(value)) return value.every((v) => typeof v !== "object") ? [[before + name, value.join(", ")]] : [];
    if (typeof value === "object") return facts(value, `${before}${name}.`);
    return [[before + name, shown(value)]];
  });
}

const dl = (pairs) => h("dl.facts", null, pairs.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));

/** Longer than this, a value is a sentence, and the server speaks English. */
const SENTENCE = 60;

function raw(object) {
  const found = facts(object);
  const said = found.filter(([, value]) => value.length > SENTENCE);
  const short = found.filter(([, value]) => value.length <= SENTENCE);
  return [
    said.map(([, value]) => h("p", { lang: "en" }, value)),
    short.length > 0 ? dl(short.map(([name, value]) => [h("code", null, name), value])) : null,
  ];
}

function section(heading, ...children) {
  return h("section.panel", { "aria-label": heading }, h("h2", null, heading), ...children);
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

function draw(found) {
  const pairs = [
    ["model.release", found.release, (value) => h("code", null, value)],
    ["model.moved_at", found.moved_at, date],
    ["model.age", found.age_seconds, age],
    ["model.data_until", found.data_until, date],
    ["model.version", found.version, String],
  ]
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value, say]) => [t(key), say(value)]);
  const counts = found.counts
    ? ["titles", "rated_titles", "users", "ratings"]
        .filter((name) => Number.isFinite(found.counts[name]))
        .map((name) => [t(`model.${name}`), number(found.counts[name])])
    : [];
  let ranking = t("model.ranking.none");
  if (found.ranking && typeof found.ranking === "object") ranking = raw(found.ranking);
  else if (found.ranking) ranking = found.ranking === true ? t("model.ranking.yes") : String(found.ranking);
  const data = (found.artifacts ?? []).some((artifact) => artifact.kind.startsWith("eda"));
  return [
    pairs.length > 0 ? dl(pairs) : null,
    h(
      "div.panels",
      null,
      counts.length > 0 ? section(t("model.counts"), dl(counts)) : null,
      found.model ? section(t("model.rating"), typeof found.model === "object" ? raw(found.model) : h("p", null, String(found.model))) : null,
      found.signal ? section(t("model.signal"), raw(found.signal)) : null,
      section(t("model.ranking"), typeof ranking === "string" ? h("p", null, ranking) : ranking),
      found.artifacts?.length > 0 ? section(t("model.artifacts"), artifacts(found.artifacts)) : null,
      section(
        t("model.more"),
        h("ul", null, data ? h("li", null, h("a", { href: "eda" }, t("model.data"))) : null, h("li", null, h("a", { href: "docs" }, t("model.docs")))),
      ),
    ),
  ];
}

/** The page. */
export function model() {
  const stage = h("div.stage", null, waiting(2));
  const asking = latest();
  function ask() {
    asking(
      (signal) => get("health", {}, signal),
      (found) => fill(stage, draw(found)),
      (problem) => fill(stage, problem.noRoute ? h("p.empty", null, t("model.unknown")) : trouble(problem, ask)),
    );
  }
  ask();
  const content = [h("div.hero", null, h("h1", { tabindex: -1 }, t("model.heading")), h("p.lead", null, t("model.lead"))), stage];
  return { title: t("model.heading"), content };
}
