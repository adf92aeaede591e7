//! Keeps a stopped run in a file, so that it can be resumed and ends with the same bytes.
//!
//! The file is private to the builder and useful only for one run; it is not an artifact. A magic number is
//! followed by the digest of all that follows, the fingerprint of parameters, seed and data, and blocks. Each
//! block is a count and little-endian numbers.

use std::io::Write as _;
use std::path::Path;

use artifact::{Digest, Hasher, blocks};

use super::side::Side;
use super::{BayesParams, Sampler};
use crate::TrainError;
use crate::trainer::{Checked, Epoch};

const MAGIC: &[u8; 8] = b"ctlrbay1";
/// Number of hexadecimal digits of a digest.
const DIGITS: usize = 64;

/// Computes the digest of everything that determines a run. Runs with the same fingerprint end with the same
/// bytes.
pub(super) fn fingerprint(params: &BayesParams, data: &Checked<'_>, seed: u64) -> Digest {
    let (train, validation, features) = (&*data.train.columns(), data.validation, data.features);
    let mut hasher = Hasher::default();
    hasher.update(format!("{params:?} {seed}").as_bytes());
    for rows in [train, validation] {
        hasher.update(&blocks::from_u64(&[rows.n_users as u64, rows.n_titles as u64, rows.len() as u64]));
        hasher.update(&blocks::from_u32(&rows.user_idx));
        hasher.update(&blocks::from_u32(&rows.title_idx));
        hasher.update(&blocks::from_f32(&rows.rating));
    }
    for title in 0..features.n_titles() {
        let (columns, weights): (Vec<u32>, Vec<f32>) = features.of(title).iter().copied().unzip();
        hasher.update(&blocks::from_u64(&[columns.len() as u64]));
        hasher.update(&blocks::from_u32(&columns));
        hasher.update(&blocks::from_f32(&weights));
    }
    hasher.finish()
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn f32(&mut self, values: &[f32]) {
        self.0.extend((values.len() as u64).to_le_bytes());
        self.0.extend(blocks::from_f32(values));
    }

    fn f64(&mut self, values: &[f64]) {
        self.0.extend((values.len() as u64).to_le_bytes());
        self.0.extend(blocks::from_f64(values));
    }

    fn side<const W: usize>(&mut self, side: &Side<W>) {
        self.f32(side.rows.as_flattened());
        self.f32(side.link.as_flattened());
        self.f64(&side.link_precision);
    }
}

/// Reader of what [`Writer`] wrote. An error names the values that are missing.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, n: usize, width: usize, what: &'static str) -> Result<&[u8], String> {
        let wrong = || format!("{what}: the number of values is wrong");
        let (count, rest) = self.0.split_first_chunk::<8>().ok_or_else(wrong)?;
        if u64::from_le_bytes(*count) != n as u64 {
            return Err(wrong());
        }
        let (block, rest) =
            n.checked_mul(width).and_then(|size| rest.split_at_checked(size)).ok_or_else(wrong)?;
        self.0 = rest;
        Ok(block)
    }

    fn f32(&mut self, n: usize, what: &'static str) -> Result<Vec<f32>, String> {
        blocks::to_f32(what, self.take(n, 4, what)?, n).map_err(|e| e.to_string())
    }

    fn f64(&mut self, n: usize, what: &'static str) -> Result<Vec<f64>, String> {
        blocks::to_f64(what, self.take(n, 8, what)?, n).map_err(|e| e.to_string())
    }

    fn side<const W: usize>(&mut self, side: &mut Side<W>, what: &'static str) -> Result<(), String> {
        let rows = self.f32(side.rows.len() * W, what)?.as_chunks::<W>().0.to_vec();
        let link = self.f32(side.link.len() * W, what)?.as_chunks::<W>().0.to_vec();
        let link_precision = self.f64(side.link_precision.len(), what)?;
        side.resume(rows, link, link_precision);
        Ok(())
    }
}

