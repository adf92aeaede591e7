//! The report follows the scale of the ratings.

use catalog::{Platform, RatingTable, Scale, Title, TitleId, TitleTable, UserId};
use dataset::Data;
use eda::{Eda, Raw, analyze, page};
use progress::Silent;
use tables::Clean;

const N_TITLES: usize = 20;

/// Returns 20 titles and 40 users who rated each of them, from the lowest rating in the first year to the
/// highest in the last, in tenths of the scale.
fn tables(scale: Scale) -> Clean {
    let titles =
        (0..N_TITLES).map(|n| Title::named(TitleId::new(&format!("t{n}")).unwrap(), format!("Title {n}")));
    let titles = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles.collect()).unwrap();
    let users: Vec<UserId> = (10..50).map(|n| UserId::new(&format!("u{n}")).unwrap()).collect();
    let cells = || (0..users.len() * N_TITLES).map(|at| (at / N_TITLES, at % N_TITLES));
    let tenth = |user: usize, title: usize| ((user + title) % 11) as f32 / 10.0;
    let rating = |tenth: f32| scale.low() + tenth * (scale.high() - scale.low());
    let ratings = RatingTable::on_scale(
        scale,
        users.clone(),
        (0..=users.len()).map(|user| (user * N_TITLES) as u64).collect(),
        cells().map(|(_, title)| title as u32).collect(),
        cells().map(|(user, title)| rating(tenth(user, title)).clamp(scale.low(), scale.high())).collect(),
        cells().map(|(user, title)| 1_500_000_000 + (tenth(user, title) * 2e8) as u32).collect(),
        N_TITLES,
    );
    Clean { titles, ratings: ratings.unwrap() }
}

fn analyzed(scale: &str) -> Eda {
    let clean = tables(scale.parse().unwrap());
    analyze(&Data::of_tables(&clean), Raw::Unknown, None, &Silent)
}

#[test]
fn a_report_on_stars_calls_them_stars_and_one_on_another_scale_does_not() {
    for (scale, in_words) in
        [("1:10", "1 to 10"), ("0:100", "0 to 100"), ("-10:10", "−10 to 10"), ("0:1", "0 to 1")]
    {
        let eda = analyzed(scale);
        assert_eq!(eda.overview.scale, scale.parse().unwrap());
        for text in [eda.to_json(), page(&eda)] {
            let at = text.find(" star").or_else(|| text.find("\"stars"));
            assert_eq!(at.map(|at| text[at..].chars().take(60).collect::<String>()), None, "{scale}");
        }
        let html = page(&eda);
        for text in [
            format!("mean rating ± standard deviation, on a scale of {in_words}"),
            format!("mean rating, {in_words}</text>"),
            format!("rating, {in_words}</text>"),
        ] {
            assert!(html.contains(&text), "{scale}: {text}");
        }
        let drift = eda.alerts.iter().find(|alert| alert.kind == "drift").unwrap();
        assert!(drift.text.ends_with(" per year"), "{}", drift.text);
        // Bars are the same on each page, and the highest rating has one of its own.
        let bars = &eda.activity.by_rating;
        assert!((9..=41).contains(&bars.len()), "{scale}: {bars:?}");
        assert_eq!(bars.iter().map(|bar| bar.n).sum::<u64>(), eda.overview.ratings);
        assert!((bars[bars.len() - 1].low - f64::from(eda.overview.scale.high())).abs() < 1e-9);
    }
    let stars = analyzed("0.5:5");
    assert!(!stars.to_json().contains("scale"), "the usual scale is not written");
    let html = page(&stars);
    for text in
        ["rating, stars</text>", "mean rating, stars</text>", "stars per year", "half stars are rounded down"]
    {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn reports_on_two_scales_are_compared_by_place_and_not_bar_by_bar() {
    let (ten, stars) = (analyzed("1:10"), analyzed("0.5:5"));
    let compared = ten.clone().against(&stars, "stars");
    let comparison = compared.comparison.as_ref().unwrap();
    assert_eq!(comparison.other_scale, Some(Scale::STARS));
    for shift in &comparison.shifts {
        let is_rating = ["rating", "mean_rating"].contains(&shift.column.as_str());
        if is_rating {
            assert_eq!((shift.psi, shift.level.as_str()), (None, "unknown"), "{}", shift.column);
        } else {
            assert!(shift.psi.is_none_or(|psi| psi == 0.0), "{}", shift.column);
        }
    }
    let mean = comparison.counts.iter().find(|c| c.what.starts_with("mean rating")).unwrap();
    assert!((mean.this - mean.other).abs() < 1e-6 && mean.this > 0.4 && mean.this < 0.6, "{mean:?}");
    let text = "on a scale of 1 to 10, the expected ones on a scale of 0.5 to 5";
    assert!(page(&compared).contains(text));
    assert_eq!(serde_json::from_str::<Eda>(&compared.to_json()).unwrap(), compared);

    let itself = ten.clone().against(&ten, "itself").comparison.unwrap();
    assert_eq!(itself.other_scale, None);
    assert!(itself.shifts.iter().all(|shift| shift.psi.is_none_or(|psi| psi == 0.0)));
}
