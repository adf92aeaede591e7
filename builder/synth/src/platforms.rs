//! Describes the four catalogs in numbers: shares, missing cells, years, lengths, labels. They were counted
//! in the files as published; none of their rows is here.

use super::dice::Dice;

/// Group of labels, which titles and tastes are made of. A title belongs to the groups of its labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Drama,
    Comedy,
    Action,
    Dark,
    Family,
    Fact,
    Heart,
    Wonder,
}

/// The number of [`Group`]s.
pub(super) const N_GROUPS: usize = 8;

use Group::{Action, Comedy, Dark, Drama, Fact, Family, Heart, Wonder};

/// Distribution given by its quantiles at [`LEVELS`], linear between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantiles(pub(super) [u16; 11]);

const LEVELS: [f64; 11] = [0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];

impl Quantiles {
    pub(super) fn draw(&self, dice: &mut Dice) -> u32 {
        let level = dice.unit();
        let right = LEVELS.iter().position(|&l| l > level).unwrap_or(LEVELS.len() - 1);
        let (low, high) = (f64::from(self.0[right - 1]), f64::from(self.0[right]));
        let part = (level - LEVELS[right - 1]) / (LEVELS[right] - LEVELS[right - 1]);
        (low + (high - low) * part).round() as u32
    }
}

/// Genre label of one platform and kind, its group, and how often it is used.
pub(super) type Label = (&'static str, Group, f64);

/// Profile of the films or the series of one platform.
#[derive(Debug)]
pub(super) struct KindProfile {
    pub(super) release_year: Quantiles,
    pub(super) no_director: f64,
    pub(super) no_cast: f64,
    pub(super) no_country: f64,
    pub(super) no_date: f64,
    pub(super) no_rating: f64,
    pub(super) no_duration: f64,
    /// Minutes for films, seasons for series.
    pub(super) duration: Quantiles,
    pub(super) labels: &'static [Label],
}

/// Profile of one catalog.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// Number of rows in the published file, which determine the platform's share.
    pub(super) n_published: u32,
    pub(super) movie_share: f64,
    pub(super) movies: KindProfile,
    pub(super) series: KindProfile,
    pub(super) cast_size: Quantiles,
    pub(super) description_bytes: Quantiles,
    /// Audience ratings; true if children may watch.
    pub(super) ratings: &'static [(&'static str, f64, bool)],
    /// Weights of 1, 2, … labels.
    pub(super) n_labels: &'static [f64],
    /// Weights of the years in which titles were added, from 2015 to 2021.
    pub(super) year_added: [f64; 7],
    /// Whether rows are sorted by date, newest first.
    pub(super) by_date: bool,
    /// Weights of the cultures, in the order of `words::CULTURES`.
    pub(super) cultures: [f64; 15],
}

/// The platforms, in source order.
pub(super) const PROFILES: [Profile; 4] = [AMAZON, DISNEY, HULU, NETFLIX];

