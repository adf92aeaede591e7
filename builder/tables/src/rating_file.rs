//! Writes files of ratings and other rows in order.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::sync_channel;

use catalog::{RatingTable, Title, TitleTable};
use progress::Reporter;

use crate::FileError;
use crate::staged::Staged;

const ROWS_A_CHUNK: usize = 1 << 15;

/// Writes ratings in the format of `ratings.csv` to a file; an older file is replaced once the new one is
/// complete.
pub fn write_rating_file(
    dir: &Path,
    name: &str,
    titles: &TitleTable,
    ratings: &RatingTable,
    reporter: &dyn Reporter,
) -> Result<(), FileError> {
    let mut staged = Staged::new(dir, name)?;
    write_ratings(titles, ratings, &mut staged, reporter)?;
    staged.complete()?.publish()
}

/// Writes rows of cells as CSV; an older file is replaced once the new one is complete.
pub fn write_rows(
    dir: &Path,
    name: &str,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), FileError> {
    let mut staged = Staged::new(dir, name)?;
    let path = staged.path.clone();
    let mut writer = csv::Writer::from_writer(&mut staged.file);
    let write = || -> Result<(), csv::Error> {
        writer.write_record(header)?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        Ok(())
    };
    write().map_err(|source| FileError::Csv { path, source })?;
    drop(writer);
    staged.complete()?.publish()
}

/// Formats chunks of rows in parallel and writes them in order. Worker `k % n` formats chunk `k`, so taking
/// from the workers in turn restores the order, and their short queues bound the memory.
pub(crate) fn write_ratings(
    titles: &TitleTable,
    ratings: &RatingTable,
    out: &mut Staged,
    reporter: &dyn Reporter,
) -> Result<(), FileError> {
    let n_rows = ratings.len();
    reporter.start("writing ratings", n_rows as u64, "rows");
    let n_chunks = n_rows.div_ceil(ROWS_A_CHUNK);
    let n_workers = rayon::current_num_threads();
    let tail = |title: &Title| {
        let mut tail = vec![b','];
        push_id(&mut tail, title.id.as_str());
        tail.push(b'\n');
        tail
    };
    let tails: Vec<Vec<u8>> = titles.titles().iter().map(tail).collect();
    let written = std::thread::scope(|scope| {
        let mut queues = Vec::with_capacity(n_workers);
        for worker in 0..n_workers {
            let (sender, receiver) = sync_channel::<Vec<u8>>(2);
            let tails = &tails;
            scope.spawn(move || {
                for chunk in (worker..n_chunks).step_by(n_workers) {
                    let begin = chunk * ROWS_A_CHUNK;
                    let text = format_rows(ratings, tails, begin..(begin + ROWS_A_CHUNK).min(n_rows));
                    // The writer stopped after an error, which it reports itself.
                    if sender.send(text).is_err() {
                        return;
                    }
                }
            });
            queues.push(receiver);
        }
        let file = out.file.get_mut();
        file.write_all(b"user_id,rating,timestamp,id\n")?;
        for chunk in 0..n_chunks {
            let text = queues[chunk % n_workers].recv().map_err(std::io::Error::other)?;
            file.write_all(&text)?;
            reporter.advance((n_rows - chunk * ROWS_A_CHUNK).min(ROWS_A_CHUNK) as u64);
        }
        Ok(())
    });
    reporter.finish();
    written.map_err(|e| out.fail(e))
}

fn format_rows(ratings: &RatingTable, tails: &[Vec<u8>], rows: Range<usize>) -> Vec<u8> {
    let mut text = Vec::with_capacity(rows.len() * 32);
    let offsets = ratings.offsets();
    let mut user = offsets.partition_point(|&o| o as usize <= rows.start) - 1;
    for row in rows {
        while offsets[user + 1] as usize <= row {
            user += 1;
        }
        push_id(&mut text, ratings.users()[user].as_str());
        text.push(b',');
        push_rating(&mut text, ratings.rating()[row]);
        text.push(b',');
        push_number(&mut text, ratings.timestamp()[row]);
        text.extend_from_slice(&tails[ratings.title_idx()[row] as usize]);
    }
    text
}

/// Appends an id, in quotes if it needs them.
fn push_id(text: &mut Vec<u8>, id: &str) {
    if id.contains(['"', ',']) {
        text.push(b'"');
        text.extend_from_slice(id.replace('"', "\"\"").as_bytes());
        text.push(b'"');
    } else {
        text.extend_from_slice(id.as_bytes());
    }
}

/// Appends the shortest text that reads back as the same number, with at least one digit after the point.
fn push_rating(text: &mut Vec<u8>, rating: f32) {
    let halves = rating * 2.0;
    if halves.fract() == 0.0 && (0.0..20.0).contains(&halves) {
        let halves = halves as u8;
        text.extend_from_slice(&[
            b'0' + halves / 2,
            b'.',
            if halves.is_multiple_of(2) { b'0' } else { b'5' },
        ]);
    } else if rating.fract() == 0.0 {
        text.extend_from_slice(format!("{rating:.1}").as_bytes());
    } else {
        text.extend_from_slice(rating.to_string().as_bytes());
    }
}

fn push_number(text: &mut Vec<u8>, mut number: u32) {
    let mut digits = [0; 10];
    let mut begin = digits.len();
    loop {
        begin -= 1;
        digits[begin] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[begin..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_does(number in any::<u32>()) {
            let mut text = Vec::new();
            push_number(&mut text, number);
            prop_assert_eq!(String::from_utf8(text).unwrap(), number.to_string());
        }

        #[test]
        fn ratings_read_back_as_they_were(rating in -100.0_f32..=100.0, halves in -200_i16..=200) {
            for rating in [rating, f32::from(halves) / 2.0] {
                let mut text = Vec::new();
                push_rating(&mut text, rating);
                prop_assert_eq!(str::from_utf8(&text).unwrap().parse::<f32>().unwrap().to_bits(), rating.to_bits());
            }
        }
    }
}
