//! Which files are read, and in which order.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use catalog::{IdPrefixes, Platform, PlatformError};

use tables::open::{STANDARD_INPUT, check_inside};
use tables::rows::RatingOptions;
use tables::{FileError, file_name};

use super::EtlError;
use super::platforms::{self, Given, ORIGINAL};
use super::titles::{CatalogOptions, MOVIELENS_TITLES};

const TITLES_LOOKED_FOR: &str =
    "NAME_titles.csv (such as netflix_titles.csv), movies.csv, movie.csv, movies.dat, u.item";
const RATINGS_LOOKED_FOR: &str = "*.csv, *.tsv, *.dat, *.data, *.inter, combined_data_*.txt and mv_*.txt, each \
                                  perhaps with .gz or .zst";
/// File names of rating files, without what says how they are packed.
const RATING_ENDINGS: [&str; 5] = [".csv", ".tsv", ".dat", ".data", ".inter"];
/// The only rating file of a folder, perhaps the file that must be next to it, and why the others are not
/// read.
const ONLY_RATINGS: [(&str, Option<&str>, &str); 5] = [
    ("u.data", None, OF_MOVIELENS),
    ("ratings.dat", None, OF_MOVIELENS),
    ("ratings.csv", Some("movies.csv"), OF_MOVIELENS),
    ("rating.csv", Some("movie.csv"), OF_MOVIELENS),
    (
        "ratings.csv",
        Some("watched.csv"),
        "the folder is an export from Letterboxd, whose ratings are another file",
    ),
];
const OF_MOVIELENS: &str = "the folder is one of MovieLens, whose ratings are another file";
/// Beginnings of the names of the Netflix Prize's rating files, which end in `.txt`.
const NETFLIX_PRIZE: [&str; 2] = ["combined_data_", "mv_"];
const PACKED_ENDINGS: [&str; 3] = [".gz", ".zst", ".zip"];
/// The share of the rows of a file that may be rejected, unless another is given.
pub const MAX_REJECTS: f64 = 0.05;

/// One catalog file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleSource {
    /// Platform of the titles; `None` for a MovieLens file, whose platform is `movielens`.
    pub platform: Option<Platform>,
    /// The file.
    pub path: PathBuf,
}

impl TitleSource {
    /// Takes a MovieLens file, or a file whose name implies its platform.
    ///
    /// # Errors
    /// Returns an error if the name implies no platform.
    pub fn of(path: &Path) -> Result<Self, EtlError> {
        Ok(Self { platform: platforms::of_file(path)?, path: path.to_owned() })
    }
}

/// Files to read, in source order, and options for reading them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EtlInput {
    /// Catalogs. Without any, the titles are the ids in the ratings.
    pub titles: Vec<TitleSource>,
    /// Rating files; `-` is standard input. Without any, the table of ratings is empty.
    pub ratings: Vec<PathBuf>,
    /// Files in the folders that are not read, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// How to read rating files, where detection is not enough.
    pub options: RatingOptions,
    /// How to read catalogs, where detection is not enough.
    pub catalogs: CatalogOptions,
    /// What was made of the platforms' names, to be reported when the files are read.
    pub notes: Vec<String>,
}