const AMAZON: Profile = Profile {
    name: "amazon_prime",
    n_published: 9668,
    movie_share: 0.808,
    movies: KindProfile {
        release_year: Quantiles([1920, 1936, 1953, 1979, 2004, 2015, 2019, 2021, 2021, 2021, 2021]),
        no_director: 0.029,
        no_cast: 0.098,
        no_country: 0.927,
        no_date: 0.998,
        no_rating: 0.042,
        no_duration: 0.0,
        duration: Quantiles([1, 10, 30, 49, 75, 91, 106, 130, 145, 172, 300]),
        labels: &[
            ("Drama", Drama, 3206.0),
            ("Comedy", Comedy, 1821.0),
            ("Action", Action, 1502.0),
            ("Suspense", Dark, 1381.0),
            ("Horror", Dark, 845.0),
            ("Special Interest", Fact, 707.0),
            ("Documentary", Fact, 679.0),
            ("Kids", Family, 679.0),
            ("Romance", Heart, 592.0),
            ("Arts, Entertainment, and Culture", Heart, 444.0),
            ("Science Fiction", Wonder, 399.0),
            ("International", Drama, 284.0),
            ("Animation", Family, 279.0),
            ("Adventure", Action, 230.0),
            ("Western", Action, 224.0),
            ("Music Videos and Concerts", Heart, 149.0),
            ("Arthouse", Drama, 140.0),
            ("Sports", Fact, 106.0),
            ("LGBTQ", Heart, 91.0),
            ("Young Adult Audience", Heart, 75.0),
            ("Fitness", Fact, 72.0),
            ("Faith and Spirituality", Drama, 57.0),
            ("Fantasy", Wonder, 51.0),
            ("Military and War", Action, 36.0),
            ("Anime", Wonder, 29.0),
            ("Historical", Drama, 12.0),
        ],
    },
    series: KindProfile {
        release_year: Quantiles([1932, 1969, 1998, 2006, 2013, 2017, 2020, 2021, 2021, 2021, 2021]),
        no_director: 1.0,
        no_cast: 0.253,
        no_country: 0.944,
        no_date: 0.925,
        no_rating: 0.003,
        no_duration: 0.0,
        duration: Quantiles([1, 1, 1, 1, 1, 1, 2, 3, 5, 9, 29]),
        labels: &[
            ("Drama", Drama, 481.0),
            ("Kids", Family, 406.0),
            ("Documentary", Fact, 314.0),
            ("Comedy", Comedy, 278.0),
            ("Special Interest", Fact, 273.0),
            ("Animation", Family, 268.0),
            ("TV Shows", Drama, 263.0),
            ("Action", Action, 155.0),
            ("Unscripted", Fact, 151.0),
            ("Suspense", Dark, 120.0),
            ("Romance", Heart, 82.0),
            ("International", Drama, 71.0),
            ("Science Fiction", Wonder, 58.0),
            ("Sports", Fact, 54.0),
            ("Anime", Wonder, 51.0),
            ("Arts, Entertainment, and Culture", Heart, 39.0),
            ("Horror", Dark, 30.0),
            ("Adventure", Action, 29.0),
            ("LGBTQ", Heart, 22.0),
            ("Historical", Drama, 19.0),
            ("Fantasy", Wonder, 17.0),
            ("Talk Show and Variety", Comedy, 13.0),
            ("Western", Action, 10.0),
        ],
    },
    cast_size: Quantiles([1, 1, 1, 1, 3, 4, 6, 10, 13, 26, 50]),
    description_bytes: Quantiles([20, 49, 94, 122, 171, 238, 347, 392, 398, 584, 1000]),
    ratings: &[
        ("13+", 0.219, false),
        ("16+", 0.16, false),
        ("ALL", 0.131, true),
        ("18+", 0.129, false),
        ("R", 0.104, false),
        ("PG-13", 0.041, false),
        ("7+", 0.04, true),
        ("PG", 0.026, true),
        ("NR", 0.023, false),
        ("TV-14", 0.022, false),
        ("TV-PG", 0.017, true),
        ("TV-NR", 0.011, false),
        ("G", 0.01, true),
        ("TV-G", 0.008, true),
        ("TV-MA", 0.008, false),
        ("TV-Y", 0.008, true),
        ("TV-Y7", 0.004, true),
        ("UNRATED", 0.003, false),
    ],
    n_labels: &[3839.0, 4217.0, 1623.0],
    year_added: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    by_date: false,
    cultures: [60.0, 3.0, 3.0, 1.0, 2.0, 3.0, 20.0, 3.0, 0.5, 0.5, 1.0, 0.5, 0.5, 0.3, 1.5],
};

