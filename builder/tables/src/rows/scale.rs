//! The scale of all ratings of a run.

use std::path::PathBuf;

use catalog::{Scale, ScaleCounts};
use rayon::prelude::*;

use super::block::Block;
use crate::{FileError, file_name};

/// Finds the scale of all ratings that were read: that of the site that a file was exported from, and the one
/// that the ratings of the other files are on.
///
/// # Errors
/// Returns [`FileError`] if the ratings are on no scale, or on two that are not the same.
pub(super) fn find(blocks: &[Block], files: &[PathBuf]) -> Result<Scale, FileError> {
    let site_of = |block: &Block| block.layout.export().map(|export| export.site);
    let mut own = vec![None; files.len()];
    for block in blocks {
        own[block.file] = site_of(block);
    }
    let mut scale: Option<(Scale, String)> = None;
    for (path, site) in files.iter().zip(&own) {
        let Some(site) = site else { continue };
        let next = (site.scale(), format!("{} ({site} export)", file_name(path)));
        scale = Some(match scale {
            Some(first) => agree(first, next)?,
            None => next,
        });
    }
    let others = blocks.par_iter().filter(|block| site_of(block).is_none());
    let of_block = |block: &Block| block.rows.iter().map(|row| row.rating).collect::<ScaleCounts>();
    let counts = others.map(of_block).reduce(ScaleCounts::default, |mut all, part| {
        all.merge(&part);
        all
    });
    if let Some((scale, _)) = &scale
        && counts == ScaleCounts::default()
    {
        return Ok(*scale);
    }
    let names: Vec<String> =
        files.iter().zip(&own).filter(|(_, site)| site.is_none()).map(|(path, _)| file_name(path)).collect();
    let names = names.join(", ");
    let found = counts.scale().map_err(|why| FileError::Scale { files: names.clone(), why })?;
    match scale {
        Some(first) => agree(first, (found, names)).map(|both| both.0),
        None => Ok(found),
    }
}

/// Returns the scale that holds two scales which differ only in whether zero, half stars or whole ones are
/// the lowest rating, and the name of the first.
fn agree(first: (Scale, String), next: (Scale, String)) -> Result<(Scale, String), FileError> {
    let (a, b) = (first.0, next.0);
    if a.high().total_cmp(&b.high()).is_eq() && (a.low() - b.low()).abs() <= 1.0 {
        return Ok((if a.low() <= b.low() { a } else { b }, first.1));
    }
    Err(FileError::Scales { first: first.1, scale: a, next: next.1, other: b })
}
