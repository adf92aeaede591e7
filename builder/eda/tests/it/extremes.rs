//! Whatever the tables hold, the report and its page stay small.

use catalog::{
    Date, Duration, DurationUnit, Kind, Platform, RatingTable, Title, TitleId, TitleTable, UserId,
};
use dataset::Data;
use eda::{Bin, Eda, OpenEnd, Raw, analyze, page};
use progress::Silent;
use proptest::prelude::*;
use proptest::sample::select;
use tables::{Clean, Reason, Rejects};

/// The most bars of a histogram: 400, and an open one at each end.
const MOST_BARS: usize = 402;
const MOST_JSON: usize = 2_000_000;
/// Below what a function of AWS Lambda may answer.
const MOST_PAGE: usize = 5_000_000;

/// How the values of a column are spread over its titles.
#[derive(Debug, Clone, Copy)]
enum Values {
    /// All are the same.
    Same(u32),
    /// Each is this much greater than the one before it, so that many bars are not empty.
    Rising(u32),
    /// Some are the least and the others the greatest.
    BothEnds,
    /// They are in no order, and anywhere.
    Anywhere,
}

impl Values {
    /// Returns the value of row `at`, at most `most`.
    fn of(self, at: usize, most: u32) -> u32 {
        let at = at as u32;
        match self {
            Self::Same(value) => value.min(most),
            Self::Rising(step) => at.saturating_mul(step).min(most),
            Self::BothEnds => [0, most][at as usize % 3 / 2],
            // Multiplication by an odd number, as in Knuth's multiplicative hash.
            Self::Anywhere => {
                ((u64::from(at.wrapping_mul(2_654_435_769)) * (u64::from(most) + 1)) >> 32) as u32
            }
        }
    }
}

fn values() -> impl Strategy<Value = Values> {
    prop_oneof![
        Just(Values::Same(90)),
        select(vec![1, 10, 40]).prop_map(Values::Rising),
        Just(Values::BothEnds),
        Just(Values::Anywhere),
    ]
}

/// What tables are made of.
#[derive(Debug, Clone)]
struct Shape {
    n_titles: usize,
    n_platforms: usize,
    n_files: usize,
    durations: Values,
    years: Values,
    dates: Values,
    times: Values,
    lengths: Values,
    items: Values,
    /// The greatest length of a name, in characters.
    most_of_name: u32,
    most_items: u32,
    /// Texts consist of this character.
    letter: char,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let sizes = (0..450_usize, 1..=255_usize, 0..100_usize);
    let spreads = (values(), values(), values(), values(), values(), values());
    let texts = (
        select(vec![1_u32, 300, 3_000]),
        select(vec![1_u32, 40]),
        select(vec!['a', '"', '<', '\u{1}', '😀']),
    );
    (sizes, spreads, texts).prop_map(|(sizes, spreads, texts)| Shape {
        n_titles: sizes.0,
        n_platforms: sizes.1,
        n_files: sizes.2,
        durations: spreads.0,
        years: spreads.1,
        dates: spreads.2,
        times: spreads.3,
        lengths: spreads.4,
        items: spreads.5,
        most_of_name: texts.0,
        most_items: texts.1,
        letter: texts.2,
    })
}

impl Shape {
    /// Returns a text that row `at` has alone.
    fn text(&self, at: usize, most: u32) -> String {
        let length = self.lengths.of(at, most).max(1) as usize;
        self.letter.to_string().repeat(length) + &at.to_string()
    }

    /// Returns items that every 150th row shares, since a table has at most 65,535 genres, and every fiftieth
    /// row spells in another way.
    fn list(&self, at: usize) -> Vec<String> {
        let (row, between) = (at % 50, ["-", " ", "."][at / 50 % 3]);
        (0..self.items.of(at, self.most_items)).map(|n| format!("{}{n}{between}{row}", self.letter)).collect()
    }

    fn title(&self, at: usize) -> Title {
        let value = self.durations.of(at, u32::MAX);
        let unit = if at.is_multiple_of(2) { DurationUnit::Min } else { DurationUnit::Season };
        let day = i64::from(self.dates.of(at, 3_652_058)) * 86_400;
        Title {
            platform_idx: (at % self.n_platforms) as u8,
            kind: if at.is_multiple_of(2) { Kind::Movie } else { Kind::Series },
            director: self.list(at),
            cast: self.list(at + 1),
            country: self.list(at + 2),
            date_added: Date::from_unix_seconds(Date::MIN.unix_seconds() + day),
            release_year: u16::try_from(self.years.of(at, 9_999)).ok(),
            audience: self.text(at, 2_000),
            duration: Some(Duration { value, unit }),
            genres: self.list(at + 3),
            // Twice each, so that the report names them.
            description: self.text(at / 2, self.most_of_name),
            ..Title::named(TitleId::new(&format!("t{at}")).unwrap(), self.text(at, self.most_of_name))
        }
    }