const DISNEY: Profile = Profile {
    name: "disney_plus",
    n_published: 1450,
    movie_share: 0.726,
    movies: KindProfile {
        release_year: Quantiles([1928, 1934, 1942, 1954, 1994, 2008, 2017, 2020, 2021, 2021, 2021]),
        no_director: 0.071,
        no_cast: 0.113,
        no_country: 0.101,
        no_date: 0.0,
        no_rating: 0.001,
        no_duration: 0.0,
        duration: Quantiles([1, 2, 6, 8, 44, 85, 98, 117, 131, 152, 183]),
        labels: &[
            ("Family", Family, 533.0),
            ("Comedy", Comedy, 407.0),
            ("Animation", Family, 381.0),
            ("Action-Adventure", Action, 314.0),
            ("Documentary", Fact, 174.0),
            ("Fantasy", Wonder, 158.0),
            ("Coming of Age", Heart, 153.0),
            ("Animals & Nature", Fact, 130.0),
            ("Drama", Drama, 121.0),
            ("Science Fiction", Wonder, 76.0),
            ("Biographical", Drama, 41.0),
            ("Musical", Heart, 40.0),
            ("Kids", Family, 39.0),
            ("Music", Heart, 38.0),
            ("Sports", Fact, 38.0),
            ("Historical", Drama, 38.0),
            ("Buddy", Comedy, 24.0),
            ("Romance", Heart, 19.0),
            ("Superhero", Action, 16.0),
            ("Crime", Dark, 16.0),
            ("Mystery", Dark, 8.0),
        ],
    },
    series: KindProfile {
        release_year: Quantiles([1955, 1976, 1993, 1999, 2011, 2017, 2019, 2021, 2021, 2021, 2021]),
        no_director: 1.0,
        no_cast: 0.178,
        no_country: 0.284,
        no_date: 0.008,
        no_rating: 0.005,
        no_duration: 0.0,
        duration: Quantiles([1, 1, 1, 1, 1, 1, 2, 4, 5, 10, 32]),
        labels: &[
            ("Animation", Family, 161.0),
            ("Action-Adventure", Action, 138.0),
            ("Docuseries", Fact, 122.0),
            ("Comedy", Comedy, 119.0),
            ("Kids", Family, 102.0),
            ("Family", Family, 99.0),
            ("Animals & Nature", Fact, 78.0),
            ("Coming of Age", Heart, 52.0),
            ("Fantasy", Wonder, 34.0),
            ("Reality", Fact, 22.0),
            ("Anthology", Drama, 21.0),
            ("Buddy", Comedy, 16.0),
            ("Historical", Drama, 15.0),
            ("Science Fiction", Wonder, 15.0),
            ("Drama", Drama, 13.0),
            ("Music", Heart, 10.0),
            ("Game Show / Competition", Fact, 10.0),
            ("Mystery", Dark, 4.0),
        ],
    },
    cast_size: Quantiles([1, 1, 1, 1, 3, 6, 6, 6, 6, 6, 7]),
    description_bytes: Quantiles([28, 37, 47, 52, 64, 74, 90, 97, 99, 100, 102]),
    ratings: &[
        ("TV-G", 0.219, true),
        ("TV-PG", 0.208, true),
        ("G", 0.174, true),
        ("PG", 0.163, true),
        ("TV-Y7", 0.09, true),
        ("TV-14", 0.054, false),
        ("PG-13", 0.046, false),
        ("TV-Y", 0.034, true),
        ("TV-Y7-FV", 0.009, true),
    ],
    n_labels: &[64.0, 312.0, 1074.0],
    year_added: [0.0, 0.0, 0.0, 0.0, 765.0, 352.0, 330.0],
    by_date: true,
    cultures: [90.0, 0.5, 1.5, 0.2, 0.6, 0.3, 0.3, 0.7, 0.9, 0.0, 0.4, 0.1, 0.0, 0.1, 1.0],
};

