//! The sizes of the tables, as tiles.

use std::fmt::Write as _;

use super::html::escape;
use crate::rating_scale::named;
use crate::report::Overview;
use crate::text::{count, number, ratio};

pub(super) fn draw(o: &Overview) -> String {
    let mean_name = named("mean rating ± standard deviation", o.scale);
    let mut tiles: Vec<(&str, String)> = vec![
        ("titles", count(o.titles)),
        ("works (a film on two platforms is one)", count(o.works)),
        ("titles with ratings", format!("{} ({})", count(o.rated_titles), ratio(o.rated_titles, o.titles))),
        ("users", count(o.users)),
        ("ratings", count(o.ratings)),
        ("density: ratings per user and rated title", format!("{}%", number(100.0 * o.density, 3))),
    ];
    if let (Some(mean), Some(sd)) = (o.mean_rating, o.sd_rating) {
        tiles.push((&mean_name, format!("{mean:.2} ± {sd:.2}").replace('-', "−")));
    }
    if let (Some(first), Some(last)) = (&o.first_day, &o.last_day) {
        tiles.push(("first rating", first.clone()));
        tiles.push(("last rating", last.clone()));
    }
    let mut html = String::from("<dl class=\"tiles\">");
    for (name, value) in tiles {
        let _ = write!(html, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(&value));
    }
    html + "</dl>"
}
