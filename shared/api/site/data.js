// The data page: draws the release's own analysis of its data.

import { get, latest } from "./api.js";
import { amount, columns, lying, matrix, ofRatings, points, table } from "./charts.js";
import { fill, h } from "./dom.js";
import { date, number, t, tn } from "./i18n.js";
import { facts, panel, platformName, trouble, waiting } from "./parts.js";

const percent = (share, digits = 1) => number(share, { style: "percent", maximumFractionDigits: digits });
const exact = (value) => number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Formats a year, which takes no thousands separator. */
const plain = (value) => String(value).replace(/\.0$/, "");

/** Names a year or a month; if it is open, it counts everything before it or after it too. */
const named = (name, open) => (open ? `${open === "below" ? "≤" : "≥"} ${name}` : name);

/** Turns bins of whole numbers, from `low` up to but not including `high`, into bars. */
function bins(found, say = plain) {
  return found.map(({ low, high, n, open }) => {
    const edge = open === "below" ? `< ${say(high)}` : named(say(low), open);
    if (open) return { edge, name: edge, values: [n], open };
    return { edge, name: high - low > 1 ? `${edge}–${say(high - 1)}` : edge, values: [n] };
  });
}

const counted = (found) => found.slice(0, 12).map(({ label, n }) => ({ name: label, values: [n] }));

function overview(o) {
  const pairs = [
    ["titles", number(o.titles)],
    ["works", number(o.works)],
    ["rated", `${number(o.rated_titles)} (${percent(o.rated_titles / Math.max(o.titles, 1))})`],
    ["users", number(o.users)],
    ["ratings", number(o.ratings)],
    ["density", percent(o.density, 3)],
  ];
  if (o.mean_rating !== null) pairs.push(["mean", `${exact(o.mean_rating)} ± ${exact(o.sd_rating)}`]);
  if (o.first_day !== null) pairs.push(["days", `${date(o.first_day)} – ${date(o.last_day)}`]);
  const name = (key) => (key === "mean" ? ofRatings(t("data.mean")) : t(`data.${key}`));
  return facts(pairs.map(([key, value]) => [name(key), value]));
}

function signal(card) {
  const { title_signal: yes, rmse, twin_rmse, n_seeds } = card.signal;
  const key = yes ? "data.signal.yes" : "data.signal.no";
  // The unit follows one of the two errors: the last in the first sentence, the first in the second.
  const errors = yes ? { twin: exact(twin_rmse), rmse: amount(exact(rmse)) } : { twin: amount(exact(twin_rmse)), rmse: exact(rmse) };
  const said = t(key, { percent: percent((twin_rmse - rmse) / twin_rmse), ...errors });
  return [h("p.sentence", null, said), h("p.hint", null, t("data.signal.how", { n: n_seeds, ratings: number(card.ratings_used) }))];
}

function catalog(c) {
  const kinds = (grid) => grid.columns.map((kind) => t(`kinds.${kind}`));
  const several = c.works_by_platforms.slice(1).reduce((a, b) => a + b, 0);
  const titles = t("data.titles");
  return [
    lying({
      title: t("data.by_platform"),
      x: titles,
      y: t("filters.platform"),
      series: kinds(c.by_platform),
      bars: c.by_platform.rows.map((name, i) => ({ name: platformName(name), values: c.by_platform.counts[i] })),
    }),
    matrix({ title: t("data.overlap"), note: tn("data.overlap.note", several), names: c.overlap.rows.map(platformName), counts: c.overlap.counts }),
    c.by_year.rows.length > 0
      ? columns({
          title: t("data.by_year"),
          x: t("queries.year"),
          y: titles,
          series: kinds(c.by_year),
          bars: c.by_year.rows.map((year, i) => {
            const ends = c.by_year.open ?? [];
            const last = c.by_year.rows.length - 1;
            const open = ends.find((end) => i === (end === "below" ? 0 : last));
            const edge = named(year, open);
            return { edge, name: edge, values: c.by_year.counts[i], open };
          }),
        })
      : null,
    c.film_minutes.length > 0
      ? columns({
          title: t("data.minutes"),
          note: c.longest.length > 0 ? t("data.minutes.note", { title: c.longest[0].label, n: number(c.longest[0].value) }) : null,
          x: t("queries.unit.min"),
          y: t("kinds.movie"),
          bars: bins(c.film_minutes),
          log: true,
        })
      : null,
    ...[["by_genre", "filters.genre"], ["by_country", "data.country"], ["by_audience", "data.audience"]].map(([of, y]) =>
      c[of].length > 0 ? h("div", { lang: "en" }, lying({ title: t(`data.${of}`), x: titles, y: t(y), bars: counted(c[of]) })) : null,
    ),
  ];
}

