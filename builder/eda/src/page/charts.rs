//! Charts as inline SVG. Every mark has its numbers in a `<title>`, and every figure has the same numbers in
//! a table.
//!
//! Drawings are 400 units wide, so that text of 12 units is readable on a phone.

use std::fmt::Write as _;

use super::html::{Row, escape, table};
use crate::report::OpenEnd;
use crate::text::{number, short};

const WIDTH: f64 = 400.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
/// Height of the part between the axes.
const PLOT: f64 = 170.0;
/// Height of the ticks and the name of the horizontal axis.
const FOOT: f64 = 40.0;
/// Bars that fit next to each other.
const MOST_BARS: usize = 48;

/// Writes a number on an axis.
fn tick(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 {
        format!("{}M", number(value / 1e6, 1))
    } else if size >= 1e4 {
        format!("{}k", number(value / 1e3, 1))
    } else {
        number(value, if size < 1.0 { 3 } else { 2 })
    }
}

/// Returns about four round numbers from `low` to `high`.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = (high - low).max(1e-9);
    let rough = span / 4.0;
    let unit = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|k| k * unit)
        .into_iter()
        .find(|&s| s >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * unit);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

/// Draws a figure: its heading, the drawing, and its numbers as a table.
fn figure(title: &str, note: &str, svg: &str, header: &[&str], rows: &[Row], class: &str) -> String {
    let note =
        if note.is_empty() { String::new() } else { format!("<p class=\"note\">{}</p>", escape(note)) };
    format!(
        "<figure class=\"{class}\"><figcaption>{}</figcaption>{note}<div class=\"draw\">{svg}</div>\
         <details><summary>Numbers</summary>{}</details></figure>\n",
        escape(title),
        table(title, header, rows)
    )
}

fn open(title: &str, width: f64, height: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {width} {height:.0}\" role=\"img\" tabindex=\"0\" aria-label=\"{}. The arrow keys move \
         from mark to mark; a table with the numbers follows.\">",
        escape(title)
    )
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escape(text));
}

/// Writes the names of both axes. That of the vertical one is turned, next to the ticks: above the plot it
/// would run into the bars.
fn axis_names(svg: &mut String, x_name: &str, y_name: &str) {
    text(svg, LEFT + (WIDTH - LEFT - RIGHT) / 2.0, TOP + PLOT + FOOT - 6.0, "middle", x_name);
    let middle = TOP + PLOT / 2.0;
    let _ = write!(
        svg,
        "<text x=\"10\" y=\"{middle:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 10 {middle:.1})\">{}</text>",
        escape(y_name)
    );
}

/// The vertical axis.
struct Vertical {
    low: f64,
    high: f64,
    log: bool,
}

impl Vertical {
    fn y(&self, value: f64) -> f64 {
        let scale = |v: f64| if self.log { v.max(self.low).log10() } else { v };
        let (low, high) = (scale(self.low), scale(self.high));
        TOP + PLOT - PLOT * ((scale(value) - low) / (high - low).max(1e-9)).clamp(0.0, 1.0)
    }

    fn draw(&self, svg: &mut String) {
        let at = if self.log {
            (0..12).map(|k| 10_f64.powi(k)).filter(|&v| v >= self.low && v <= self.high).collect()
        } else {
            ticks(self.low, self.high)
        };
        for value in at {
            let y = self.y(value);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
                WIDTH - RIGHT
            );
            text(svg, LEFT - 4.0, y + 4.0, "end", &tick(value));
        }
        let y = TOP + PLOT;
        let _ = write!(
            svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\"/>",
            WIDTH - RIGHT
        );
    }
}

/// A bar: its short name, its full name, and a value for each series.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    /// The text at the axis.
    pub(super) edge: String,
    /// The text in the table and in the mark's title.
    pub(super) label: String,
    pub(super) values: Vec<f64>,
    /// The side on which it counts everything beyond the other bars.
    pub(super) open: Option<OpenEnd>,
}

