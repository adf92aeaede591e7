//! The command `cartelera`. Each command has a module with its clap types, which are resolved there once and
//! run with a [`Context`].

mod commands;
mod cors;
mod hosts;
mod local;
mod output;

use output::Context;

fn main() -> std::process::ExitCode {
    commands::main()
}