impl<const W: usize> Sampler<W> {
    /// Writes the run to a temporary file next to its place and then moves it there, so that an interrupted
    /// write leaves the old file in place.
    pub(super) fn keep(&self, path: &Path, fingerprint: Digest) -> Result<(), TrainError> {
        let mut body = Writer::default();
        body.0.extend(fingerprint.to_string().bytes());
        body.f64(&[self.sweep as f64, self.noise_precision]);
        body.side(&self.users);
        body.side(&self.items);
        let mean = &self.mean;
        body.f64(&[mean.n_samples as f64, mean.constant, mean.noise_variance]);
        body.f64(&mean.user_bias);
        body.f64(&mean.item_bias);
        body.f64(&mean.validation);
        body.f32(mean.sketch.users.as_slice().unwrap_or_default());
        body.f32(mean.sketch.items.as_slice().unwrap_or_default());
        let epochs = &self.history.epochs;
        body.f64(&epochs.iter().map(|e| e.train_rmse).collect::<Vec<_>>());
        body.f64(&epochs.iter().map(|e| e.validation_rmse.unwrap_or(f64::NAN)).collect::<Vec<_>>());
        let body = body.0;
        let write = || -> std::io::Result<()> {
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(MAGIC)?;
            file.write_all(Digest::of(&body).to_string().as_bytes())?;
            file.write_all(&body)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(|error| TrainError::Checkpoint {
            path: path.to_owned(),
            problem: format!("cannot be written: {error}"),
        })
    }

    /// Restores the run from the file; returns `false` if there is no file.
    pub(super) fn take_up(&mut self, path: &Path, fingerprint: Digest) -> Result<bool, TrainError> {
        let refuse = |problem: String| TrainError::Checkpoint { path: path.to_owned(), problem };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(refuse(format!("cannot be read: {error}"))),
        };
        let damaged = || refuse("is not a checkpoint, or was changed; delete it to start again".to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (digest, body) = rest.split_at_checked(DIGITS).ok_or_else(damaged)?;
        if digest != Digest::of(body).to_string().as_bytes() {
            return Err(damaged());
        }
        let (found, body) = body.split_at_checked(DIGITS).ok_or_else(damaged)?;
        if found != fingerprint.to_string().as_bytes() {
            let problem = "is from a run with other ratings, parameters or another seed; use the same ones, or another file";
            return Err(refuse(problem.to_owned()));
        }
        self.read(Reader(body)).map_err(refuse)?;
        Ok(true)
    }

    fn read(&mut self, mut body: Reader<'_>) -> Result<(), String> {
        let state = body.f64(2, "state")?;
        (self.sweep, self.noise_precision) = (state[0] as usize, state[1]);
        body.side(&mut self.users, "users")?;
        body.side(&mut self.items, "titles")?;
        let mean = &mut self.mean;
        let sums = body.f64(3, "sums")?;
        (mean.n_samples, mean.constant, mean.noise_variance) = (sums[0] as usize, sums[1], sums[2]);
        mean.user_bias = body.f64(mean.user_bias.len(), "user biases")?;
        mean.item_bias = body.f64(mean.item_bias.len(), "title biases")?;
        mean.validation = body.f64(mean.validation.len(), "predictions")?;
        for sketch in [&mut mean.sketch.users, &mut mean.sketch.items] {
            let values = body.f32(sketch.len(), "sketch")?;
            for (to, from) in sketch.iter_mut().zip(values) {
                *to = from;
            }
        }
        let train = body.f64(self.sweep, "errors")?;
        let validation = body.f64(self.sweep, "errors")?;
        self.history.best_epoch = self.sweep;
        self.history.epochs = train
            .into_iter()
            .zip(validation)
            .map(|(train_rmse, rmse)| Epoch {
                train_rmse,
                validation_rmse: Some(rmse).filter(|r| !r.is_nan()),
            })
            .collect();
        Ok(())
    }
}
