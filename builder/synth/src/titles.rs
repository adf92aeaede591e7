//! Makes the four catalogs: works, their rows, and the faults in those rows.

use std::collections::HashSet;

use etl::CATALOG_COLUMNS;
use serde::Serialize;

use super::dice::Dice;
use super::platforms::{Group, KindProfile, Label, N_GROUPS, PROFILES, Profile};
use super::words::{
    ALLIES, ANIMALS, CLOSERS, CULTURES, ERRANDS, EVENTS, GOALS, PEOPLE, PLACES, PURSUITS, ROLES, STAKES,
    TITLE_ADJECTIVES, TITLE_FACTS, TITLE_NOUNS, TITLE_PLACES,
};

const TITLE: usize = 2;
const CAST: usize = 4;
const COUNTRY: usize = 5;
const DATE_ADDED: usize = 6;
const RATING: usize = 8;
const DURATION: usize = 9;
const DESCRIPTION: usize = 11;

/// Share of the titles whose film is already on an earlier platform.
const SHARED_WORKS: f64 = 0.03;

const MONTHS: [(&str, usize); 12] = [
    ("January", 31),
    ("February", 28),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
];

/// Numbers of faults of each kind that were put into the catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TitleFaults {
    /// Durations in the `rating` column.
    pub duration_in_rating: u64,
    /// Spaces before `date_added`.
    pub space_before_date: u64,
    /// U+200B inside a title, a name or a description.
    pub zero_width: u64,
    /// U+00A0 in place of a space.
    pub no_break_space: u64,
    /// Line ends inside a description.
    pub line_break: u64,
    /// Numbers among the names of a cast.
    pub number_in_cast: u64,
    /// Empty cells in columns that the platform otherwise fills.
    pub empty_cell: u64,
}

impl TitleFaults {
    /// Counts all faults.
    pub fn total(&self) -> u64 {
        self.duration_in_rating
            + self.space_before_date
            + self.zero_width
            + self.no_break_space
            + self.line_break
            + self.number_in_cast
            + self.empty_cell
    }
}

/// Properties of a title that its ratings depend on.
#[derive(Debug, Clone)]
pub(super) struct Rated {
    pub(super) id: String,
    pub(super) release_year: u32,
    /// Weight of each group in the title; at least one is above 0.
    pub(super) groups: [f32; N_GROUPS],
    /// Position of the work, which several titles may share.
    pub(super) work_idx: usize,
}

/// Catalogs that were made.
#[derive(Debug)]
pub(super) struct Catalogs {
    /// Contents of each file, in the order of [`PROFILES`].
    pub(super) files: [Vec<u8>; 4],
    /// Number of titles in each file.
    pub(super) n_titles: [usize; 4],
    /// All titles in source order.
    pub(super) rated: Vec<Rated>,
    pub(super) n_works: usize,
    pub(super) faults: TitleFaults,
}

/// Film or series, on whichever platforms it is shown.
#[derive(Debug, Clone)]
struct Work {
    idx: usize,
    title: String,
    is_movie: bool,
    release_year: u32,
    duration: u32,
    group: Group,
    directors: Vec<String>,
    cast: Vec<String>,
    countries: Vec<&'static str>,
}

#[derive(Debug)]
struct Row {
    cells: [String; 12],
    added: Option<(u32, usize, usize)>,
    groups: [f32; N_GROUPS],
    release_year: u32,
    work_idx: usize,
}