const HULU: Profile = Profile {
    name: "hulu",
    n_published: 3073,
    movie_share: 0.483,
    movies: KindProfile {
        release_year: Quantiles([1923, 1959, 1987, 1998, 2012, 2017, 2019, 2020, 2021, 2021, 2021]),
        no_director: 0.998,
        no_cast: 1.0,
        no_country: 0.555,
        no_date: 0.0,
        no_rating: 0.126,
        no_duration: 0.126,
        duration: Quantiles([1, 6, 72, 81, 89, 97, 109, 121, 130, 151, 192]),
        labels: &[
            ("Drama", Drama, 489.0),
            ("Comedy", Comedy, 337.0),
            ("Documentaries", Fact, 278.0),
            ("Action", Action, 273.0),
            ("Adventure", Action, 260.0),
            ("Horror", Dark, 258.0),
            ("Thriller", Dark, 208.0),
            ("Romance", Heart, 134.0),
            ("Sports", Fact, 80.0),
            ("Family", Family, 79.0),
            ("Crime", Dark, 74.0),
            ("Science Fiction", Wonder, 72.0),
            ("Kids", Family, 67.0),
            ("Black Stories", Drama, 58.0),
            ("Music", Heart, 56.0),
            ("International", Drama, 55.0),
            ("LGBTQ+", Heart, 52.0),
            ("News", Fact, 50.0),
            ("Mystery", Dark, 38.0),
            ("Anime", Wonder, 35.0),
            ("History", Fact, 33.0),
            ("Science & Technology", Fact, 25.0),
            ("Classics", Drama, 15.0),
            ("Latino", Drama, 14.0),
            ("Stand Up", Comedy, 10.0),
        ],
    },
    series: KindProfile {
        release_year: Quantiles([1933, 1970, 1996, 2002, 2010, 2015, 2019, 2020, 2021, 2021, 2021]),
        no_director: 1.0,
        no_cast: 1.0,
        no_country: 0.396,
        no_date: 0.018,
        no_rating: 0.145,
        no_duration: 0.0,
        duration: Quantiles([1, 1, 1, 1, 1, 1, 3, 6, 8, 16, 34]),
        labels: &[
            ("Drama", Drama, 418.0),
            ("Comedy", Comedy, 330.0),
            ("Adventure", Action, 296.0),
            ("Anime", Wonder, 294.0),
            ("Action", Action, 282.0),
            ("Documentaries", Fact, 246.0),
            ("Reality", Fact, 237.0),
            ("International", Drama, 161.0),
            ("Lifestyle & Culture", Heart, 145.0),
            ("Crime", Dark, 143.0),
            ("Family", Family, 126.0),
            ("Sitcom", Comedy, 114.0),
            ("Kids", Family, 95.0),
            ("Latino", Drama, 78.0),
            ("Cooking & Food", Heart, 73.0),
            ("Sports", Fact, 59.0),
            ("News", Fact, 56.0),
            ("Black Stories", Drama, 55.0),
            ("Romance", Heart, 52.0),
            ("Science Fiction", Wonder, 50.0),
            ("Horror", Dark, 46.0),
            ("Mystery", Dark, 43.0),
            ("History", Fact, 37.0),
            ("Adult Animation", Comedy, 32.0),
            ("Cartoons", Family, 29.0),
            ("Teen", Heart, 28.0),
        ],
    },
    cast_size: Quantiles([1; 11]),
    description_bytes: Quantiles([25, 45, 78, 99, 140, 210, 271, 502, 662, 1060, 1870]),
    ratings: &[
        ("TV-14", 0.225, false),
        ("TV-MA", 0.127, false),
        ("R", 0.112, false),
        ("TV-PG", 0.104, true),
        ("PG-13", 0.053, false),
        ("TV-G", 0.048, true),
        ("PG", 0.034, true),
        ("TV-Y7", 0.015, true),
        ("TV-Y", 0.01, true),
        ("G", 0.006, true),
    ],
    n_labels: &[706.0, 1046.0, 1321.0],
    year_added: [69.0, 66.0, 197.0, 270.0, 406.0, 815.0, 1085.0],
    by_date: true,
    cultures: [70.0, 1.5, 2.0, 0.5, 2.0, 0.6, 0.4, 16.0, 1.0, 0.1, 2.5, 0.2, 0.0, 0.0, 0.5],
};

