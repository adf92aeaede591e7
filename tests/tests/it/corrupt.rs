//! The corpus of corrupt files, and tests that the right step refuses each of them.
//!
//! Files are named `<kind>.step-<n>.<what>.bin`, and for step 8 `<kind>.step-8.<field>.<what>.bin`. Manifests
//! and pointers are named `manifest.<error>.<what>.json` and `pointer.<error>.<what>.json`. Each file is a
//! golden one with a single change. `CARTELERA_BLESS=1` writes them again.

use std::fs;
use std::path::PathBuf;

use artifact::{
    Digest, HEADER_BYTES, Kind, MAX_PAYLOAD_BYTES, Manifest, ManifestError, Pointer, RatingValues, ReadError,
    Signature, open, seal,
};
use tests::{check, golden};

use crate::bless::blessing;
use crate::mirror::{self, Corpus, payload, shorten};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corrupt")
}

fn golden_artifact(kind: Kind) -> Vec<u8> {
    seal(kind, &payload(kind))
}

/// Adds a file that is a golden artifact with a change.
fn file(corpus: &mut Corpus, kind: Kind, step: u8, what: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = golden_artifact(kind);
    change(&mut bytes);
    corpus.insert(format!("{kind}.step-{step}.{what}.bin"), bytes);
}

fn envelopes(corpus: &mut Corpus) {
    use Kind::{Actor, CountPlatform, MaxDuration, RatingModel, ScoreCount, Titles, UserIndex, Users};
    file(corpus, CountPlatform, 1, "empty", Vec::clear);
    file(corpus, Actor, 1, "header-cut", |b| b.truncate(HEADER_BYTES - 1));
    file(corpus, Titles, 2, "no-magic", |b| b[0] = b'C');
    // As a transfer in text mode changes a file.
    file(corpus, Actor, 2, "line-end-folded", |b| *b = [&b[..4], &b[5..]].concat());
    file(corpus, MaxDuration, 3, "version-0", |b| b[8] = 0);
    file(corpus, MaxDuration, 3, "version-2", |b| b[8] = 2);
    file(corpus, ScoreCount, 3, "version-257", |b| b[9] = 1);
    file(corpus, Users, 4, "another-kind", |b| *b = golden_artifact(UserIndex));
    file(corpus, UserIndex, 4, "kind-0", |b| b[10] = 0);
    file(corpus, RatingModel, 4, "kind-65535", |b| b[10..12].fill(0xff));
    file(corpus, ScoreCount, 5, "payload-cut", shorten);
    file(corpus, ScoreCount, 5, "byte-added", |b| b.push(0));
    file(corpus, Titles, 5, "length-huge", |b| b[12..20].fill(0xff));
    file(corpus, Titles, 5, "length-above-2-gib", |b| {
        b[12..20].copy_from_slice(&(MAX_PAYLOAD_BYTES + 1).to_le_bytes());
    });
    file(corpus, Actor, 6, "bit-flipped-in-payload", |b| b[HEADER_BYTES + 9] ^= 0x10);
    file(corpus, RatingModel, 6, "bit-flipped-in-checksum", |b| b[20] ^= 1);
    file(corpus, Users, 5, "two-blocks", |b| b.extend(golden_artifact(Users)));
    file(corpus, Users, 6, "bytes-exchanged", |b| b.swap(HEADER_BYTES, HEADER_BYTES + 8));
    for kind in Kind::ALL {
        let mut payload = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
            file(corpus, kind, 7, what, |bytes| {
                let mut payload = payload(kind);
                change(&mut payload);
                *bytes = seal(kind, &payload);
            });
        };
        payload("payload-cut", &shorten);
        payload("byte-left-over", &|p| p.push(0));
        payload("empty", &Vec::clear);
        // Every payload ends with a block, whose length is before it.
        payload("block-length-huge", &|p| {
            let at = last_block(kind, p);
            p[at..at + 8].fill(0xff);
        });
    }
}

/// Returns where the length of the last block is: searched from the back, the first place from which a length
/// reaches exactly to the end.
fn last_block(kind: Kind, payload: &[u8]) -> usize {
    (0..payload.len() - 7)
        .rev()
        .find(|&at| {
            let length = u64::from_le_bytes(payload[at..at + 8].try_into().unwrap());
            length > 0 && length == (payload.len() - at - 8) as u64
        })
        .unwrap_or_else(|| panic!("{kind} ends with a block"))
}