/// Makes `n_titles` titles, of which a share of `fault_rate` have a fault.
pub(super) fn make(n_titles: usize, fault_rate: f64, dice: &mut Dice) -> Catalogs {
    let shares = PROFILES.map(|p| f64::from(p.n_published));
    let counts = apportion(n_titles, shares);
    let mut works: Vec<Work> = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    let mut made = Catalogs {
        files: Default::default(),
        n_titles: counts,
        rated: Vec::with_capacity(n_titles),
        n_works: 0,
        faults: TitleFaults::default(),
    };
    let mut n_faults = 0;
    for (position, profile) in PROFILES.iter().enumerate() {
        let n_earlier = works.len();
        let mut reused = HashSet::new();
        let mut rows: Vec<Row> = (0..counts[position])
            .map(|_| {
                let reuse = (n_earlier > 0 && dice.chance(SHARED_WORKS)).then(|| dice.below(n_earlier));
                let work = if let Some(idx) = reuse.filter(|&idx| reused.insert(idx)) {
                    works[idx].clone()
                } else {
                    let work = make_work(works.len(), profile, &mut taken, dice);
                    works.push(work.clone());
                    work
                };
                make_row(&work, profile, dice)
            })
            .collect();
        if profile.by_date {
            rows.sort_by_key(|row| std::cmp::Reverse(row.added));
        }
        let letter = &profile.name[..1];
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(CATALOG_COLUMNS).expect("a vector takes every byte");
        for (row_idx, mut row) in rows.into_iter().enumerate() {
            row.cells[0] = format!("s{}", row_idx + 1);
            let due = ((made.rated.len() + 1) as f64 * fault_rate) as u64;
            if due > n_faults {
                put_fault(&mut row.cells, profile, &mut made.faults, dice);
                n_faults += 1;
            }
            writer.write_record(&row.cells).expect("a vector takes every byte");
            made.rated.push(Rated {
                id: format!("{letter}{}", row.cells[0]),
                release_year: row.release_year,
                groups: row.groups,
                work_idx: row.work_idx,
            });
        }
        made.files[position] = writer.into_inner().expect("a vector takes every byte");
    }
    made.n_works = works.len();
    made
}

/// Divides `total` in proportion to `shares`, by largest remainders; the earlier part wins a tie.
fn apportion(total: usize, shares: [f64; 4]) -> [usize; 4] {
    let sum: f64 = shares.iter().sum();
    let exact = shares.map(|share| total as f64 * share / sum);
    let mut parts = exact.map(|part| part as usize);
    let mut order = [0, 1, 2, 3];
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    let left = total - parts.iter().sum::<usize>();
    for &position in &order[..left] {
        parts[position] += 1;
    }
    parts
}

fn make_work(idx: usize, profile: &Profile, taken: &mut HashSet<String>, dice: &mut Dice) -> Work {
    let is_movie = dice.chance(profile.movie_share);
    let kind = kind_of(profile, is_movie);
    let culture_idx = dice.weighted(profile.cultures.iter().copied());
    let group = kind.labels[dice.weighted(kind.labels.iter().map(|label| label.2))].1;
    let mut title = make_title(group, culture_idx, dice);
    for attempt in 2_u32.. {
        if taken.insert(title.to_lowercase()) {
            break;
        }
        // A data set of millions of titles uses up the words; after that, films have sequels.
        title = if attempt < 12 {
            make_title(group, culture_idx, dice)
        } else {
            format!("{} {}", make_title(group, culture_idx, dice), attempt - 10)
        };
    }
    let n_directors = 1 + dice.weighted([0.92, 0.07, 0.01].into_iter());
    let n_cast = profile.cast_size.draw(dice) as usize;
    let mut countries = vec![dice.pick(CULTURES[culture_idx].countries)];
    while dice.chance(0.17) && countries.len() < 4 {
        let other = dice.weighted(profile.cultures.iter().copied());
        let country = dice.pick(CULTURES[other].countries);
        if !countries.contains(&country) {
            countries.push(country);
        }
    }
    Work {
        idx,
        title,
        is_movie,
        release_year: kind.release_year.draw(dice),
        duration: kind.duration.draw(dice),
        group,
        directors: make_people(n_directors, culture_idx, dice),
        cast: make_people(n_cast, culture_idx, dice),
        countries,
    }
}

fn kind_of(profile: &Profile, is_movie: bool) -> &KindProfile {
    if is_movie { &profile.movies } else { &profile.series }
}

