//! Tests of the whole builder: its crates on the sample and on the real data, and the `cartelera` program.

#![expect(clippy::unwrap_used, reason = "a test may panic if something that it relies on fails")]

mod cases;
mod commands;
mod eda;
mod etl;
mod exports;
#[cfg(target_os = "linux")]
mod extremes;
mod forget;
mod losses;
mod model;
mod no_ratings;
mod publish;
mod real_data;
mod scales;
mod serve;
mod server;
mod synth;
mod title_search;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the command that runs the program with these arguments, without progress.
fn cartelera(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartelera"));
    command.arg("--quiet").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Returns what the program prints.
fn stdout(args: &[&str]) -> String {
    let output = cartelera(args).output().expect("the program starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

/// Returns the error of a run that must fail.
fn refusal(args: &[&str]) -> String {
    let output = cartelera(args).output().expect("the program starts");
    assert!(!output.status.success(), "{args:?} was not refused");
    String::from_utf8(output.stderr).expect("the program prints UTF-8")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// Returns the path of a file or folder of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