const NETFLIX: Profile = Profile {
    name: "netflix",
    n_published: 8807,
    movie_share: 0.696,
    movies: KindProfile {
        release_year: Quantiles([1942, 1973, 1993, 2003, 2012, 2016, 2018, 2020, 2020, 2021, 2021]),
        no_director: 0.031,
        no_cast: 0.077,
        no_country: 0.072,
        no_date: 0.0,
        no_rating: 0.0,
        no_duration: 0.0,
        duration: Quantiles([3, 24, 52, 65, 87, 98, 114, 133, 147, 176, 312]),
        labels: &[
            ("International Movies", Drama, 2752.0),
            ("Dramas", Drama, 2427.0),
            ("Comedies", Comedy, 1674.0),
            ("Documentaries", Fact, 869.0),
            ("Action & Adventure", Action, 859.0),
            ("Independent Movies", Drama, 756.0),
            ("Children & Family Movies", Family, 641.0),
            ("Romantic Movies", Heart, 616.0),
            ("Thrillers", Dark, 577.0),
            ("Music & Musicals", Heart, 375.0),
            ("Horror Movies", Dark, 357.0),
            ("Stand-Up Comedy", Comedy, 343.0),
            ("Sci-Fi & Fantasy", Wonder, 243.0),
            ("Sports Movies", Fact, 219.0),
            ("Classic Movies", Drama, 116.0),
            ("LGBTQ Movies", Heart, 102.0),
            ("Anime Features", Wonder, 71.0),
            ("Cult Movies", Dark, 71.0),
            ("Faith & Spirituality", Drama, 65.0),
        ],
    },
    series: KindProfile {
        release_year: Quantiles([1945, 1993, 2008, 2012, 2016, 2018, 2020, 2021, 2021, 2021, 2021]),
        no_director: 0.914,
        no_cast: 0.131,
        no_country: 0.146,
        no_date: 0.004,
        no_rating: 0.001,
        no_duration: 0.0,
        duration: Quantiles([1, 1, 1, 1, 1, 1, 2, 3, 5, 8, 17]),
        labels: &[
            ("International TV Shows", Drama, 1351.0),
            ("TV Dramas", Drama, 763.0),
            ("TV Comedies", Comedy, 581.0),
            ("Crime TV Shows", Dark, 470.0),
            ("Kids' TV", Family, 451.0),
            ("Docuseries", Fact, 395.0),
            ("Romantic TV Shows", Heart, 370.0),
            ("Reality TV", Fact, 255.0),
            ("British TV Shows", Drama, 253.0),
            ("Anime Series", Wonder, 176.0),
            ("Spanish-Language TV Shows", Drama, 174.0),
            ("TV Action & Adventure", Action, 168.0),
            ("Korean TV Shows", Heart, 151.0),
            ("TV Mysteries", Dark, 98.0),
            ("Science & Nature TV", Fact, 92.0),
            ("TV Sci-Fi & Fantasy", Wonder, 84.0),
            ("TV Horror", Dark, 75.0),
            ("Teen TV Shows", Heart, 69.0),
            ("TV Thrillers", Dark, 57.0),
            ("Stand-Up Comedy & Talk Shows", Comedy, 56.0),
        ],
    },
    cast_size: Quantiles([1, 1, 1, 1, 6, 8, 10, 12, 15, 22, 50]),
    description_bytes: Quantiles([61, 111, 125, 131, 140, 146, 149, 150, 152, 153, 248]),
    ratings: &[
        ("TV-MA", 0.364, false),
        ("TV-14", 0.245, false),
        ("TV-PG", 0.098, true),
        ("R", 0.091, false),
        ("PG-13", 0.056, false),
        ("TV-Y7", 0.038, true),
        ("TV-Y", 0.035, true),
        ("PG", 0.033, true),
        ("TV-G", 0.025, true),
        ("NR", 0.009, false),
        ("G", 0.005, true),
        ("TV-Y7-FV", 0.001, true),
    ],
    n_labels: &[2020.0, 3058.0, 3729.0],
    year_added: [82.0, 429.0, 1188.0, 1649.0, 2016.0, 1879.0, 1498.0],
    by_date: true,
    cultures: [52.0, 7.0, 5.0, 1.2, 2.8, 1.2, 13.0, 4.0, 3.0, 1.4, 2.0, 0.6, 1.4, 1.6, 3.5],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_give_back_their_median_and_ends() {
        let mut dice = Dice::new(3, 0);
        let years = &NETFLIX.movies.release_year;
        let mut drawn: Vec<u32> = (0..5000).map(|_| years.draw(&mut dice)).collect();
        drawn.sort_unstable();
        assert!((2015..=2017).contains(&drawn[2500]), "{}", drawn[2500]);
        assert!(drawn[0] >= 1942 && drawn[4999] <= 2021);
    }

    #[test]
    fn every_platform_has_its_own_letter_and_labels_of_every_group() {
        for (position, profile) in PROFILES.iter().enumerate() {
            assert!(PROFILES[..position].iter().all(|p| p.name.as_bytes()[0] != profile.name.as_bytes()[0]));
            for kind in [&profile.movies, &profile.series] {
                for group in [Drama, Comedy, Action, Dark, Family, Fact, Heart, Wonder] {
                    assert!(kind.labels.iter().any(|l| l.1 == group), "{} {group:?}", profile.name);
                }
            }
        }
    }
}