fn make_title(group: Group, culture_idx: usize, dice: &mut Dice) -> String {
    let culture = &CULTURES[culture_idx];
    if !culture.title_heads.is_empty() && dice.chance(0.5) {
        return format!("{} {}", dice.pick(culture.title_heads), dice.pick(culture.title_tails));
    }
    if group == Group::Fact && dice.chance(0.5) {
        let subject = dice.pick(TITLE_FACTS);
        return match dice.below(5) {
            0 => format!("The Secret Life of {subject}"),
            1 => format!("{}: A Story of {subject}", capitalized(dice.pick(TITLE_PLACES))),
            2 => format!("A Year with {subject}"),
            3 => format!("{subject}: {} {}", dice.pick(TITLE_ADJECTIVES), dice.pick(TITLE_NOUNS)),
            _ => format!("Inside {}", capitalized(subject)),
        };
    }
    if group == Group::Comedy && dice.chance(0.12) {
        let person = make_person(culture_idx, dice);
        return format!("{person}: {} {}", dice.pick(TITLE_ADJECTIVES), dice.pick(TITLE_NOUNS));
    }
    let adjective = dice.pick(TITLE_ADJECTIVES);
    let noun = dice.pick(TITLE_NOUNS);
    let other = dice.pick(TITLE_NOUNS);
    let place = dice.pick(TITLE_PLACES);
    let first_name = dice.pick(culture.first_names);
    match dice.below(16) {
        0..=3 => format!("The {adjective} {noun}"),
        4 => format!("{adjective} {noun}"),
        5 => format!("The {noun} of {}", capitalized(place)),
        6 => format!("{first_name}'s {noun}"),
        7 => format!("{noun} & {other}"),
        8 => format!("The {noun} and the {other}"),
        9 => format!("The Road to {}", capitalized(place)),
        10 => format!("{first_name} in {}", capitalized(place)),
        11 => format!("{}: The {adjective} {noun}", capitalized(place)),
        12 => format!("{first_name} and the {adjective} {noun}"),
        13 => format!("One {noun}, No {other}"),
        14 => format!("{} {noun} for {first_name}", article(noun)),
        _ => format!("The {noun}'s {other}"),
    }
}

/// Returns the indefinite article of a word in `TITLE_NOUNS`.
fn article(noun: &str) -> &'static str {
    match noun.as_bytes()[0] {
        b'A' | b'E' | b'I' | b'O' => "An",
        _ if noun.starts_with("Hour") => "An",
        _ => "A",
    }
}

/// Returns the text with a capital at the start and the rest unchanged.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Makes the people of one film: mostly from its culture, nobody twice.
fn make_people(n: usize, culture_idx: usize, dice: &mut Dice) -> Vec<String> {
    let mut people: Vec<String> = Vec::with_capacity(n);
    let mut misses = 0;
    while people.len() < n && misses < 100 {
        let culture_idx = if dice.chance(0.08) { dice.below(CULTURES.len()) } else { culture_idx };
        let person = make_person(culture_idx, dice);
        if people.contains(&person) {
            misses += 1;
        } else {
            people.push(person);
        }
    }
    people
}

/// Makes a person, some far more often than others.
fn make_person(culture_idx: usize, dice: &mut Dice) -> String {
    let culture = &CULTURES[culture_idx];
    let (n_first, n_last) = (culture.first_names.len(), culture.last_names.len());
    // Rank 0 is the star; dividing by 1 - x/2 rather than a power keeps the arithmetic exact everywhere.
    let x = dice.unit();
    let rank = ((n_first * n_last) as f64 * x * x / (2.0 - x)) as usize;
    let rank = rank.min(n_first * n_last - 1);
    let first = culture.first_names[rank % n_first];
    // Shifting the last name by one each round visits every pair once.
    let last = culture.last_names[(rank + rank / n_first * 7 + rank / n_first) % n_last];
    match rank % 211 {
        17 => format!("{first} {last}, Jr."),
        40 if culture_idx < 5 => {
            format!("{first} {}. {last}", culture.first_names[rank % 7].chars().next().unwrap_or('A'))
        }
        _ => format!("{first} {last}"),
    }
}