    /// Every title has a rating by a user of its own, and all have one by the last user.
    fn tables(&self) -> Clean {
        let n = self.n_titles;
        let platforms = (0..self.n_platforms).map(|at| Platform::new(&format!("p{at}")).unwrap());
        let titles = TitleTable::new(platforms.collect(), (0..n).map(|at| self.title(at)).collect()).unwrap();
        let users = (0..n).map(|at| format!("u{at:05}")).chain(["z00000".to_owned()]);
        let offsets = (0..=n as u64).chain([2 * n as u64]);
        let both = || (0..n).chain(0..n);
        let ratings = RatingTable::new(
            users.map(|id| UserId::new(&id).unwrap()).collect(),
            offsets.collect(),
            both().map(|at| at as u32).collect(),
            both().map(|at| 0.5 + (at % 10) as f32 / 2.0).collect(),
            both().map(|at| self.times.of(at, u32::MAX)).collect(),
            n,
        );
        Clean { titles, ratings: ratings.unwrap() }
    }

    fn rejects(&self) -> Rejects {
        let file = |at: usize| format!("{}{at}.csv", self.letter.to_string().repeat(200));
        let mut rejects = Rejects::new((0..self.n_files).map(file).collect());
        for file in 0..self.n_files {
            for reason in Reason::ALL {
                rejects.push(file, 2, "title", self.text(file, 1_000).as_bytes(), reason);
            }
        }
        rejects
    }
}

fn sum(bins: &[Bin]) -> u64 {
    bins.iter().map(|bin| bin.n).sum()
}

/// Fails if a histogram is too long, is not in order, or has an open bar between others.
fn check_bins(name: &str, bins: &[Bin]) {
    assert!(bins.len() <= MOST_BARS, "{name}: {} bars", bins.len());
    assert!(bins.is_sorted_by(|a, b| a.low < b.low), "{name}");
    for (at, bin) in bins.iter().enumerate() {
        assert!(bin.low <= bin.high, "{name}: {bin:?}");
        match bin.open {
            None => {}
            Some(OpenEnd::Below) => assert!(at == 0 && bin.n > 0, "{name}: {bin:?}"),
            Some(OpenEnd::Above) => assert!(at + 1 == bins.len() && bin.n > 0, "{name}: {bin:?}"),
        }
    }
}

/// Fails if something of the report is larger than it may be, or if a value is not counted.
fn check(eda: &Eda) {
    for card in eda.tables.iter().flat_map(|table| &table.columns) {
        check_bins(&card.name, &card.histogram);
        if !card.histogram.is_empty() {
            assert_eq!(sum(&card.histogram), card.rows - card.missing, "{}", card.name);
        }
        assert!(card.top.len() <= 20 && card.lowest.len() <= 5 && card.highest.len() <= 5);
    }
    check_bins("film_minutes", &eda.catalog.film_minutes);
    check_bins("seasons", &eda.catalog.seasons);
    let years = &eda.catalog.by_year;
    let column = |name: &str| eda.tables[0].columns.iter().find(|c| c.name == name).unwrap();
    assert!(years.rows.len() <= MOST_BARS);
    assert_eq!(years.counts.iter().flatten().sum::<u64>(), eda.overview.titles - column("year").missing);
    assert!(eda.activity.months.len() <= MOST_BARS);
    assert_eq!(eda.activity.months.iter().map(|m| m.n).sum::<u64>(), eda.overview.ratings);
    let genres = column("genres").distinct;
    assert_eq!(eda.catalog.by_genre.len() as u64 + eda.catalog.genres_left_out, genres);
    for of in &eda.spellings {
        assert!((1..=10).contains(&of.groups.len()), "{}", of.column);
        assert!(of.groups.iter().all(|value| (2..=5).contains(&value.spellings.len())), "{}", of.column);
    }
    let shown = eda.catalog.overlap.rows.len() as u64;
    assert_eq!(shown + eda.catalog.overlap_left_out, eda.catalog.by_platform.rows.len() as u64);

    let json = eda.to_json();
    assert!(json.len() < MOST_JSON, "eda.json has {} bytes", json.len());
    // A number that is not finite would be read as nothing.
    assert_eq!(serde_json::from_str::<Eda>(&json).unwrap(), *eda);
    let html = page(eda);
    assert!(html.len() < MOST_PAGE, "eda.html has {} bytes", html.len());
    assert_eq!(eda.artifact().page(), eda::page(&eda.without_people()));
}

