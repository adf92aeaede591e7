//! Long runs of files in the same layout, which are reported together: the Netflix Prize has 17,770 files.

use crate::file_report::FileReport;

/// Most files in the same layout that are reported one by one.
const ONE_BY_ONE: usize = 20;

/// Cuts files into runs to be reported together; nearly always each file is a run by itself.
pub(crate) fn runs(files: &[FileReport]) -> Vec<&[FileReport]> {
    let alike = files.chunk_by(|a, b| a.format == b.format);
    alike.flat_map(|run| run.chunks(if run.len() > ONE_BY_ONE { run.len() } else { 1 })).collect()
}

/// Names the files of a run.
pub(crate) fn name(run: &[FileReport]) -> String {
    match run {
        [first, .., last] => format!("{} to {} ({} files)", first.file, last.file, run.len()),
        [only] => only.file.clone(),
        [] => String::new(),
    }
}
