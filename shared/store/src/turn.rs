//! The writers of a folder take turns: a lock on a file that says who holds it.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::memory::unix_seconds;

/// The file that a writer locks while it writes, so that several processes can write to one folder.
pub(crate) const LOCK: &str = ".lock";

/// How long a writer waits before it reports that. Most turns are shorter.
const PATIENCE: Duration = Duration::from_millis(100);

/// The turn of one writer. It ends when this is dropped, or when the process ends.
#[derive(Debug)]
pub(crate) struct Turn(File);

impl Turn {
    /// Waits for the lock of a folder. Calls `waiting` once if another process holds it for more than a
    /// moment.
    pub(crate) fn wait(root: &Path, waiting: impl FnOnce(Holder) + Send) -> io::Result<Self> {
        let path = root.join(LOCK);
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock) => thread::scope(|scope| {
                let (locked, is_locked) = mpsc::channel::<()>();
                scope.spawn(move || {
                    if is_locked.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                        let holder = Holder::read(&path);
                        if holder.process != Some(std::process::id()) {
                            waiting(holder);
                        }
                    }
                });
                let result = file.lock();
                drop(locked);
                result
            })?,
        }
        let mut turn = Self(file);
        turn.write();
        Ok(turn)
    }

    /// Writes down who holds the lock. If that fails, because the disk is full for example, others only see
    /// that somebody does.
    fn write(&mut self) {
        let since = unix_seconds(SystemTime::now()).unwrap_or(0);
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let text = format!("process {}\nsince {since}\nhost {}\n", std::process::id(), host.trim());
        let _ = self.0.set_len(0).and_then(|()| self.0.write_all(text.as_bytes()));
    }
}

impl Drop for Turn {
    /// Empties the file, because nobody holds the lock any more. A killed process leaves its name there.
    fn drop(&mut self) {
        let _ = self.0.set_len(0);
    }
}

/// Opens the file, or creates it. Refuses links, so that no other file is written to.
fn open(path: &Path) -> io::Result<File> {
    match File::options().create_new(true).write(true).open(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let found = fs::symlink_metadata(path)?;
    if !found.is_file() {
        return Err(not_plain(LOCK));
    }
    let file = File::options().write(true).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let opened = file.metadata()?;
        // A link may have replaced the file in the meantime.
        if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
            return Err(not_plain(LOCK));
        }
        // A hard link may be the content of any file.
        if opened.nlink() > 1 {
            let text =
                format!("{LOCK} is a hard link; if this store was copied with hard links, remove the file");
            return Err(io::Error::new(ErrorKind::InvalidInput, text));
        }
    }
    Ok(file)
}

/// Returns the error for something that is not a plain file, or is in a folder that is a link.
pub(crate) fn not_plain(key: &str) -> io::Error {
    let text = format!(
        "{key} is a link, a device or a pipe, or in a folder that is a link; remove it from the store"
    );
    io::Error::new(ErrorKind::InvalidInput, text)
}

/// Who holds the lock of a folder, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Holder {
    process: Option<u32>,
    host: Option<String>,
    since: Option<u64>,
}

impl Holder {
    /// Reads the file. Anybody could have written it, so only values in the right form are used.
    fn read(path: &Path) -> Self {
        let mut text = String::new();
        match File::open(path).and_then(|file| file.take(1_000).read_to_string(&mut text)) {
            Ok(_) => Self::parse(&text),
            Err(_) => Self::default(),
        }
    }

    fn parse(text: &str) -> Self {
        let value = |name| text.lines().find_map(|line| line.split_once(' ').filter(|(n, _)| *n == name));
        let is_host = |host: &&str| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        };
        Self {
            process: value("process").and_then(|(_, id)| id.parse().ok()),
            host: value("host").map(|(_, host)| host).filter(is_host).map(str::to_owned),
            since: value("since").and_then(|(_, since)| since.parse().ok()),
        }
    }
}

/// `process 4711 on tiger, for 12 s`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(id) => write!(f, "process {id}")?,
            None => f.write_str("another process")?,
        }
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        let now = unix_seconds(SystemTime::now());
        match now.zip(self.since).and_then(|(now, since)| now.checked_sub(since)) {
            Some(seconds) => write!(f, ", for {seconds} s"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_waits_reports_for_whom() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(LOCK);
        let held = File::create_new(&path).unwrap();
        held.lock().unwrap();
        // Another process and host than this one's.
        fs::write(&path, format!("process 4000000000\nsince {}\nhost tiger-2.example\n", 7)).unwrap();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| Turn::wait(root.path(), |holder| tell.send(holder).unwrap()));
            let holder = told.recv().unwrap();
            assert!(!waiting.is_finished(), "it waits until the lock is free");
            let text = holder.to_string();
            assert!(text.starts_with("process 4000000000 on tiger-2.example, for "), "{text}");
            drop(held);
            let turn = waiting.join().unwrap().unwrap();
            assert_eq!(Holder::read(&path).process, Some(std::process::id()));
            drop(turn);
        });
        assert_eq!(fs::read(&path).unwrap(), b"", "nobody has the lock");
        drop(Turn::wait(root.path(), |holder| panic!("{holder}")).unwrap());
    }

    #[test]
    fn writers_of_one_process_take_turns_without_a_word() {
        let root = tempfile::tempdir().unwrap();
        let turn = Turn::wait(root.path(), |_| ()).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| Turn::wait(root.path(), |holder| panic!("{holder}")).map(drop));
            thread::sleep(PATIENCE * 2);
            drop(turn);
            waiting.join().unwrap().unwrap();
        });
    }

    #[test]
    fn only_what_has_the_right_form_is_shown() {
        for text in ["", "process x\nhost \u{1b}[31m\nsince -1\n", "nonsense", "process\nhost \n"] {
            assert_eq!(Holder::parse(text), Holder::default(), "{text:?}");
        }
        assert_eq!(Holder::default().to_string(), "another process");
        let future = Holder { process: Some(1), host: None, since: Some(u64::MAX) };
        assert_eq!(future.to_string(), "process 1");
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_is_another_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let victim = root.path().join("victim");
        fs::write(&victim, "as it was").unwrap();
        fs::hard_link(&victim, root.path().join(LOCK)).unwrap();
        assert!(Turn::wait(root.path(), |_| ()).is_err());
        fs::remove_file(root.path().join(LOCK)).unwrap();
        std::os::unix::fs::symlink(&victim, root.path().join(LOCK)).unwrap();
        assert!(Turn::wait(root.path(), |_| ()).is_err());
        assert_eq!(fs::read(&victim).unwrap(), b"as it was");
    }
}