/// The title of a chart, a note, and the names of its axes with their units.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named<'a> {
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
}

/// Joins neighboring bars until they fit. Open bars stay by themselves.
fn fitted(bars: &[Bar]) -> Vec<Bar> {
    let begin = bars.iter().take_while(|bar| bar.open == Some(OpenEnd::Below)).count();
    let end = bars.iter().position(|bar| bar.open == Some(OpenEnd::Above)).unwrap_or(bars.len());
    let inside = &bars[begin..end];
    let group = inside.len().div_ceil(MOST_BARS).max(1);
    let together = inside.chunks(group).map(|chunk| {
        let mut bar = chunk[0].clone();
        for next in &chunk[1..] {
            bar.values.iter_mut().zip(&next.values).for_each(|(a, b)| *a += b);
        }
        if chunk.len() > 1 {
            let end = &chunk[chunk.len() - 1].label;
            let (begin, end) =
                (bar.label.split('–').next().unwrap_or(""), end.rsplit('–').next().unwrap_or(""));
            bar.label = format!("{begin}–{end}");
        }
        bar
    });
    bars[..begin].iter().cloned().chain(together).chain(bars[end..].iter().cloned()).collect()
}

/// Returns a sentence about the values in the open bars, for the note below a chart. It is empty if no bar is
/// open.
fn about_open(bars: &[Bar]) -> String {
    let names: Vec<&str> = bars.iter().filter(|b| b.open.is_some()).map(|b| b.label.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [name] => format!(" The pale bar counts all values beyond the others ({name})."),
        names => format!(" The pale bars count all values beyond the others ({}).", names.join(", ")),
    }
}

fn legend(series: &[&str]) -> String {
    if series.len() < 2 {
        return String::new();
    }
    let mut html = String::from("<p class=\"legend\">");
    for (at, name) in series.iter().enumerate() {
        let _ = write!(html, "<span><i class=\"key s{at}\"></i>{}</span> ", escape(name));
    }
    html.push_str("</p>");
    html
}

/// Draws vertical bars, stacked by series.
pub(super) fn histogram(named: Named<'_>, series: &[&str], bars: &[Bar], log: bool) -> String {
    let bars = fitted(bars);
    let sum = |bar: &Bar| bar.values.iter().sum::<f64>();
    let high = bars.iter().map(sum).fold(1.0, f64::max);
    let axis = Vertical { low: if log { 0.5 } else { 0.0 }, high, log };
    let mut svg = open(named.title, WIDTH, TOP + PLOT + FOOT);
    axis.draw(&mut svg);
    let width = (WIDTH - LEFT - RIGHT) / bars.len().max(1) as f64;
    let gap = if width > 4.0 { 1.0 } else { 0.2 };
    let longest = bars.iter().map(|b| b.edge.chars().count()).max().unwrap_or(1) as f64;
    let every = ((longest * 7.0 + 8.0) / width).ceil().max(1.0) as usize;
    for (at, bar) in bars.iter().enumerate() {
        let x = LEFT + at as f64 * width;
        let pale = if bar.open.is_some() { " fill-opacity=\"0.5\"" } else { "" };
        let _ = write!(svg, "<g class=\"m\"><title>{}</title>", escape(&spoken(bar, series)));
        let mut below = 0.0;
        for (n, value) in bar.values.iter().enumerate() {
            let (y, foot) = (axis.y(below + value), axis.y(below));
            below += value;
            if *value > 0.0 {
                let _ = write!(
                    svg,
                    "<rect class=\"s{n}\"{pale} x=\"{:.2}\" y=\"{y:.1}\" width=\"{:.2}\" height=\"{:.1}\"/>",
                    x + gap / 2.0,
                    (width - gap).max(0.4),
                    (foot - y).max(0.8)
                );
            }
        }
        let _ = write!(
            svg,
            "<rect class=\"hit\" x=\"{x:.2}\" y=\"{TOP}\" width=\"{width:.2}\" height=\"{PLOT}\"/></g>"
        );
        if at % every == 0 && x + longest * 3.0 < WIDTH {
            text(
                &mut svg,
                x + if bars.len() <= 12 { width / 2.0 } else { width.min(12.0) / 2.0 },
                TOP + PLOT + 15.0,
                "middle",
                &bar.edge,
            );
        }
    }
    axis_names(&mut svg, named.x, named.y);
    svg.push_str("</svg>");
    let mut header = vec![named.x];
    header.extend(if series.is_empty() { vec![named.y] } else { series.to_vec() });
    let rows: Vec<Row> = bars
        .iter()
        .map(|bar| {
            std::iter::once(bar.label.clone()).chain(bar.values.iter().map(|&v| number(v, 0))).collect()
        })
        .collect();
    let note = format!("{}{}", named.note, about_open(&bars));
    figure(named.title, note.trim_start(), &(legend(series) + &svg), &header, &rows, "")
}

