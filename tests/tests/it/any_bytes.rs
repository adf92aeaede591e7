//! The checks of the fuzz targets, on bytes that proptest makes: arbitrary bytes, and golden payloads with a
//! few bytes changed, cut or added, in a valid envelope so that they pass the checksum.

use artifact::Kind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tests::{check, golden};

use crate::mirror::payload;

fn any_kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(&Kind::ALL[..])
}

fn changed(mut bytes: Vec<u8>, changes: &[(Index, u8)], cut: usize, added: &[u8]) -> Vec<u8> {
    for (at, value) in changes {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
    }
    bytes.truncate(bytes.len().saturating_sub(cut));
    bytes.extend(added);
    bytes
}

/// Returns mostly small values, since counts and offsets are small.
fn changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    vec((any::<Index>(), prop_oneof![0_u8..8, any::<u8>()]), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused_or_round_trip(kind in any_kind(), bytes in vec(any::<u8>(), 0..400)) {
        check::artifact(kind, &bytes);
        check::manifest(&bytes);
        check::pointer(&bytes);
    }

    #[test]
    fn changed_artifacts_are_refused_or_round_trip(
        kind in any_kind(),
        changes in changes(),
        cut in prop_oneof![Just(0_usize), 0_usize..40],
        added in vec(any::<u8>(), 0..3),
    ) {
        check::artifact(kind, &changed(payload(kind), &changes, cut, &added));
    }

    #[test]
    fn changed_manifests_are_refused_or_round_trip(changes in changes(), cut in 0_usize..3) {
        check::manifest(&changed(golden::manifest().to_bytes(), &changes, cut, b""));
        check::pointer(&changed(golden::pointer().to_bytes(), &changes, cut, b""));
    }
}

const CATALOG: &str = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description\n\
    s1,Movie,One,,\"Ana Ruiz, Jr.\",,\"September 25, 2021\",2018,PG,90 min,Drama,\"a\nb\"\n\
    s2,TV Show,Two,,,,,2019,,3 Seasons,,\n";
const RATINGS: &str =
    "userId,rating,timestamp,movieId\n1,4.5,100,ns1\n1,3.0,200,ns1\n2,0.5,300,ns2\n2,nine,300,ns2\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_etl_accounts_for_every_row_of_damaged_files(changes in changes(), cut in 0_usize..60) {
        let dir = tempfile::tempdir().unwrap();
        let bytes = format!("{CATALOG}\0{RATINGS}").into_bytes();
        check::etl(dir.path(), &changed(bytes, &changes, cut, b"")).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// The reader guesses the layout from the bytes, so any bytes may lead it anywhere.
    #[test]
    fn the_etl_accounts_for_every_row_of_files_in_any_layout(
        start in prop::sample::select(&STARTS[..]),
        text in "([0-9]|[.,;|:/ \t\n\r\"]|::|nan|-|é|\u{0}|[a-z]){0,120}",
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        changes in changes(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let whole = [start, text.as_bytes(), &bytes[..]].concat();
        check::ratings(dir.path(), &whole).unwrap();
        check::titles(dir.path(), &whole).unwrap();
        check::ratings(dir.path(), &changed(whole, &changes, 0, b"")).unwrap();
    }
}

/// How files of ratings, catalogs and packed files begin.
const STARTS: [&[u8]; 14] = [
    b"",
    b"userId,movieId,rating,timestamp\n1,2,3,4\n",
    b"user;item;score;date\n1;2;3,5;2005-04-02\n",
    b"1\t2\t3\t4\n",
    b"1::2::3.5::4\n",
    b"1 2 3\n",
    b"user_id:token|item_id:token|rating:float\n1.0|2.0|3\n",
    b"\xff\xfe1\0,\x002\0,\x003\0\n\0",
    b"\x1f\x8b\x08\0\0\0\0\0",
    b"\x28\xb5\x2f\xfd\x04",
    b"PK\x03\x04\x14\0",
    b"id,title,type,runtime,genres\ns1,A,MOVIE,90,\"['a', 'b']\"\n",
    b"show_id;type;title;release_year;duration\ns1;Movie;A;2011.0;1h 30m\n",
    b"1::Toy Story (1995)::Animation\n",
];

#[test]
fn valid_files_are_accepted() {
    for (at, kind) in Kind::ALL.into_iter().enumerate() {
        assert!(check::artifact(kind, &payload(kind)), "{kind}");
        assert!(check::any_artifact(&golden::parts(kind)[0]), "{kind}");
        assert!(check::any_artifact(&[&[at as u8][..], &payload(kind)].concat()), "{kind}");
    }
    assert!(check::manifest(&golden::manifest().to_bytes()));
    assert!(check::pointer(&golden::pointer().to_bytes()));
    let dir = tempfile::tempdir().unwrap();
    let output = check::etl(dir.path(), format!("{CATALOG}\0{RATINGS}").as_bytes()).unwrap().unwrap();
    assert_eq!((output.clean.titles.titles().len(), output.clean.ratings.len()), (2, 2));
    assert_eq!((output.superseded, output.rejects.len()), (1, 1));
}