fn make_row(work: &Work, profile: &Profile, dice: &mut Dice) -> Row {
    let kind = kind_of(profile, work.is_movie);
    let rating_idx = dice.weighted(profile.ratings.iter().map(|&(_, weight, for_children)| {
        // Keep the group. A rating that does not fit it is unlikely, so overall shares still hold.
        match (work.group == Group::Family, for_children) {
            (true, true) => weight * 4.0,
            (true, false) => weight * 0.2,
            (false, true) => weight * 0.6,
            (false, false) => weight,
        }
    }));
    let labels = make_labels(work.group, kind.labels, profile.n_labels, dice);
    let mut groups = [0.0; N_GROUPS];
    groups[work.group as usize] += 1.0;
    for label in &labels {
        groups[label.1 as usize] += 1.0;
    }
    let added = (!dice.chance(kind.no_date)).then(|| make_date(work.release_year, profile, dice));
    let unit = match (work.is_movie, work.duration) {
        (true, _) => "min",
        (false, 1) => "Season",
        (false, _) => "Seasons",
    };
    let mut unless = |p: f64, text: String| if dice.chance(p) { String::new() } else { text };
    let cells = [
        String::new(),
        if work.is_movie { "Movie" } else { "TV Show" }.to_owned(),
        work.title.clone(),
        unless(kind.no_director, work.directors.join(", ")),
        unless(kind.no_cast, work.cast.join(", ")),
        unless(kind.no_country, work.countries.join(", ")),
        added.map_or_else(String::new, |(year, month, day)| format!("{} {day}, {year}", MONTHS[month].0)),
        work.release_year.to_string(),
        unless(kind.no_rating, profile.ratings[rating_idx].0.to_owned()),
        unless(kind.no_duration, format!("{} {unit}", work.duration)),
        labels.iter().map(|label| label.0).collect::<Vec<_>>().join(", "),
        make_description(work, profile.description_bytes.draw(dice) as usize, dice),
    ];
    Row { cells, added, groups, release_year: work.release_year, work_idx: work.idx }
}

/// Makes the labels of one title, none twice. The first is from the work's group.
fn make_labels(group: Group, labels: &[Label], n_labels: &[f64], dice: &mut Dice) -> Vec<Label> {
    let n = 1 + dice.weighted(n_labels.iter().copied());
    let mut chosen: Vec<Label> = Vec::with_capacity(n);
    while chosen.len() < n {
        let weights = labels.iter().map(|label| {
            if chosen.iter().any(|c| c.0 == label.0) || (chosen.is_empty() && label.1 != group) {
                0.0
            } else if group == Group::Family && label.1 == Group::Dark {
                // Children's films are not crime stories.
                label.2 * 0.02
            } else {
                label.2
            }
        });
        chosen.push(labels[dice.weighted(weights)]);
    }
    chosen
}

fn make_date(release_year: u32, profile: &Profile, dice: &mut Dice) -> (u32, usize, usize) {
    let year = 2015 + dice.weighted(profile.year_added.iter().copied()) as u32;
    let month = dice.below(12);
    (year.max(release_year), month, 1 + dice.below(MONTHS[month].1))
}

/// Makes sentences of about `n_bytes` bytes in total, at least one.
fn make_description(work: &Work, n_bytes: usize, dice: &mut Dice) -> String {
    let mut text = String::new();
    loop {
        let space = (n_bytes + 6).saturating_sub(text.len());
        let drawn: [String; 6] = std::array::from_fn(|_| make_sentence(work, text.is_empty(), dice));
        // Take the longest that fits; if not even the first fits, the shortest.
        let best =
            drawn.iter().filter(|s| s.len() < space && !text.contains(s.as_str())).max_by_key(|s| s.len());
        match best.or_else(|| drawn.iter().filter(|_| text.is_empty()).min_by_key(|s| s.len())) {
            Some(sentence) => {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(sentence);
            }
            None => return text,
        }
    }
}