fn spoken(bar: &Bar, series: &[&str]) -> String {
    if series.len() < 2 {
        return format!("{}: {}", bar.label, number(bar.values.first().copied().unwrap_or(0.0), 3));
    }
    let parts: Vec<String> =
        series.iter().zip(&bar.values).map(|(name, &v)| format!("{name} {}", number(v, 3))).collect();
    format!("{}: {}", bar.label, parts.join(", "))
}

/// Draws horizontal bars with their labels on the left, stacked by series.
pub(super) fn horizontal_bars(named: Named<'_>, series: &[&str], bars: &[Bar]) -> String {
    const LABELS: f64 = 138.0;
    const ROW: f64 = 21.0;
    let most = bars.iter().map(|b| b.values.iter().sum::<f64>()).fold(0.0, f64::max);
    let high = if most > 0.0 { most } else { 1.0 };
    let height = bars.len() as f64 * ROW + 44.0;
    let scale = (WIDTH - LABELS - 56.0) / high;
    let mut svg = open(named.title, WIDTH, height);
    let foot = bars.len() as f64 * ROW + 4.0;
    for value in ticks(0.0, high) {
        let x = LABELS + value * scale;
        let _ = write!(svg, "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{foot:.1}\"/>");
        text(&mut svg, x, foot + 14.0, "middle", &tick(value));
    }
    text(&mut svg, WIDTH / 2.0, foot + 32.0, "middle", named.x);
    for (at, bar) in bars.iter().enumerate() {
        let y = at as f64 * ROW + 3.0;
        let _ = write!(svg, "<g class=\"m\"><title>{}</title>", escape(&spoken(bar, series)));
        text(&mut svg, LABELS - 5.0, y + 12.5, "end", &short(&bar.edge, 21));
        let mut x = LABELS;
        for (n, value) in bar.values.iter().enumerate() {
            let width = value * scale;
            let _ = write!(
                svg,
                "<rect class=\"s{n}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"16\"/>"
            );
            x += width;
        }
        text(&mut svg, x + 4.0, y + 12.5, "start", &tick(bar.values.iter().sum()));
        let _ = write!(
            svg,
            "<rect class=\"hit\" x=\"0\" y=\"{:.1}\" width=\"{WIDTH}\" height=\"{ROW}\"/></g>",
            y - 2.0
        );
    }
    svg.push_str("</svg>");
    let mut header = vec![named.y];
    header.extend(if series.is_empty() { vec![named.x] } else { series.to_vec() });
    let rows: Vec<Row> = bars
        .iter()
        .map(|bar| {
            std::iter::once(bar.label.clone()).chain(bar.values.iter().map(|&v| number(v, 3))).collect()
        })
        .collect();
    figure(named.title, named.note, &(legend(series) + &svg), &header, &rows, "")
}

