//! Search after each keystroke, over as many titles as four platforms have.
//!
//! Names are made up of syllables. A few words are in many names and most words in few, as in real catalogs.

use catalog::{Platform, RatingTable, Title, TitleId, TitleTable};
use criterion::{Criterion, criterion_group, criterion_main};
use queries::title_search;

const N_TITLES: usize = 23_000;
const N_WORDS: usize = 16_000;

/// Takes a step of Knuth's linear congruential generator and returns the upper half of its state.
fn draw(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

fn names() -> Vec<String> {
    const SYLLABLES: [&str; 24] = [
        "ca", "sa", "mi", "lo", "ter", "in", "star", "wa", "ber", "no", "che", "vi", "da", "per", "ros",
        "un", "ma", "gen", "tal", "or", "qui", "fe", "bra", "sol",
    ];
    let mut state = 1;
    let mut word =
        || (0..=1 + draw(&mut state) % 3).map(|_| SYLLABLES[draw(&mut state) % 24]).collect::<String>();
    let words: Vec<String> = (0..N_WORDS).map(|_| word()).collect();
    let mut name = || {
        let n_words = 1 + draw(&mut state) % 5;
        // The product of two uniform draws is more often small than large.
        let word = |_| words[draw(&mut state) % N_WORDS * (draw(&mut state) % N_WORDS) / N_WORDS].as_str();
        (0..n_words).map(word).collect::<Vec<_>>().join(" ")
    };
    (0..N_TITLES).map(|_| name()).collect()
}

fn keystrokes(c: &mut Criterion) {
    let names = names();
    let title = |(i, name): (usize, &String)| {
        Title::named(TitleId::new(&format!("a{i}")).expect("an id"), name.as_str())
    };
    let platforms = vec![Platform::new("amazon").expect("a name")];
    let table = TitleTable::new(platforms, names.iter().enumerate().map(title).collect()).expect("a table");
    let ratings = RatingTable::new(Vec::new(), vec![0], Vec::new(), Vec::new(), Vec::new(), N_TITLES);
    let index = title_search::build(&table, &ratings.expect("a table"));

    let named = |at: u32| title_search::Named { name: &names[at as usize], year: None };
    let mut group = c.benchmark_group("title_search/23000");
    // Every prefix of twenty names, as they are and with two neighboring letters exchanged in each word.
    let typed: Vec<String> = names
        .iter()
        .step_by(N_TITLES / 20)
        .flat_map(|name| {
            let mut wrong: Vec<char> = name.chars().collect();
            wrong.chunks_mut(6).filter(|c| c.len() > 3).for_each(|c| c.swap(2, 3));
            [name.clone(), wrong.into_iter().collect()]
        })
        .flat_map(|name| {
            let n_letters = name.chars().count();
            (1..=n_letters).map(move |n| name.chars().take(n).collect()).collect::<Vec<String>>()
        })
        .collect();
    let mut at = 0;
    group.bench_function("keystroke", |b| {
        b.iter(|| {
            at = (at + 1) % typed.len();
            index.answer(&typed[at], named)
        });
    });
    // The slowest queries known: words that may have two errors, alone and after words that leave many
    // titles.
    let long: Vec<&str> = typed.iter().flat_map(|name| name.split(' ')).filter(|w| w.len() >= 8).collect();
    let sixteen =
        long.iter().step_by((long.len() / 16).max(1)).take(16).copied().collect::<Vec<_>>().join(" ");
    for (name, question) in [
        ("letter", "c"),
        ("nothing", ""),
        ("errors-in-one-long-word", "terinsatr"),
        ("errors-in-three-long-words", "wabreno terinsatr chevidpa"),
        ("errors-in-two-long-words-after-a-letter", "s terinsatr chevidpa"),
        ("errors-that-many-words-have", "carterin carterin carterin"),
        ("errors-in-sixteen-long-words", sixteen.as_str()),
    ] {
        group.bench_function(name, |b| b.iter(|| index.answer(question, named)));
    }
    group.finish();
}

criterion_group!(benches, keystrokes);
criterion_main!(benches);