fn make_sentence(work: &Work, opens: bool, dice: &mut Dice) -> String {
    let place = dice.pick(PLACES);
    match (work.group, opens) {
        (Group::Fact, true) => {
            let form = if work.is_movie { "film" } else { "series" };
            let (people, pursuit) = (dice.pick(PEOPLE), dice.pick(PURSUITS));
            match dice.below(3) {
                0 => format!("In {place}, {people} {pursuit}."),
                1 => format!("{} {pursuit}.", capitalized(people)),
                _ => format!("This {form} follows {people} in {place} who {pursuit}."),
            }
        }
        (Group::Fact, false) if dice.chance(0.6) => {
            let people = dice.pick(PEOPLE);
            match dice.below(2) {
                0 => format!("Meanwhile, {people} {}.", dice.pick(PURSUITS)),
                _ => format!("With {people} from {place}."),
            }
        }
        (Group::Family, true) => {
            let (animal, errand) = (dice.pick(ANIMALS), dice.pick(ERRANDS));
            match dice.below(3) {
                0 => format!("{animal} {errand}."),
                1 => format!("With the help of {}, {animal} {errand}.", dice.pick(ALLIES)),
                _ => format!("In {place}, {animal} {errand}."),
            }
        }
        (_, true) => {
            let (role, event, goal) = (dice.pick(ROLES), dice.pick(EVENTS), dice.pick(GOALS));
            let (ally, stake) = (dice.pick(ALLIES), dice.pick(STAKES));
            match dice.below(6) {
                0 => format!("{} {event}.", capitalized(role)),
                1 => format!("{} {event} and must {goal} before {stake}.", capitalized(role)),
                2 => format!("When {role} {event}, {ally} offers to help {goal}."),
                3 => format!("In {place}, {role} {event}."),
                4 => format!("After {role} {event}, nothing in {place} stays the same."),
                _ => format!("In {place}, {role} and {ally} try to {goal} before {stake}."),
            }
        }
        (_, false) => match dice.below(4) {
            0 => format!("But then {}.", dice.pick(STAKES)),
            1 => format!("Together with {}, they set out to {}.", dice.pick(ALLIES), dice.pick(GOALS)),
            _ => dice.pick(CLOSERS).to_owned(),
        },
    }
}

/// Puts in the rarest fault so far among those that the row can have, so that even few faults are of many
/// kinds.
fn put_fault(cells: &mut [String; 12], profile: &Profile, faults: &mut TitleFaults, dice: &mut Dice) {
    let counts = [
        faults.duration_in_rating,
        faults.space_before_date,
        faults.zero_width,
        faults.no_break_space,
        faults.line_break,
        faults.number_in_cast,
        faults.empty_cell,
    ];
    let mut order = [0, 1, 2, 3, 4, 5, 6];
    order.sort_by_key(|&kind| counts[kind]);
    for kind in order {
        let count = match kind {
            0 if matches!(profile.name, "hulu" | "netflix") && !cells[DURATION].is_empty() => {
                cells[RATING] = std::mem::take(&mut cells[DURATION]);
                &mut faults.duration_in_rating
            }
            1 if !cells[DATE_ADDED].is_empty() => {
                cells[DATE_ADDED].insert(0, ' ');
                &mut faults.space_before_date
            }
            2 => {
                let column = [TITLE, CAST, DESCRIPTION][dice.below(3)];
                let column = if cells[column].is_empty() { TITLE } else { column };
                let at = if dice.chance(0.5) { 0 } else { cells[column].len() };
                cells[column].insert(at, '\u{200b}');
                &mut faults.zero_width
            }
            3 if put_instead_of_space(
                &mut cells[if dice.chance(0.3) { TITLE } else { DESCRIPTION }],
                '\u{a0}',
                dice,
            ) =>
            {
                &mut faults.no_break_space
            }
            4 if put_instead_of_space(&mut cells[DESCRIPTION], '\n', dice) => &mut faults.line_break,
            5 if !cells[CAST].is_empty() => {
                cells[CAST].push_str(", 1");
                &mut faults.number_in_cast
            }
            6 => {
                let filled = [RATING, DATE_ADDED, COUNTRY, DESCRIPTION].map(|c| (c, !cells[c].is_empty()));
                let column = filled[dice.weighted(filled.iter().map(|f| f64::from(u8::from(f.1))))].0;
                cells[column].clear();
                &mut faults.empty_cell
            }
            _ => continue,
        };
        *count += 1;
        return;
    }
}

