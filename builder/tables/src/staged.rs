use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::FileError;

/// File under a temporary name, removed unless it is published.
pub(crate) struct Staged {
    passing: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) file: BufWriter<File>,
}

impl Staged {
    pub(crate) fn new(dir: &Path, name: &str) -> Result<Self, FileError> {
        let passing = dir.join(format!(".{name}.{}.partial", std::process::id()));
        let file = File::create(&passing).map_err(|e| FileError::write(&passing, e))?;
        Ok(Self { passing, path: dir.join(name), file: BufWriter::with_capacity(1 << 16, file) })
    }

    pub(crate) fn fail(&self, source: std::io::Error) -> FileError {
        FileError::write(&self.path, source)
    }

    pub(crate) fn complete(mut self) -> Result<Self, FileError> {
        self.file.flush().map_err(|e| self.fail(e))?;
        Ok(self)
    }

    pub(crate) fn publish(self) -> Result<(), FileError> {
        std::fs::rename(&self.passing, &self.path).map_err(|e| self.fail(e))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Once published there is nothing to remove, and nothing can be done about a failure here.
        let _ = std::fs::remove_file(&self.passing);
    }
}