impl EtlInput {
    /// Finds the files that the arguments name.
    ///
    /// A titles argument is a file whose name contains its platform (`netflix_titles (1).csv`), `NAME=FILE`
    /// or `NAME:PREFIX=FILE` (see [`Platform`]; a name as shops write it, `Apple TV+`, becomes
    /// `apple_tv_plus`), a MovieLens file (`movies.csv`, `movie.csv`, `movies.dat`, `u.item`), or a folder of
    /// such files: all its catalogs of platforms, or one MovieLens file if it has none. The platforms come in
    /// the order amazon, disney, hulu, netflix, then the others as given (in a folder: by file name).
    ///
    /// If the first letter of a platform's name is taken as an id prefix, a longer beginning of the name
    /// becomes its prefix, unless it is one of the four or its prefix is given.
    ///
    /// A ratings argument is a file, a pipe, `-` for standard input, a folder, or a pattern (`*.csv`) that
    /// no shell has expanded. In a folder with MovieLens `u.data`, `ratings.dat`, or `ratings.csv` next to
    /// `movies.csv` (`rating.csv` next to `movie.csv`), and in one with `ratings.csv` next to `watched.csv`
    /// of Letterboxd, only that file is read. In any other folder every file with the name of a table
    /// except catalogs is read, in natural order (`2.csv` before `10.csv`). What is not read is in
    /// [`EtlInput::skipped`].
    ///
    /// # Errors
    /// Returns an error if nothing is given, a path does not exist, a folder has nothing to read, a platform
    /// is unknown, two platforms have the same id prefix, or a file is given twice.
    pub fn resolve(titles: &[PathBuf], ratings: &[PathBuf]) -> Result<Self, EtlError> {
        if titles.is_empty() && ratings.is_empty() {
            return Err(EtlError::NoFiles);
        }
        let mut input = Self::default();
        input.add_all_titles(titles)?;
        for argument in ratings {
            input.add_ratings(argument)?;
        }
        input.check()?;
        Ok(input)
    }

    /// Finds the catalogs in source order, and settles their platforms.
    fn add_all_titles(&mut self, arguments: &[PathBuf]) -> Result<(), EtlError> {
        let mut found = Vec::new();
        for argument in arguments {
            add_titles(argument, &mut found)?;
        }
        found.sort_by_key(|(_, given)| {
            let name = given.as_ref().map(|given| given.platform.as_str());
            ORIGINAL.iter().position(|&original| Some(original) == name).unwrap_or(ORIGINAL.len())
        });
        let (paths, mut platforms): (Vec<PathBuf>, Vec<Option<Given>>) = found.into_iter().unzip();
        self.notes = platforms::settle(&mut platforms);
        let sources = paths.into_iter().zip(platforms);
        self.titles = sources
            .map(|(path, given)| TitleSource { platform: given.map(|given| given.platform), path })
            .collect();
        Ok(())
    }

    fn add_ratings(&mut self, argument: &Path) -> Result<(), EtlError> {
        if argument.is_dir() {
            return self.add_ratings_folder(argument);
        }
        if argument.exists() || argument.as_os_str() == STANDARD_INPUT {
            self.ratings.push(argument.to_owned());
            return Ok(());
        }
        let missing = || FileError::Missing(argument.to_owned());
        let pattern = argument.to_str().filter(|text| text.contains(['*', '?', '['])).ok_or_else(missing)?;
        let mut found: Vec<PathBuf> =
            glob::glob(pattern).map_err(|_| missing())?.flatten().filter(|path| path.is_file()).collect();
        if found.is_empty() {
            return Err(missing().into());
        }
        found.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
        self.ratings.append(&mut found);
        Ok(())
    }

    fn add_ratings_folder(&mut self, folder: &Path) -> Result<(), EtlError> {
        let (files, hidden) = files_of(folder)?;
        self.skipped.extend(hidden.into_iter().map(|path| (path, "its name begins with a dot")));
        let has = |name: &str| files.iter().any(|path| file_name(path) == name);
        let only = ONLY_RATINGS.into_iter().find(|&(name, beside, _)| has(name) && beside.is_none_or(has));
        let n_before = self.ratings.len();
        for path in files {
            let name = file_name(&path);
            let why_not = match only {
                Some((wanted, _, why)) if wanted != name => Some(why),
                None if platforms::is_surely_a_catalog(&name) => Some("its name is that of a catalog"),
                None if !is_table(&name) => Some("its name is not that of a table"),
                None if path.metadata().is_ok_and(|about| about.len() == 0) => Some("it is empty"),
                _ => None,
            };
            if let Some(why) = why_not {
                self.skipped.push((path, why));
            } else {
                check_inside(folder, &path)?;
                self.ratings.push(path);
            }
        }
        if self.ratings.len() == n_before {
            return Err(EtlError::NothingInFolder {
                path: folder.to_owned(),
                looked_for: RATINGS_LOOKED_FOR,
            });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), EtlError> {
        let mut seen = HashSet::new();
        for path in self.paths() {
            // A pipe has no path of its own.
            let Ok(canonical) = path.canonicalize() else { continue };
            if !seen.insert(canonical) {
                return Err(EtlError::GivenTwice(path.to_owned()));
            }
        }
        for (i, source) in self.titles.iter().enumerate() {
            let platforms = self.titles[..=i].iter().filter_map(|s| s.platform.as_ref());
            IdPrefixes::new(platforms)
                .map_err(|error| EtlError::Platform { path: source.path.clone(), source: error })?;
        }
        Ok(())
    }

    /// Returns all files, in the order in which they are read.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.titles.iter().map(|t| t.path.as_path()).chain(self.ratings.iter().map(PathBuf::as_path))
    }

