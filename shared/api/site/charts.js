// Charts as SVG. Their numbers show on hover, tap or arrow key, and in a table below.

import { h, put } from "./dom.js";
import { number, t } from "./i18n.js";
import { areStars, high, low } from "./scale.js";

const SVG = "http://www.w3.org/2000/svg";
// Width of the view in SVG units, chosen so that a font size of 12 stays readable on a phone.
const WIDTH = 400;
const LEFT = 62;
const RIGHT = 10;
const TOP = 10;
const PLOT = 170;
const FOOT = 40;
const MOST_COLUMNS = 48;

function s(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, typeof value === "number" ? value.toFixed(2) : value);
  return put(element, ...children);
}

const label = (x, y, anchor, text) => s("text", { x, y, "text-anchor": anchor }, text);
const short = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);
const shown = (value, digits = 3) => (Number.isFinite(value) ? number(value, { maximumFractionDigits: digits }) : "–");
const tick = (value) => number(value, Math.abs(value) >= 10_000 ? { notation: "compact", maximumFractionDigits: 1 } : { maximumSignificantDigits: 4 });

/** Returns the name of an axis of ratings, with their unit or their scale. */
export const ofRatings = (name) => (areStars() ? ofErrors(name) : t("scale.axis", { name, low: number(low()), high: number(high()) }));

/** Returns the name of an axis of differences between ratings, with their unit if they have one. */
export const ofErrors = (name) => (areStars() ? t("scale.stars.axis", { name }) : name);

/** Returns a difference between ratings, with its unit if it has one. */
export const amount = (text) => (areStars() ? t("scale.stars", { n: text }) : text);

/** Returns about four round numbers from `low` to `high`. */
function ticks(low, high) {
  const rough = Math.max(high - low, 1e-9) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * unit).find((size) => size >= rough * (1 - 1e-9));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= Math.floor(high / step + 1e-9); k++) found.push(k * step + 0);
  return found;
}

/** Returns a vertical axis: the position of a value, and grid lines. If logarithmic, 0 has its own decade. */
function vertical(low, high, log) {
  const place = (value) => (log ? Math.log10(Math.max(value, 0.1)) + 1 : value);
  const [from, to] = [place(low), Math.max(place(high), place(low) + 1e-9)];
  const y = (value) => TOP + PLOT * (1 - (place(value) - from) / (to - from));
  const at = log ? [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].filter((value) => value <= high * 1.001) : ticks(low, high);
  const lines = at.map((value) => [
    s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
    label(LEFT - 5, y(value) + 4, "end", tick(value)),
  ]);
  return { y, lines };
}