/// Returns false if there is no space.
fn put_instead_of_space(text: &mut String, sign: char, dice: &mut Dice) -> bool {
    let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    if spaces.is_empty() {
        return false;
    }
    let at = dice.pick(&spaces);
    text.replace_range(at..=at, sign.encode_utf8(&mut [0; 4]));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(file: &[u8]) -> Vec<csv::StringRecord> {
        csv::Reader::from_reader(file).records().map(Result::unwrap).collect()
    }

    #[test]
    fn shares_match_the_published_files() {
        assert_eq!(apportion(22_998, PROFILES.map(|p| f64::from(p.n_published))), [9668, 1450, 3073, 8807]);
        assert_eq!(apportion(4, PROFILES.map(|p| f64::from(p.n_published))).iter().sum::<usize>(), 4);
    }

    #[test]
    fn titles_of_a_platform_differ_and_some_films_are_on_two() {
        let made = make(3000, 0.0, &mut Dice::new(5, 0));
        assert!(made.n_works < 3000 && made.n_works > 2800, "{}", made.n_works);
        for file in &made.files {
            let rows = rows(file);
            let distinct: HashSet<&str> = rows.iter().map(|row| &row[TITLE]).collect();
            assert_eq!(distinct.len(), rows.len());
        }
        assert_eq!(made.faults, TitleFaults::default());
    }

    #[test]
    fn null_shares_and_medians_are_near_the_published_ones() {
        let made = make(6000, 0.0, &mut Dice::new(6, 0));
        let netflix = rows(&made.files[3]);
        let share = |test: &dyn Fn(&csv::StringRecord) -> bool| {
            netflix.iter().filter(|row| test(row)).count() as f64 / netflix.len() as f64
        };
        assert!((share(&|row| &row[1] == "Movie") - 0.696).abs() < 0.04);
        assert!((share(&|row| row[3].is_empty()) - 0.299).abs() < 0.04);
        assert!((share(&|row| row[COUNTRY].is_empty()) - 0.094).abs() < 0.03);
        assert!((share(&|row| &row[RATING] == "TV-MA") - 0.364).abs() < 0.06);
        let mut lengths: Vec<usize> = netflix.iter().map(|row| row[DESCRIPTION].len()).collect();
        lengths.sort_unstable();
        assert!((120..160).contains(&lengths[lengths.len() / 2]), "{}", lengths[lengths.len() / 2]);
        assert!(rows(&made.files[2]).iter().all(|row| row[CAST].is_empty()));
    }

    #[test]
    fn every_kind_of_fault_is_put_in_and_counted() {
        let made = make(1000, 0.2, &mut Dice::new(7, 0));
        assert_eq!(made.faults.total(), 200);
        let all: Vec<_> = made.files.iter().flat_map(|file| rows(file)).collect();
        let count =
            |test: &dyn Fn(&csv::StringRecord) -> bool| all.iter().filter(|row| test(row)).count() as u64;
        let is_duration = |text: &str| text.ends_with(" min") || text.contains(" Season");
        assert_eq!(
            count(&|row| is_duration(&row[RATING]) && row[DURATION].is_empty()),
            made.faults.duration_in_rating
        );
        assert_eq!(count(&|row| row[DATE_ADDED].starts_with(' ')), made.faults.space_before_date);
        assert_eq!(count(&|row| row.iter().any(|cell| cell.contains('\u{200b}'))), made.faults.zero_width);
        assert_eq!(count(&|row| row.iter().any(|cell| cell.contains('\u{a0}'))), made.faults.no_break_space);
        assert_eq!(count(&|row| row[DESCRIPTION].contains('\n')), made.faults.line_break);
        assert_eq!(count(&|row| row[CAST].ends_with(", 1")), made.faults.number_in_cast);
        for n in [made.faults.duration_in_rating, made.faults.space_before_date, made.faults.empty_cell] {
            assert!(n > 0, "{:?}", made.faults);
        }
    }
}
