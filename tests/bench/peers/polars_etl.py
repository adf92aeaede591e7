"""Measures the work of the ETL in Polars: reads, filters, keeps the latest rating of each pair, takes means
by title, and writes.

    python3 -m venv work/peers && work/peers/bin/pip install polars
    work/peers/bin/python tests/bench/peers/polars_etl.py TITLES_DIR RATINGS_DIR OUT_DIR

TITLES_DIR has the catalogs, under the file names of the platforms, and RATINGS_DIR the ratings, as *.csv.
Prints one line: rows read and kept, seconds, rows a second, and peak memory.
"""

import pathlib
import resource
import sys
import time

import polars as pl

PLATFORMS = ["amazon_prime_titles.csv", "disney_plus_titles.csv", "hulu_titles.csv", "netflix_titles.csv"]


def main(titles_dir: pathlib.Path, ratings_dir: pathlib.Path, out_dir: pathlib.Path) -> None:
    out_dir.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    catalogs = [
        pl.read_csv(titles_dir / name, infer_schema=False)
        .with_columns((pl.lit(name[0]) + pl.col("show_id")).alias("id"))
        .with_columns(pl.all().str.strip_chars().str.to_lowercase())
        for name in PLATFORMS
        if (titles_dir / name).exists()
    ]
    titles = pl.concat(catalogs)
    schema = {"userId": pl.Int64, "rating": pl.Float64, "timestamp": pl.Int64, "movieId": pl.String}
    raw = pl.concat([pl.read_csv(path, schema_overrides=schema) for path in sorted(ratings_dir.glob("*.csv"))])
    ratings = (
        raw.filter(pl.col("rating").is_between(0.5, 5.0))
        .join(titles.select(pl.col("id").alias("movieId")), on="movieId", how="semi")
        .sort("timestamp", maintain_order=True)
        .unique(["userId", "movieId"], keep="last", maintain_order=False)
        .sort("userId", "movieId")
    )
    means = ratings.group_by("movieId").agg(pl.len().alias("n_ratings"), pl.mean("rating").alias("mean_rating"))
    titles.join(means, left_on="id", right_on="movieId", how="left").write_csv(out_dir / "titles.csv")
    ratings.write_csv(out_dir / "ratings.csv")
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"polars {pl.__version__}: {raw.height} rows read, {ratings.height} kept, {seconds:.2f} s, "
        f"{raw.height / seconds / 1e6:.2f} million rows/s, {peak:.0f} MiB peak"
    )


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