function activity(a) {
  const [ratings, users] = [t("data.ratings"), t("data.users")];
  const uneven = (key, gini, share) => (gini === null ? null : t(key, { gini: exact(gini), share: percent(share ?? 0) }));
  const sizes = a.months.map((month) => month.n).sort((x, y) => x - y);
  const log = sizes.length > 0 && sizes[sizes.length - 1] > 50 * (sizes[Math.floor(sizes.length / 2)] + 1);
  return [
    columns({
      title: t("data.by_rating"),
      x: ofRatings(t("data.rating")),
      y: ratings,
      bars: a.by_rating.map(({ low, n }) => ({ edge: number(low), name: number(low), values: [n] })),
    }),
    columns({ title: t("data.by_user"), note: uneven("data.gini.users", a.gini_users, a.top_users_share), x: t("data.by_user.x"), y: users, bars: bins(a.by_user), log: true }),
    columns({ title: t("data.by_title"), note: uneven("data.gini.titles", a.gini_titles, a.top_titles_share), x: t("data.by_title.x"), y: t("data.titles"), bars: bins(a.by_title), log: true }),
    points({
      title: t("data.points"),
      note: t("data.points.note"),
      x: t("data.points.x"),
      y: ofRatings(t("data.points.y")),
      logX: true,
      points: a.points.map((p) => ({ x: p.n, y: p.mean, name: `${p.label} (${number(p.n)})` })),
    }),
    columns({
      title: t("data.months"),
      note: log ? t("data.log") : null,
      x: t("data.month"),
      y: ratings,
      bars: a.months.map(({ month, n, open }) => ({ edge: named(month, open), name: named(month, open), values: [n], open })),
      log,
    }),
    lying({
      title: t("data.cold"),
      note: t("data.cold.note"),
      x: t("data.titles"),
      y: t("filters.platform"),
      series: [t("data.cold.rated"), t("data.cold.elsewhere"), t("data.cold.cold")],
      bars: a.cold.map((c) => ({ name: platformName(c.platform), values: [c.titles - c.cold, c.cold - c.cold_works, c.cold_works] })),
    }),
  ];
}

function faults(f) {
  const rows = f.found.map((fault) => [fault.what, number(fault.n), fault.handling]);
  return [
    f.rows_read === null ? null : h("p", null, t("data.faults.read", { n: number(f.rows_read) })),
    h("div", { lang: "en" }, table(t("data.faults"), [t("data.faults.what"), t("data.faults.n"), t("data.faults.handling")], rows)),
  ];
}

/** Draws an analysis of format 2, or of format 1, which says `catalogue`. */
function draw(found) {
  return [
    panel(t("data.overview"), overview(found.overview)),
    found.signal ? panel(t("model.signal"), signal(found.signal)) : null,
    panel(t("data.faults"), faults(found.faults)),
    panel(t("data.catalog"), h("div.figures", null, catalog(found.catalog ?? found.catalogue))),
    found.activity.by_rating.length > 0 ? panel(t("data.activity"), h("div.figures", null, activity(found.activity))) : null,
    panel(t("model.more"), h("ul", null, h("li", null, h("a", { href: "eda.html", hreflang: "en" }, t("data.report"))), h("li", null, h("a", { href: "eda" }, t("data.json"))))),
  ];
}

/** Loads the analysis and fills the page. */
export function show(stage) {
  const asking = latest();
  function ask() {
    fill(stage, waiting(3));
    asking(
      (signal) => get("eda", {}, signal),
      (found) => fill(stage, draw(found)),
      (problem) => fill(stage, problem.nothing || problem.noRoute ? h("p.empty", null, t("data.none")) : trouble(problem, ask)),
    );
  }
  ask();
}