/// Draws a line through points at equal distances, with a gap at those without a value. A point has a name, a
/// value and a text for its mark.
pub(super) fn line(named: Named<'_>, points: &[(String, Option<f64>, String)]) -> String {
    let known = || points.iter().filter_map(|p| p.1);
    let (low, high) = (known().fold(f64::MAX, f64::min), known().fold(f64::MIN, f64::max));
    let pad = ((high - low) * 0.1).max(1e-3);
    let axis = Vertical { low: low - pad, high: high + pad, log: false };
    let mut svg = open(named.title, WIDTH, TOP + PLOT + FOOT);
    axis.draw(&mut svg);
    let step = (WIDTH - LEFT - RIGHT) / points.len().max(1) as f64;
    let x = |at: usize| LEFT + (at as f64 + 0.5) * step;
    let mut path = String::new();
    let mut pen_down = false;
    for (at, (_, value, _)) in points.iter().enumerate() {
        if let Some(value) = value {
            let _ = write!(path, "{}{:.1} {:.1}", if pen_down { "L" } else { "M" }, x(at), axis.y(*value));
        }
        pen_down = value.is_some();
    }
    let _ = write!(svg, "<path class=\"line\" d=\"{path}\"/>");
    let every = (64.0 / step).ceil().max(1.0) as usize;
    for (at, (label, value, spoken)) in points.iter().enumerate() {
        if at % every == 0 && x(at) < WIDTH - 28.0 {
            text(&mut svg, x(at), TOP + PLOT + 15.0, "middle", label);
        }
        if let Some(value) = value {
            let _ = write!(
                svg,
                "<g class=\"m\"><title>{}</title><circle class=\"s0\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{}\"/><rect class=\"hit\" x=\"{:.1}\" y=\"{TOP}\" width=\"{step:.1}\" height=\"{PLOT}\"/></g>",
                escape(spoken),
                x(at),
                axis.y(*value),
                if points.len() > 40 { 1.5 } else { 3.0 },
                x(at) - step / 2.0
            );
        }
    }
    axis_names(&mut svg, named.x, named.y);
    svg.push_str("</svg>");
    let rows: Vec<Row> = points
        .iter()
        .map(|(label, value, _)| vec![label.clone(), value.map_or_else(|| "–".to_owned(), |v| number(v, 3))])
        .collect();
    figure(named.title, named.note, &svg, &[named.x, named.y], &rows, "")
}

/// Draws points over a logarithmic horizontal axis, and a band by its lower and upper edges at ascending
/// positions. A point has a position, a value and a name. The vertical axis ends `pad` beyond the points.
pub(super) fn scatter(
    named: Named<'_>,
    points: &[(f64, f64, String)],
    band: &[(f64, f64, f64)],
    pad: f64,
) -> String {
    let x_high = points.iter().map(|p| p.0).fold(2.0, f64::max);
    let ys = || points.iter().map(|p| p.1);
    let (low, high) = (ys().fold(f64::MAX, f64::min), ys().fold(f64::MIN, f64::max));
    let axis = Vertical { low: low.min(high - 2.0 * pad) - pad, high: high + pad, log: false };
    let x = |v: f64| LEFT + 6.0 + (WIDTH - LEFT - RIGHT - 12.0) * v.max(1.0).log10() / x_high.log10();
    let mut svg = open(named.title, WIDTH, TOP + PLOT + FOOT);
    axis.draw(&mut svg);
    if !band.is_empty() {
        let above = band.iter().map(|b| format!("{:.1},{:.1}", x(b.0), axis.y(b.2)));
        let below = band.iter().rev().map(|b| format!("{:.1},{:.1}", x(b.0), axis.y(b.1)));
        let outline: Vec<String> = above.chain(below).collect();
        let _ = write!(svg, "<polygon class=\"band\" points=\"{}\"/>", outline.join(" "));
    }
    for k in 0..8 {
        let value = 10_f64.powi(k);
        if value <= x_high {
            text(&mut svg, x(value), TOP + PLOT + 15.0, "middle", &tick(value));
        }
    }
    for (n, mean, label) in points {
        let _ = write!(
            svg,
            "<circle class=\"m dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\"><title>{}: {} ratings, mean {}</title></circle>",
            x(*n),
            axis.y(*mean),
            escape(label),
            number(*n, 0),
            number(*mean, 3)
        );
    }
    axis_names(&mut svg, named.x, named.y);
    svg.push_str("</svg>");
    let rows: Vec<Row> =
        points.iter().map(|(n, mean, label)| vec![label.clone(), number(*n, 0), number(*mean, 3)]).collect();
    figure(named.title, named.note, &svg, &["title", named.x, named.y], &rows, "")
}

