//! Rating files as people have them.

use std::fmt::Write as _;

use etl::{EtlInput, run};
use progress::Silent;

/// Rows of titles that are on lines of their own, in small files of one title and in one large file.
#[test]
fn many_files_of_one_title_are_read_like_one_file_of_many() {
    let dir = tempfile::tempdir().unwrap();
    let (one, many) = (dir.path().join("combined_data_1.txt"), dir.path().join("mv"));
    std::fs::create_dir(&many).unwrap();
    let mut all = String::new();
    for title in 1..=300 {
        let mut text = format!("{title}:\n");
        for user in (0..200 + title % 7).map(|n| 1000 + n * title) {
            writeln!(text, "{user},{},2005-0{}-1{}", user % 5 + 1, user % 9 + 1, user % 10).unwrap();
        }
        std::fs::write(many.join(format!("mv_{title:07}.txt")), &text).unwrap();
        all += &text;
    }
    assert!(all.len() > tables::rows::BLOCK_BYTES, "more than one block");
    std::fs::write(&one, all).unwrap();
    let [one, many] = [one, many].map(|path| EtlInput::resolve(&[], &[path]).unwrap());
    let expected = run(&one, &Silent).unwrap();
    assert_eq!(expected.clean.titles.titles().len(), 300);
    assert_eq!(expected.rejects.len(), 0);
    let described = "CSV, ',' between fields, no header, columns 1 (user), 2 (rating), 3 (time), titles on lines of \
                     their own (`1:`), times in ISO 8601";
    assert_eq!(expected.sources[0].read_as.as_deref(), Some(described));
    for n_threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        for input in [&one, &many] {
            let output = pool.install(|| run(input, &Silent)).unwrap();
            assert_eq!(output.clean, expected.clean, "{n_threads} threads");
        }
    }
    let output = run(&many, &Silent).unwrap();
    assert_eq!((output.files.len(), output.n_rows()), (300, expected.n_rows()));
    let shown = output.summary().to_string();
    assert!(shown.contains("mv_0000001.txt to mv_0000300.txt (300 files)"), "{shown}");
}