    /// Returns what the files are called in rejects and reports: their names, or their paths if two names are
    /// the same.
    pub(super) fn labels(&self) -> Vec<String> {
        let name = |path: &Path| match path.as_os_str().to_str() {
            Some(STANDARD_INPUT) => "standard input".to_owned(),
            _ => file_name(path),
        };
        let names: Vec<String> = self.paths().map(name).collect();
        let mut n_named: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *n_named.entry(name).or_default() += 1;
        }
        let label = |(path, name): (&Path, &String)| {
            if n_named[name.as_str()] == 1 { name.clone() } else { path.display().to_string() }
        };
        self.paths().zip(&names).map(label).collect()
    }
}

/// Finds the catalogs that an argument names, with their platforms; `None` for MovieLens files.
fn add_titles(argument: &Path, found: &mut Vec<(PathBuf, Option<Given>)>) -> Result<(), EtlError> {
    if argument.is_dir() {
        return add_titles_folder(argument, found);
    }
    if argument.exists() {
        found.push((argument.to_owned(), given_by_name(argument)?));
        return Ok(());
    }
    let named = argument.to_str().and_then(|text| text.split_once('='));
    let Some((name, file)) = named else {
        return Err(FileError::Missing(argument.to_owned()).into());
    };
    let path = PathBuf::from(file);
    if !path.exists() {
        return Err(FileError::Missing(path).into());
    }
    let given = platforms::parse(name)
        .map_err(|source: PlatformError| EtlError::Platform { path: argument.to_owned(), source })?;
    found.push((path, Some(given)));
    Ok(())
}

fn add_titles_folder(folder: &Path, found: &mut Vec<(PathBuf, Option<Given>)>) -> Result<(), EtlError> {
    let n_before = found.len();
    for path in files_of(folder)?.0 {
        if platforms::is_catalog(&file_name(&path)) {
            check_inside(folder, &path)?;
            let given = given_by_name(&path)?;
            found.push((path, given));
        }
    }
    if found.len() == n_before {
        let movielens = MOVIELENS_TITLES.iter().map(|name| folder.join(name)).find(|p| p.is_file());
        let looked_for = TITLES_LOOKED_FOR;
        let path = movielens.ok_or(EtlError::NothingInFolder { path: folder.to_owned(), looked_for })?;
        check_inside(folder, &path)?;
        found.push((path, None));
    }
    Ok(())
}

/// Returns the platform that the name of a file contains.
fn given_by_name(path: &Path) -> Result<Option<Given>, EtlError> {
    let platform = platforms::of_file(path)?;
    Ok(platform.map(|platform| Given { platform, has_prefix: false, shop: None }))
}

/// Returns whether a file has the name of a table.
fn is_table(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = PACKED_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let is_netflix_prize = |stem: &str| {
        let number = NETFLIX_PRIZE.iter().find_map(|begin| stem.strip_prefix(begin));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    RATING_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.strip_suffix(".txt").is_some_and(is_netflix_prize)
}

/// Returns the files of a folder, in natural order of their names; the hidden ones apart.
fn files_of(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), EtlError> {
    let read = |e| FileError::read(folder, e);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort_by(|a, b| natural_order(&file_name(a), &file_name(b)));
    Ok(files.into_iter().partition(|path| !file_name(path).starts_with('.')))
}

/// Compares runs of digits by value and everything else by bytes; ties are broken by bytes.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    while let (Some(&p), Some(&q)) = (x.first(), y.first()) {
        if p.is_ascii_digit() && q.is_ascii_digit() {
            let (run_x, rest_x) = digit_run(x);
            let (run_y, rest_y) = digit_run(y);
            let order = run_x.len().cmp(&run_y.len()).then_with(|| run_x.cmp(run_y));
            if order.is_ne() {
                return order;
            }
            (x, y) = (rest_x, rest_y);
        } else if p != q {
            return p.cmp(&q);
        } else {
            (x, y) = (&x[1..], &y[1..]);
        }
    }
    x.len().cmp(&y.len()).then_with(|| a.cmp(b))
}