fn analyzed(shape: &Shape) -> Eda {
    let clean = shape.tables();
    analyze(&Data::of_tables(&clean), Raw::Rejects(&shape.rejects()), None, &Silent)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_report_is_small_whatever_the_tables_hold(shape in shapes()) {
        let eda = analyzed(&shape);
        check(&eda);
        let itself = eda.clone().against(&eda, "itself").comparison.unwrap();
        prop_assert!(itself.shifts.iter().all(|shift| shift.psi.is_none_or(|psi| psi == 0.0)));
    }
}

/// The largest report that these tables can give: every histogram is full, and every text is cut.
#[test]
fn the_largest_report_is_below_its_bound() {
    for letter in ['"', '\u{1}', '😀'] {
        let shape = Shape {
            n_titles: 450,
            n_platforms: 255,
            n_files: 100,
            durations: Values::Rising(5),
            years: Values::Rising(1),
            dates: Values::Rising(30),
            times: Values::Rising(2_700_000),
            lengths: Values::Rising(50),
            items: Values::Rising(1),
            most_of_name: 22_000,
            most_items: 420,
            letter,
        };
        let eda = analyzed(&shape);
        check(&eda);
        let columns: Vec<&str> = eda.spellings.iter().map(|of| of.column.as_str()).collect();
        assert_eq!(columns, ["director", "cast", "country", "genres"], "each has spellings");
        assert!(eda.to_json().len() > MOST_JSON / 2, "this report is not large");
    }
}

#[test]
fn one_value_far_from_the_others_is_an_open_bar_and_an_alert() {
    let shape = Shape {
        n_titles: 9,
        n_platforms: 1,
        n_files: 0,
        durations: Values::Same(90),
        years: Values::Same(2_020),
        dates: Values::Same(737_000),
        times: Values::Same(1_600_000_000),
        lengths: Values::Same(8),
        items: Values::Same(2),
        most_of_name: 8,
        most_items: 2,
        letter: 'a',
    };
    let usual = analyzed(&shape);
    let clean = shape.tables();
    let mut titles = clean.titles.titles().to_vec();
    titles[8].duration = Some(Duration { value: u32::MAX, unit: DurationUnit::Min });
    titles[8].release_year = Some(1);
    titles[8].date_added = Some(Date::MAX);
    let titles = TitleTable::new(clean.titles.platforms().to_vec(), titles).unwrap();
    let clean = Clean { titles, ratings: clean.ratings };
    let eda = analyze(&Data::of_tables(&clean), Raw::Unknown, None, &Silent);
    check(&eda);

    let open = |eda: &Eda, name: &str| -> Vec<(OpenEnd, u64)> {
        let card = eda.tables[0].columns.iter().find(|c| c.name == name).unwrap();
        card.histogram.iter().filter_map(|bin| Some((bin.open?, bin.n))).collect()
    };
    for (name, end, text) in [
        ("duration_min", OpenEnd::Above, "1 of 100 or more"),
        ("year", OpenEnd::Below, "1 before 2020"),
        ("date_added", OpenEnd::Above, "1 on "),
    ] {
        assert_eq!(open(&usual, name), []);
        assert_eq!(open(&eda, name), [(end, 1)]);
        let alert = eda.alerts.iter().find(|a| a.column == name && a.text.contains(text));
        assert_eq!(alert.map(|a| a.kind.as_str()), Some("outliers"), "{name}: {:?}", eda.alerts);
    }
    assert_eq!(eda.catalog.by_year.rows, ["2019", "2020"]);
    assert_eq!(eda.catalog.by_year.open, [OpenEnd::Below]);
    let html = page(&eda);
    for text in ["≥ 100", "&lt; 2020", "≤ 2019", "The pale bar counts all values beyond the others"] {
        assert!(html.contains(text), "{text}");
        assert!(!page(&usual).contains(text), "{text}");
    }
}