/// Draws a matrix. The strength of a cell's color is its value divided by `high`; values below 0 have another
/// color.
pub(super) fn heatmap(
    named: Named<'_>,
    rows: &[String],
    columns: &[String],
    values: &[Vec<Option<f64>>],
    high: f64,
    spoken: &dyn Fn(usize, usize) -> String,
) -> String {
    let small = columns.len() <= 6;
    let (labels, head) = if small { (70.0, 22.0) } else { (150.0, 120.0) };
    let cell = if small { (WIDTH - labels - 6.0) / columns.len().max(1) as f64 } else { 27.0 };
    let tall = if small { 40.0 } else { 22.0 };
    let width = labels + cell * columns.len() as f64 + if small { 6.0 } else { 70.0 };
    let mut svg = open(named.title, width, head + tall * rows.len() as f64 + 6.0);
    for (at, name) in columns.iter().enumerate() {
        let x = labels + (at as f64 + 0.5) * cell;
        if small {
            text(&mut svg, x, head - 7.0, "middle", name);
        } else {
            let _ = write!(
                svg,
                "<text x=\"{x:.1}\" y=\"{0:.1}\" transform=\"rotate(-55 {x:.1} {0:.1})\">{1}</text>",
                head - 5.0,
                escape(&short(name, 20))
            );
        }
    }
    let mut numbers: Vec<Row> = Vec::new();
    for (at, name) in rows.iter().enumerate() {
        let y = head + at as f64 * tall;
        text(&mut svg, labels - 5.0, y + tall / 2.0 + 4.0, "end", &short(name, 22));
        let mut row = vec![name.clone()];
        for (column, value) in values[at].iter().enumerate() {
            let x = labels + column as f64 * cell;
            row.push(value.map_or_else(|| "–".to_owned(), |v| number(v, 3)));
            let Some(value) = value else { continue };
            let strength = (value.abs() / high.max(1e-9)).clamp(0.0, 1.0);
            let class = if *value < 0.0 { "s3" } else { "s0" };
            let shown = if small { tick(*value) } else { number(100.0 * value, 0) };
            // Text on a strong color has the color of the page; in dark mode a weaker color is strong enough.
            let letters = match strength {
                s if s > 0.85 => "on",
                s if s > 0.6 => "half",
                _ => "",
            };
            let _ = write!(
                svg,
                "<g class=\"m\"><title>{}</title><rect class=\"cell {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill-opacity=\"{:.2}\"/><text class=\"{letters}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text></g>",
                escape(&spoken(at, column)),
                x + 0.5,
                y + 0.5,
                cell - 1.0,
                tall - 1.0,
                0.04 + 0.96 * strength,
                x + cell / 2.0,
                y + tall / 2.0 + 4.0,
                escape(&shown)
            );
        }
        numbers.push(row);
    }
    svg.push_str("</svg>");
    let mut header = vec![""];
    header.extend(columns.iter().map(String::as_str));
    figure(named.title, named.note, &svg, &header, &numbers, if small { "" } else { "wide" })
}