const names = (x, y) => [label(WIDTH / 2, TOP + PLOT + 34, "middle", x), s("text", { x: 12, y: TOP + PLOT / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${TOP + PLOT / 2})` }, y)];

function mark(spoken, ...children) {
  const element = s("g", { class: "m" }, ...children);
  element.dataset.t = spoken;
  return element;
}

const legend = (series) =>
  series.length > 1 ? h("p.legend", { "aria-hidden": "true" }, series.map((name, i) => h("span", null, h(`span.key.c${i}`), name))) : null;

function table(caption, header, rows) {
  return h(
    "div.scroll",
    { tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, header.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, rows.map(([first, ...rest]) => h("tr", null, h("th", { scope: "row" }, first), rest.map((cell) => h("td", null, cell))))),
    ),
  );
}

function figure({ title, note, series = [] }, height, drawn, header, rows, width = WIDTH) {
  const drawing = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: "0", "aria-label": t("chart.name", { title }) }, ...drawn);
  drawing.addEventListener("keydown", step);
  return h(
    "figure",
    null,
    h("figcaption", null, title),
    note ? h("p.hint", null, note) : null,
    legend(series),
    drawing,
    h("details", null, h("summary", null, t("chart.numbers")), table(title, header, rows)),
  );
}

const spokenOf = (name, values, series) =>
  series.length > 1 ? `${name}: ${series.map((of, i) => `${of} ${shown(values[i])}`).join(", ")}` : `${name}: ${shown(values[0])}`;

/** Merges neighboring columns until they fit. A column that counts everything beyond the others is not merged. */
function fitted(bars) {
  const together = Math.ceil(bars.length / MOST_COLUMNS);
  if (together <= 1) return bars;
  const joined = [];
  for (let at = 0, end = 0; at < bars.length; at = end) {
    end = at + 1;
    while (end < Math.min(at + together, bars.length) && !bars[at].open && !bars[end].open) end += 1;
    const part = bars.slice(at, end);
    const name = part.length > 1 ? `${part[0].name}–${part[part.length - 1].name}` : part[0].name;
    joined.push({ edge: part[0].edge, name, values: part[0].values.map((_, i) => part.reduce((sum, bar) => sum + bar.values[i], 0)) });
  }
  return joined;
}

/** Draws vertical bars, stacked by series: `bars` are `{ edge, name, values }`; `edge` is the label below. */
export function columns({ title, note, x, y, series = [], bars: given, log = false }) {
  const bars = fitted(given);
  const sum = (bar) => bar.values.reduce((a, b) => a + b, 0);
  const axis = vertical(0, Math.max(1, ...bars.map(sum)), log);
  const width = (WIDTH - LEFT - RIGHT) / Math.max(bars.length, 1);
  const gap = Math.min(width * 0.15, 2);
  const every = Math.max(1, Math.ceil((Math.max(...bars.map((bar) => bar.edge.length)) * 7 + 8) / width));
  const drawn = bars.map((bar, at) => {
    const left = LEFT + at * width;
    let below = 0;
    const parts = bar.values.map((value, i) => {
      const [top, foot] = [axis.y(below + value), axis.y(below)];
      below += value;
      return value > 0 ? s("rect", { class: `c${i}`, x: left + gap / 2, y: top, width: Math.max(width - gap, 0.4), height: Math.max(foot - top, 0.8) }) : null;
    });
    const edge = at % every === 0 && left + bar.edge.length * 3 < WIDTH ? label(left + Math.min(width, bars.length <= 12 ? width : 12) / 2, TOP + PLOT + 15, "middle", bar.edge) : null;
    return [mark(spokenOf(bar.name, bar.values, series), parts, s("rect", { class: "hit", x: left, y: TOP, width, height: PLOT })), edge];
  });
  const rows = given.map((bar) => [bar.name, ...bar.values.map((value) => shown(value))]);
  return figure({ title, note, series }, TOP + PLOT + FOOT, [...axis.lines.flat(), ...drawn.flat(), ...names(x, y)], [x, ...(series.length > 1 ? series : [y])], rows);
}

/** Draws horizontal bars with their names on the left, stacked by series: `bars` are `{ name, values }`. */
export function lying({ title, note, x, y, series = [], bars }) {
  const ROW = 22;
  const LABELS = Math.min(190, Math.max(70, 12 + 6.8 * Math.max(0, ...bars.map((bar) => bar.name.length))));
  const sum = (bar) => bar.values.reduce((a, b) => a + b, 0);
  const high = Math.max(1e-9, ...bars.map(sum));
  const scale = (WIDTH - LABELS - 52) / high;
  const foot = bars.length * ROW + 4;
  const lines = ticks(0, high).map((value) => [
    s("line", { class: "grid", x1: LABELS + value * scale, x2: LABELS + value * scale, y1: 0, y2: foot }),
    label(LABELS + value * scale, foot + 14, "middle", tick(value)),
  ]);
  const drawn = bars.map((bar, at) => {
    const top = at * ROW + 3;
    let left = LABELS;
    const parts = bar.values.map((value, i) => {
      const part = s("rect", { class: `c${i}`, x: left, y: top, width: value * scale, height: 16 });
      left += value * scale;
      return part;
    });
    const named = [label(LABELS - 5, top + 12.5, "end", short(bar.name, 26)), label(left + 4, top + 12.5, "start", tick(sum(bar)))];
    return mark(spokenOf(bar.name, bar.values, series), named[0], parts, named[1], s("rect", { class: "hit", x: 0, y: top - 3, width: WIDTH, height: ROW }));
  });
  const rows = bars.map((bar) => [bar.name, ...bar.values.map((value) => shown(value))]);
  return figure({ title, note, series }, foot + 40, [...lines.flat(), label(WIDTH / 2, foot + 32, "middle", x), ...drawn], [y, ...(series.length > 1 ? series : [x])], rows);
}

// One shape per series, so that color is not the only difference.
const shapes = [
  (x, y, c) => s("circle", { class: c, cx: x, cy: y, r: 4 }),
  (x, y, c) => s("rect", { class: c, x: x - 3.6, y: y - 3.6, width: 7.2, height: 7.2 }),
  (x, y, c) => s("path", { class: c, d: `M${x} ${y - 5}L${x + 5} ${y + 4}L${x - 5} ${y + 4}Z` }),
  (x, y, c) => s("path", { class: c, d: `M${x} ${y - 5.5}L${x + 5.5} ${y}L${x} ${y + 5.5}L${x - 5.5} ${y}Z` }),
];

/**
 * Draws points: `{ x, y, of, name, faint }`, where `of` is the index of the series. `logX` makes the horizontal
 * axis logarithmic; `line` is a value to mark with a horizontal line.
 */
export function points({ title, note, x, y, series = [], points: given, logX = false, line }) {
  const place = (value) => (logX ? Math.log10(Math.max(value, 1)) : value);
  const [xs, ys] = [given.map((p) => place(p.x)), given.map((p) => p.y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs, Math.min(...xs) + 1e-9)];
  const [low, high] = [Math.min(...ys, line ?? Infinity), Math.max(...ys, line ?? -Infinity)];
  const pad = Math.max((high - low) * 0.08, 1e-3);
  const axis = vertical(low - pad, high + pad, false);
  const across = (value) => LEFT + 8 + ((WIDTH - LEFT - RIGHT - 16) * (place(value) - left)) / (right - left);
  const at = logX ? [1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((value) => place(value) >= left - 1e-9 && place(value) <= right) : ticks(left, right).filter(Number.isInteger);
  const drawn = given.map((p) => {
    const shape = given.length > 100 ? s("circle", { class: `c${p.of ?? 0} thin`, cx: across(p.x), cy: axis.y(p.y), r: 2.6 }) : shapes[(p.of ?? 0) % shapes.length](across(p.x), axis.y(p.y), `c${p.of ?? 0}${p.faint ? " faint" : ""}`);
    return mark(`${p.name}: ${shown(p.y, 4)}`, shape, given.length > 100 ? null : s("circle", { class: "hit", cx: across(p.x), cy: axis.y(p.y), r: 9 }));
  });
  const best = line === undefined ? [] : [s("line", { class: "best", x1: LEFT, x2: WIDTH - RIGHT, y1: axis.y(line), y2: axis.y(line) })];
  const rows = given.map((p) => [p.name, ...(series.length > 1 ? [series[p.of ?? 0]] : []), shown(p.x), shown(p.y, 4)]);
  const below = at.map((value) => label(across(value), TOP + PLOT + 15, "middle", tick(value)));
  return figure({ title, note, series }, TOP + PLOT + FOOT, [...axis.lines.flat(), ...below, ...best, ...drawn, ...names(x, y)], ["", ...(series.length > 1 ? [t("chart.series")] : []), x, y], rows);
}

/** Draws a matrix of counts. The diagonal holds each name's total and is left out of the color scale. */
export function matrix({ title, note, names: of, counts }) {
  const [LABELS, HEAD, TALL] = [92, 24, 40];
  const cell = (WIDTH - LABELS - 4) / Math.max(of.length, 1);
  const high = Math.max(1, ...counts.flatMap((row, a) => row.filter((_, b) => a !== b)));
  const drawn = of.flatMap((name, a) => [
    label(LABELS + (a + 0.5) * cell, HEAD - 8, "middle", short(name, 12)),
    label(LABELS - 6, HEAD + (a + 0.5) * TALL + 4, "end", short(name, 14)),
    ...counts[a].map((n, b) => {
      const strength = a === b ? 0 : n / high;
      const spoken = a === b ? `${name}: ${shown(n)}` : `${name}, ${of[b]}: ${shown(n)}`;
      const [x, y] = [LABELS + b * cell, HEAD + a * TALL];
      return mark(
        spoken,
        s("rect", { class: "cell", x: x + 1, y: y + 1, width: cell - 2, height: TALL - 2 }),
        s("rect", { class: "c0", x: x + 1, y: y + 1, width: cell - 2, height: TALL - 2, "fill-opacity": strength * 0.55 }),
        label(x + cell / 2, y + TALL / 2 + 4, "middle", tick(n)),
        s("rect", { class: "hit", x, y, width: cell, height: TALL }),
      );
    }),
  ]);
  return figure({ title, note }, HEAD + TALL * of.length + 6, drawn, ["", ...of], of.map((name, a) => [name, ...counts[a].map((n) => shown(n))]));
}

export { table };

// One tooltip for all marks, shared by pointers and arrow keys.

const tip = h("div", { id: "tip", role: "status", hidden: true });
document.body.append(tip);
let current;

function show(next, x, y) {
  current?.classList.remove("at");
  current = next;
  tip.hidden = !next;
  if (!next) return;
  next.classList.add("at");
  tip.textContent = next.dataset.t;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - box.width - 4))}px`;
  tip.style.top = `${y - box.height - 10 > 0 ? y - box.height - 10 : y + 18}px`;
}

function over(event) {
  const next = event.target.closest?.("figure .m") ?? undefined;
  if (next || current) show(next, event.clientX, event.clientY);
}

function step(event) {
  if (event.key === "Escape") show();
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const marks = [...event.currentTarget.querySelectorAll(".m")];
  const from = marks.indexOf(current);
  const next = marks[(from < 0 && by < 0 ? marks.length - 1 : from + by + marks.length) % marks.length];
  if (!next) return;
  const box = next.getBoundingClientRect();
  show(next, box.left + box.width / 2, box.top + box.height / 2);
}

document.addEventListener("pointermove", over);
document.addEventListener("pointerdown", over);
document.addEventListener("focusout", () => show());
addEventListener("scroll", () => current && show(), { passive: true });
addEventListener("hashchange", () => show());
