//! The one module that prints: data to stdout, progress and errors to stderr.

use std::fmt::Write as _;
use std::io::{BufWriter, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Reporter;

/// What a command is given beside its settings.
#[derive(Debug)]
pub struct Context {
    quiet: bool,
    bar: Mutex<ProgressBar>,
}

impl Context {
    /// With `quiet`, progress and notes are not shown.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, bar: Mutex::new(ProgressBar::hidden()) }
    }

    /// Prints data, and a line end where it has none. A reader that went away (`| head`) ends the process
    /// quietly.
    pub fn print(&self, data: &str) {
        let mut stdout = std::io::stdout().lock();
        let end = if data.ends_with('\n') { "" } else { "\n" };
        if write!(stdout, "{data}{end}").and_then(|()| stdout.flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// Prints an error, its causes and its remedy to stderr.
    pub fn error(&self, error: &anyhow::Error) {
        self.bar().finish_and_clear();
        let mut text = format!("error: {error}");
        for cause in error.chain().skip(1) {
            let _ = write!(text, "\n  caused by: {cause}");
        }
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    fn bar(&self) -> ProgressBar {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The log of this process on its way to stderr: lines are written together, since a system call a request is a
/// fifth of what a query costs.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<Mutex<BufWriter<std::io::Stderr>>>);

impl Log {
    const FLUSH_EVERY: Duration = Duration::from_millis(100);

    fn lock(&self) -> MutexGuard<'_, BufWriter<std::io::Stderr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.lock().flush()
    }
}

/// Shows the log of this process on stderr, from `info` up, or as `RUST_LOG` says. Lines appear within a tenth of a
/// second; flush the log before the process ends.
pub(super) fn log_to_stderr() -> Log {
    let log = Log(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 16, std::io::stderr()))));
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second subscriber in one process is refused, and the first goes on.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .try_init();
    let mut gathering = log.clone();
    std::thread::spawn(move || {
        while gathering.flush().is_ok() {
            std::thread::sleep(Log::FLUSH_EVERY);
        }
    });
    log
}

impl Reporter for Context {
    fn start(&self, stage: &str, total: u64, unit: &str) {
        if self.quiet {
            return;
        }
        let template = if total == 0 {
            format!("{{msg:<22}} {{spinner}} {{human_pos}} {unit} {{elapsed}}")
        } else {
            format!("{{msg:<22}} {{bar:30}} {{human_pos}}/{{human_len}} {unit} {{elapsed}}, {{eta}} left")
        };
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8))
            .with_style(style)
            .with_message(stage.to_owned());
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar;
        if !std::io::stderr().is_terminal() {
            let _ = writeln!(std::io::stderr(), "{stage} …");
        }
    }

    fn advance(&self, n: u64) {
        if !self.quiet {
            self.bar().inc(n);
        }
    }

    fn note(&self, line: &str) {
        if self.quiet {
            return;
        }
        if std::io::stderr().is_terminal() {
            self.bar().println(line);
        } else {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    fn finish(&self) {
        self.bar().finish_and_clear();
    }
}