fn manifests(corpus: &mut Corpus) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (manifest, pointer) = (golden::manifest(), golden::pointer());
    let mut add = |name: &str, text: String| {
        corpus.insert(format!("{name}.json"), text.into_bytes());
    };
    let sound = text(manifest.to_bytes());
    add("manifest.json.empty", String::new());
    add("manifest.json.cut", sound[..sound.len() / 2].to_owned());
    add("manifest.json.field-missing", sound.replace("  \"seed\": 7,\n", ""));
    add("manifest.json.field-unknown", sound.replace("  \"seed\": 7,\n", "  \"seed\": 7,\n  \"salt\": 7,\n"));
    add("manifest.json.kind-unknown", sound.replace("\"count-platform\"", "\"count-films\""));
    add("manifest.json.digest-in-upper-case", {
        let digest = Digest::of(b"abc").to_string();
        sound.replace(&digest, &digest.to_uppercase())
    });
    add("manifest.json.number-negative", sound.replace("\"seed\": 7", "\"seed\": -7"));
    add("manifest.json.text-after-it", format!("{sound}{{}}"));
    add("manifest.unsupported-format.0", text(Manifest { format: 0, ..manifest.clone() }.to_bytes()));
    add("manifest.unsupported-format.3", text(Manifest { format: 3, ..manifest.clone() }.to_bytes()));
    let mut values = manifest.clone();
    let ranking = values.ranking.as_mut().unwrap();
    ranking.values = Some(RatingValues { unliked: 0.5, slope: 1.5 });
    add("manifest.values.slope", text(values.to_bytes()));
    let mut doubled = manifest.clone();
    doubled.artifacts.push(doubled.artifacts[0].clone());
    add("manifest.duplicate-kind.max-duration", text(doubled.to_bytes()));
    let mut segments = manifest.clone();
    segments.users[0].index = Digest::of(b"another");
    add("manifest.unknown-segment.index", text(segments.to_bytes()));
    segments.users.clear();
    add("manifest.unknown-segment.none", text(segments.to_bytes()));
    segments.users = [&manifest.users[..], &manifest.users].concat();
    add("manifest.segments.two", text(segments.to_bytes()));
    // Format 1 names measures by text and has its trials among the parameters: its fields are not those of
    // format 2.
    let older = String::from_utf8(fs::read(golden::folder().join(golden::OLDER_FILES[0])).unwrap()).unwrap();
    add("manifest.json.format-1-as-2", older.replacen("\"format\": 1", "\"format\": 2", 1));
    add("manifest.json.format-2-as-1", sound.replacen("\"format\": 2", "\"format\": 1", 1));

    let sound = text(pointer.to_bytes());
    add("pointer.json.cut", sound[..sound.len() / 2].to_owned());
    add("pointer.json.no-manifest", format!("{{\"release\": \"{}\"}}\n", pointer.release));
    add("pointer.altered.manifest", sound.replace("\"seed\": 7", "\"seed\": 8"));
    add("pointer.altered.release", sound.replacen(&pointer.release, "fedcba9876543210", 1));
    // The digits of a name are all compared, and there are 16 or 32 of them.
    let long = golden::pointer_with_long_name();
    let altered = |name: &str| text(long.to_bytes()).replacen(&long.release, name, 1);
    let last = if long.release.ends_with('0') { "1" } else { "0" };
    add("pointer.altered.last-digit", altered(&format!("{}{last}", &long.release[..31])));
    add("pointer.altered.name-of-31-digits", altered(&long.release[..31]));
    let newer = Manifest { format: 3, ..manifest };
    let newer = Pointer { release: newer.release(), manifest: newer, ..pointer.clone() };
    add("pointer.unsupported-format.3", text(newer.to_bytes()));
    let late = Pointer { moved_at: u64::MAX, ..pointer.clone() };
    add("pointer.moved-at.far-future", text(late.to_bytes()));
    let signed = Pointer { signature: Some(Signature::from_bytes(&[7; 64]).unwrap()), ..pointer.clone() };
    add("pointer.json.short-signature", text(signed.to_bytes()).replacen("0707", "07", 1));
    let doubled = Pointer { release: doubled.release(), manifest: doubled, ..pointer };
    add("pointer.duplicate-kind.max-duration", text(doubled.to_bytes()));
}

fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    envelopes(&mut corpus);
    mirror::fields(&mut corpus);
    manifests(&mut corpus);
    corpus
}

