//! The one module that prints: data to stdout, progress and errors to stderr.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{BufWriter, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use progress::Reporter;

/// Output settings of a command, passed to it next to its arguments.
#[derive(Debug)]
pub(crate) struct Context {
    quiet: bool,
    bar: Mutex<ProgressBar>,
}

impl Context {
    /// Makes a context. If `quiet` is set, progress and notes are not shown.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, bar: Mutex::new(ProgressBar::hidden()) }
    }

    /// Prints data, ending it with a line end if it has none. Ends the process quietly if the reader is gone
    /// (`| head`).
    #[expect(clippy::unused_self, reason = "commands print only through their context")]
    pub(crate) fn print(&self, data: &str) {
        let mut stdout = std::io::stdout().lock();
        let (data, end) = (visible(data), if data.ends_with('\n') { "" } else { "\n" });
        if write!(stdout, "{data}{end}").and_then(|()| stdout.flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// Prints an error and its causes to stderr.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        self.bar().finish_and_clear();
        let mut text = format!("error: {error}");
        for cause in error.chain().skip(1) {
            let _ = write!(text, "\n  caused by: {cause}");
        }
        // If stderr is closed, the error cannot be shown to anybody.
        let _ = writeln!(std::io::stderr(), "{}", visible(&text));
    }

    fn bar(&self) -> ProgressBar {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Prints to stderr why a command waits, even with `--quiet`: otherwise it would only seem to hang.
pub(crate) fn waiting(text: &str) {
    // If stderr is closed, nobody reads it.
    let _ = writeln!(std::io::stderr(), "{}", visible(text));
}

/// Escapes control characters except line ends and tabs: texts from files and releases could contain
/// sequences that a terminal obeys.
fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_hidden) {
        return text.into();
    }
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { visible.extend(c.escape_unicode()) } else { visible.push(c) }
    }
    visible.into()
}

/// Buffer for the log of this process on its way to stderr. Lines are written together, because one system
/// call per request costs a fifth as much as a query.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Mutex<BufWriter<std::io::Stderr>>>);

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

/// Shows the log of this process on stderr, from level `info` up, or as `RUST_LOG` says. Lines appear within
/// a tenth of a second; flush the log before the process ends.
pub(crate) fn log_to_stderr() -> Log {
    let log = Log(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 16, std::io::stderr()))));
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second subscriber in one process is refused, and the first one stays.
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
            format!("{{msg:<22}} {{spinner}} {{human_pos}} {unit}, elapsed {{elapsed}}")
        } else {
            format!(
                "{{msg:<22}} {{bar:30}} {{human_pos}}/{{human_len}} {unit}, elapsed {{elapsed}}, about {{eta}} left"
            )
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
        let line = visible(line);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a\tb\n\u{1b}[2J\u{9b}1mé"), "a\tb\n\\u{1b}[2J\\u{9b}1mé");
        assert!(matches!(visible("plain\n"), Cow::Borrowed(_)));
    }
}