/// Draws a number and its interval, next to zero.
pub(super) fn interval(named: Named<'_>, value: f64, low: f64, high: f64) -> String {
    let (least, most) = (low.min(0.0), high.max(0.0));
    let pad = ((most - least) * 0.12).max(1e-4);
    let (least, most) = (least - pad, most + pad);
    let x = |v: f64| 14.0 + (WIDTH - 28.0) * (v - least) / (most - least);
    let mut svg = open(named.title, WIDTH, 96.0);
    for at in ticks(least, most) {
        let _ = write!(svg, "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"8\" y2=\"56\"/>", x(at));
        text(&mut svg, x(at), 71.0, "middle", &tick(at));
    }
    let _ = write!(
        svg,
        "<line class=\"zero\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"4\" y2=\"58\"/><g class=\"m\"><title>{1}, 95% interval {2} to {3}</title><line class=\"line\" x1=\"{4:.1}\" x2=\"{5:.1}\" y1=\"32\" y2=\"32\"/><line class=\"line\" x1=\"{4:.1}\" x2=\"{4:.1}\" y1=\"24\" y2=\"40\"/><line class=\"line\" x1=\"{5:.1}\" x2=\"{5:.1}\" y1=\"24\" y2=\"40\"/><circle class=\"s0\" cx=\"{6:.1}\" cy=\"32\" r=\"6\"/><rect class=\"hit\" x=\"0\" y=\"8\" width=\"{WIDTH}\" height=\"48\"/></g>",
        x(0.0),
        number(value, 4),
        number(low, 4),
        number(high, 4),
        x(low),
        x(high),
        x(value)
    );
    text(&mut svg, WIDTH / 2.0, 90.0, "middle", named.x);
    svg.push_str("</svg>");
    let rows = [vec![named.y.to_owned(), number(value, 4), number(low, 4), number(high, 4)]];
    figure(named.title, named.note, &svg, &["", "value", "from", "to"], &rows, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_without_length_are_drawn_at_the_axis() {
        let zero = Bar { edge: "a".to_owned(), label: "a".to_owned(), values: vec![0.0], open: None };
        let html = horizontal_bars(Named { title: "t", note: "", x: "x", y: "y" }, &[], &[zero]);
        assert!(html.contains("x=\"138.0\"") && !html.contains("NaN"), "{html}");
    }

    #[test]
    fn axes_have_round_and_short_numbers() {
        assert_eq!([tick(12_000.0), tick(2.5e6), tick(0.125)], ["12k", "2.5M", "0.125"]);
        assert_eq!(ticks(0.0, 10.0), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(3.4, 3.6).len(), 5);
    }

    #[test]
    fn bars_that_do_not_fit_are_joined_with_their_names() {
        let bar = |n: usize| Bar {
            edge: n.to_string(),
            label: format!("{n}–{}", n + 1),
            values: vec![1.0],
            open: None,
        };
        let bars = fitted(&(0..96).map(bar).collect::<Vec<_>>());
        assert_eq!(bars.len(), 48);
        assert_eq!((bars[1].label.as_str(), bars[1].values[0]), ("2–4", 2.0));
    }

    #[test]
    fn an_open_bar_is_drawn_by_itself_and_named_in_the_note() {
        let mut bars: Vec<Bar> = (0..96)
            .map(|n: usize| Bar { edge: n.to_string(), label: n.to_string(), values: vec![1.0], open: None })
            .collect();
        let named = Named { title: "t", note: "A note.", x: "x", y: "y" };
        assert!(!histogram(named, &[], &bars, false).contains("pale"));
        bars.push(Bar { open: Some(OpenEnd::Above), label: "≥ 96".to_owned(), ..bars[0].clone() });
        let drawn = fitted(&bars);
        assert_eq!((drawn.len(), drawn[48].label.as_str(), drawn[48].values[0]), (49, "≥ 96", 1.0));
        let html = histogram(named, &[], &bars, false);
        assert!(html.contains("A note. The pale bar counts all values beyond the others (≥ 96)."), "{html}");
        assert_eq!(html.matches("fill-opacity").count(), 1);
    }
}