/// Splits off a run of digits, without its leading zeros.
fn digit_run(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    let zeros = bytes[..end].iter().position(|&b| b != b'0').unwrap_or(end);
    (&bytes[zeros..end], &bytes[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        dir
    }

    fn names(input: &EtlInput) -> Vec<String> {
        input.paths().map(file_name).collect()
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_a_folder_is_read_only_by_its_own_name() {
        let elsewhere = folder(&["secret.csv"]);
        for name in ["netflix_titles.csv", "ratings.csv"] {
            let dir = folder(&[]);
            let link = dir.path().join(name);
            std::os::unix::fs::symlink(elsewhere.path().join("secret.csv"), &link).unwrap();
            let resolve = |path: &Path| match name {
                "ratings.csv" => EtlInput::resolve(&[], &[path.to_owned()]),
                _ => EtlInput::resolve(&[path.to_owned()], &[]),
            };
            let error = resolve(dir.path()).unwrap_err();
            assert!(matches!(error, EtlError::File(FileError::LinkOutside(_))), "{error}");
            assert_eq!(names(&resolve(&link).unwrap()), [name]);
        }
    }

    #[test]
    fn numbers_in_names_count_by_value() {
        let mut names = ["10.csv", "2.csv", "a10b2", "a10b", "02.csv", "1.csv", "a9"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["1.csv", "02.csv", "2.csv", "10.csv", "a9", "a10b", "a10b2"]);
    }

    #[test]
    fn folders_are_read_in_source_order() {
        let dir = folder(&[
            "netflix_titles.csv",
            "zee_titles.csv",
            "amazon_prime_titles.csv",
            "notes.txt",
            "10.csv",
            "9.csv",
            ".hidden.csv",
        ]);
        let path = dir.path().to_owned();
        let input = EtlInput::resolve(std::slice::from_ref(&path), std::slice::from_ref(&path)).unwrap();
        assert_eq!(
            names(&input),
            ["amazon_prime_titles.csv", "netflix_titles.csv", "zee_titles.csv", "9.csv", "10.csv"]
        );
        assert_eq!(input.titles[2].platform.as_ref().unwrap().as_str(), "zee");
        let skipped: Vec<_> = input.skipped.iter().map(|(path, why)| (file_name(path), *why)).collect();
        assert_eq!(
            skipped,
            [
                (".hidden.csv".to_owned(), "its name begins with a dot"),
                ("amazon_prime_titles.csv".to_owned(), "its name is that of a catalog"),
                ("netflix_titles.csv".to_owned(), "its name is that of a catalog"),
                ("notes.txt".to_owned(), "its name is not that of a table"),
                ("zee_titles.csv".to_owned(), "its name is that of a catalog"),
            ]
        );
        let twice = EtlInput::resolve(&[], &[path.clone(), path.join("9.csv")]);
        assert!(matches!(twice, Err(EtlError::GivenTwice(_))));
    }

    #[test]
    fn patterns_and_packed_files_are_found_and_empty_ones_left_out() {
        let dir = folder(&["10.csv", "2.csv.gz", "3.TSV", "4.inter", "readme.md"]);
        std::fs::write(dir.path().join("5.csv"), "").unwrap();
        let input = EtlInput::resolve(&[], &[dir.path().to_owned()]).unwrap();
        assert_eq!(names(&input), ["2.csv.gz", "3.TSV", "4.inter", "10.csv"]);
        assert!(input.skipped.iter().any(|(path, why)| path.ends_with("5.csv") && *why == "it is empty"));
        let pattern = dir.path().join("*.csv*");
        assert_eq!(names(&EtlInput::resolve(&[], &[pattern]).unwrap()), ["2.csv.gz", "5.csv", "10.csv"]);
        let nothing = EtlInput::resolve(&[], &[dir.path().join("*.json")]);
        assert!(matches!(nothing, Err(EtlError::File(FileError::Missing(_)))));
        assert_eq!(EtlInput::resolve(&[], &["-".into()]).unwrap().labels(), ["standard input"]);
    }

    #[test]
    fn the_netflix_prize_is_read_as_it_comes() {
        let dir = folder(&[
            "README",
            "combined_data_1.txt",
            "combined_data_2.txt.gz",
            "movie_titles.csv",
            "mv_0000001.txt",
            "mv_x.txt",
            "probe.txt",
            "qualifying.txt",
        ]);
        let input = EtlInput::resolve(&[], &[dir.path().to_owned()]).unwrap();
        assert_eq!(names(&input), ["combined_data_1.txt", "combined_data_2.txt.gz", "mv_0000001.txt"]);
        assert_eq!(input.skipped.len(), 5);
    }

    #[test]
    fn only_one_file_of_a_movielens_folder_is_read() {
        let dir = folder(&["links.csv", "movies.csv", "ratings.csv", "tags.csv"]);
        let path = dir.path().to_owned();
        let input = EtlInput::resolve(std::slice::from_ref(&path), std::slice::from_ref(&path)).unwrap();
        assert_eq!(names(&input), ["movies.csv", "ratings.csv"]);
        assert_eq!(input.titles[0].platform, None);
        let dir = folder(&["diary.csv", "profile.csv", "ratings.csv", "watched.csv"]);
        let input = EtlInput::resolve(&[], &[dir.path().to_owned()]).unwrap();
        assert_eq!(names(&input), ["ratings.csv"]);
        assert!(input.skipped[0].1.contains("Letterboxd"));
    }

    #[test]
    fn names_and_prefixes_are_checked() {
        let dir = folder(&["hulu_titles.csv", "more.csv", "r.csv"]);
        let ratings = [dir.path().join("r.csv")];
        let resolve = |arguments: &[String]| {
            let titles: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
            EtlInput::resolve(&titles, &ratings)
        };
        let more = dir.path().join("more.csv").display().to_string();
        let hulu = dir.path().join("hulu_titles.csv").display().to_string();
        let input = resolve(&[format!("Zee={more}"), hulu.clone()]).unwrap();
        assert_eq!(names(&input), ["hulu_titles.csv", "more.csv", "r.csv"]);
        assert!(matches!(resolve(std::slice::from_ref(&more)), Err(EtlError::NoPlatform(_))));
        for (name, expected) in [("hbo", "hbo:hb"), ("hbo:x", "hbo:x"), ("HBO Max", "hbo_max:hb")] {
            let both = resolve(&[hulu.clone(), format!("{name}={more}")]).unwrap();
            assert_eq!(both.titles[1].platform.as_ref().map(Platform::text).as_deref(), Some(expected));
        }
        let error = resolve(&[hulu, format!("hbo:h={more}")]).unwrap_err();
        let EtlError::Platform { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains("`--titles hbo:PREFIX=FILE`"), "{source}");
        assert!(matches!(resolve(&[format!("hbo:7={more}")]), Err(EtlError::Platform { .. })));
        assert!(matches!(resolve(&[format!("7={more}")]), Err(EtlError::Platform { .. })));
        assert!(matches!(resolve(&["nowhere".to_owned()]), Err(EtlError::File(FileError::Missing(_)))));
        assert!(matches!(resolve(&["zee=nowhere".to_owned()]), Err(EtlError::File(FileError::Missing(_)))));
        assert!(matches!(EtlInput::resolve(&[], &[]), Err(EtlError::NoFiles)));
        let alone = EtlInput::resolve(&[dir.path().join("hulu_titles.csv")], &[]).unwrap();
        assert_eq!(names(&alone), ["hulu_titles.csv"]);
        let empty = folder(&["x.txt"]);
        let nothing = EtlInput::resolve(&[], &[empty.path().to_owned()]);
        assert!(matches!(nothing, Err(EtlError::NothingInFolder { .. })));
    }
}