fn refused_by(error: &ReadError) -> String {
    match error {
        ReadError::TooShort { .. } => "step-1".to_owned(),
        ReadError::NotAnArtifact => "step-2".to_owned(),
        ReadError::UnsupportedVersion { .. } => "step-3".to_owned(),
        ReadError::WrongKind { .. } => "step-4".to_owned(),
        ReadError::WrongLength { .. } => "step-5".to_owned(),
        ReadError::Checksum { .. } => "step-6".to_owned(),
        ReadError::Decode(_) => "step-7".to_owned(),
        ReadError::Invalid(invalid) => format!("step-8.{}", invalid.field),
    }
}

fn manifest_refused_by(error: &ManifestError) -> &'static str {
    match error {
        ManifestError::Json(_) => "json",
        ManifestError::UnsupportedFormat { .. } => "unsupported-format",
        ManifestError::Altered { .. } => "altered",
        ManifestError::MovedAt { .. } => "moved-at",
        ManifestError::DuplicateKind(_) => "duplicate-kind",
        ManifestError::Segments { .. } => "segments",
        ManifestError::UnknownSegment => "unknown-segment",
        ManifestError::Scale { .. } => "scale",
        ManifestError::Values { .. } => "values",
    }
}

/// Returns what refuses a file of the corpus, in the form of file names.
fn refusal(name: &str, bytes: &[u8]) -> Option<String> {
    let what = name.split('.').next()?;
    let refused = match what {
        "manifest" => {
            let refused = Manifest::from_bytes(&Digest::of(bytes).name(), bytes);
            manifest_refused_by(&refused.err()?).to_owned()
        }
        "pointer" => manifest_refused_by(&Pointer::from_bytes(bytes).err()?).to_owned(),
        kind => refused_by(&check::read(Kind::from_name(kind)?, bytes).err()?),
    };
    Some(format!("{what}.{refused}."))
}

#[test]
fn every_corrupt_file_is_refused_by_the_step_in_its_name() {
    let corpus = corpus();
    if blessing() {
        let _ = fs::remove_dir_all(folder());
        fs::create_dir_all(folder()).unwrap();
        for (name, bytes) in &corpus {
            fs::write(folder().join(name), bytes).unwrap();
        }
    }
    let mut found = Corpus::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        found.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    }
    for (name, bytes) in &found {
        let refusal = refusal(name, bytes);
        assert!(
            refusal.as_ref().is_some_and(|by| name.starts_with(by)),
            "{name}: refused by {}",
            refusal.as_deref().unwrap_or("nothing")
        );
    }
    println!("{} corrupt files refused, each by the step in its name", found.len());
    let names = |corpus: &Corpus| corpus.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&corpus), "CARTELERA_BLESS=1 writes the corpus again");
    assert!(
        found == corpus,
        "a corrupt file differs from what the current code makes; CARTELERA_BLESS=1 writes the corpus again"
    );
}

#[test]
fn each_step_refuses_at_least_one_file() {
    let corpus = corpus();
    for step in 1..=8 {
        assert!(corpus.keys().any(|name| name.contains(&format!(".step-{step}."))), "step {step}");
    }
    for kind in Kind::ALL {
        assert!(corpus.keys().any(|name| name.starts_with(&format!("{kind}.step-8."))), "{kind}");
    }
}

#[test]
fn a_manifest_read_under_another_release_name_is_refused() {
    let refused = Manifest::from_bytes("0123456789abcdef", &golden::manifest().to_bytes());
    assert!(matches!(refused, Err(ManifestError::Altered { .. })));
}

#[test]
fn no_golden_artifact_with_one_flipped_bit_is_accepted() {
    let envelopes = golden::envelopes();
    for (kind, good) in &envelopes {
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(check::read(*kind, &bad).is_err(), "{kind}, bit {bit}");
        }
    }
    let n_bits: usize = envelopes.iter().map(|(_, good)| good.len() * 8).sum();
    println!("{n_bits} artifacts of {} kinds with one flipped bit refused", Kind::ALL.len());
}

#[test]
fn no_golden_artifact_cut_short_is_accepted() {
    for (kind, good) in golden::envelopes() {
        for length in 0..good.len() {
            let error = check::read(kind, &good[..length]).unwrap_err();
            let step = if length < HEADER_BYTES { "step-1" } else { "step-5" };
            assert_eq!(refused_by(&error), step, "{kind}, {length} bytes");
        }
    }
}

#[test]
fn no_golden_payload_cut_short_and_sealed_again_is_accepted() {
    for (kind, good) in golden::envelopes() {
        let payload = open(kind, &good).unwrap();
        for length in 0..payload.len() {
            let error = check::read(kind, &seal(kind, &payload[..length])).unwrap_err();
            assert_eq!(refused_by(&error), "step-7", "{kind}, {length} bytes of payload");
        }
    }
}
