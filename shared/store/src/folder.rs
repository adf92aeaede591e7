use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use artifact::Digest;
use async_trait::async_trait;
use bytes::Bytes;

use crate::memory::{unix_seconds, version_of};
use crate::read::{out_of_range, within};
use crate::turn::{Turn, not_plain};
use crate::write::unread;
use crate::{
    Action, Body, ObjectInfo, Put, ReadStore, Sent, Store, StoreError, Version, check_key, check_prefix,
};

/// The file that bytes are written to before it is renamed to its key. One is enough, because writers take
/// turns. If a writer is killed, the next one replaces what it left.
const INCOMING: &str = ".incoming";

/// A store in a folder, with a file for each key.
///
/// The first write creates the folder, on Unix with mode 0700; to serve it as another user, change the mode.
/// An existing folder keeps its mode. Each write goes to a temporary file, is flushed to disk and is then
/// renamed into place, all under a lock on the folder. The lock works between processes of one machine, and
/// on a network folder if file locks do. The file `.lock` names the process and the host of the writer, so
/// that others can say who they wait for ([`Store::when_waiting`]). Reads need no lock and work on a
/// read-only disk.
///
/// Lists leave out files whose names are not keys, and symbolic links to folders.
#[derive(Debug, Clone)]
pub struct FolderStore {
    root: PathBuf,
    waiting: Waiting,
}

/// What is called with a sentence when a writer has to wait for another process.
#[derive(Clone)]
struct Waiting(Arc<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

impl FolderStore {
    /// Takes a folder, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), waiting: Waiting(Arc::new(|_| ())) }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn no_store(&self) -> StoreError {
        StoreError::NoStore { location: self.location() }
    }

    /// Returns the error for an object that does not exist, in a folder that may not exist either.
    fn missing(&self, key: &str, folder_exists: bool) -> StoreError {
        if !folder_exists {
            return self.no_store();
        }
        StoreError::NotFound { key: key.to_owned(), location: self.location() }
    }

    /// Runs file operations off the async threads, since they block.
    async fn blocking<T: Send + 'static>(
        &self,
        action: Action,
        key: &str,
        work: impl FnOnce(&Self, &str) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, owned_key) = (self.clone(), key.to_owned());
        let done = tokio::task::spawn_blocking(move || work(&store, &owned_key)).await;
        done.unwrap_or_else(|stopped| Err(io::Error::other(stopped))).map_err(|source| StoreError::Backend {
            action,
            key: key.to_owned(),
            location: self.location(),
            hint: hint(source.kind()).map(str::to_owned),
            source: source.into(),
        })
    }

    /// Creates the folder if it does not exist. A store holds people's ratings, so on Unix only its owner can
    /// open a new one. An existing folder keeps its mode.
    fn create(&self) -> io::Result<()> {
        if self.root.is_dir() {
            return Ok(());
        }
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&self.root) {
            // Another writer was faster.
            Err(e) if e.kind() == ErrorKind::AlreadyExists && self.root.is_dir() => Ok(()),
            done => done,
        }
    }

    /// Waits until this writer may write. Its turn ends when the returned value is dropped.
    fn lock(&self) -> io::Result<Turn> {
        Turn::wait(&self.root, |holder| {
            let location = self.location();
            let text = format!("waiting to write to {location}, which is locked by {holder}");
            (self.waiting.0)(&text);
        })
    }

    /// Refuses a key whose folder is a link: writing there would change something outside the store.
    fn check_folders(&self, key: &str) -> io::Result<()> {
        let target = self.root.join(key);
        let mut folders = target.ancestors().skip(1).take_while(|ancestor| *ancestor != self.root);
        if folders.any(Path::is_symlink) { Err(not_plain(key)) } else { Ok(()) }
    }

    /// Creates the temporary file. Whatever has its name is removed first: a file left by a killed writer, or
    /// a link that would let another file be overwritten.
    fn create_incoming(&self) -> io::Result<File> {
        let path = self.root.join(INCOMING);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        File::options().write(true).create_new(true).open(path)
    }

    /// Opens the file of a key, if there is one. Pipes and devices are refused: opening a pipe could wait
    /// forever, and a device may never end.
    fn open(&self, key: &str) -> io::Result<Option<File>> {
        let path = self.root.join(key);
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => File::open(path).map(Some),
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(_) => Err(not_plain(key)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = self.open(key)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn read_part(&self, key: &str, range: &Range<u64>) -> io::Result<Part> {
        let Some(mut file) = self.open(key)? else { return Ok(Part::NoObject) };
        let Some(range) = within(range, file.metadata()?.len()) else { return Ok(Part::Short) };
        file.seek(SeekFrom::Start(range.start as u64))?;
        let mut bytes = vec![0; range.len()];
        file.read_exact(&mut bytes)?;
        Ok(Part::Bytes(bytes))
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.create_incoming()?;
        file.write_all(bytes)?;
        self.arrive(&file, key)
    }

    /// Renames the temporary file to its key.
    fn arrive(&self, file: &File, key: &str) -> io::Result<()> {
        file.sync_all()?;
        let (incoming, target) = (self.root.join(INCOMING), self.root.join(key));
        let folder = target.parent().unwrap_or(&self.root);
        self.check_folders(key)?;
        fs::create_dir_all(folder)?;
        fs::rename(&incoming, &target)?;
        sync_folders(&self.root, folder)
    }

    /// Computes the digest and size of an object, reading it piece by piece.
    fn digest(&self, key: &str) -> io::Result<Option<(Digest, u64)>> {
        self.open(key)?.map(Digest::of_reader).transpose()
    }

    fn walk(&self, prefix: &str) -> io::Result<Vec<ObjectInfo>> {
        let mut found = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.root.join(&folder))? {
                let entry = entry?;
                let Some(key) = entry.file_name().to_str().map(|name| format!("{folder}{name}")) else {
                    continue;
                };
                if check_key(&key).is_err() {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    let below = format!("{key}/");
                    if below.starts_with(prefix) || prefix.starts_with(&below) {
                        folders.push(below);
                    }
                } else if key.starts_with(prefix) {
                    found.extend(describe(key, &entry.path())?);
                }
            }
        }
        found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }
}

/// The result of reading a part of a file.
enum Part {
    Bytes(Vec<u8>),
    Short,
    NoObject,
}

fn describe(key: String, path: &Path) -> io::Result<Option<ObjectInfo>> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => {
            let modified = meta.modified().ok().and_then(unix_seconds);
            Ok(Some(ObjectInfo { key, bytes: meta.len(), modified }))
        }
        Ok(_) => Ok(None),
        // Deleted since the folder was read.
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Flushes every folder on the way to a renamed file; otherwise the new name could be lost in a crash.
fn sync_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        for folder in folder.ancestors().take_while(|f| f.starts_with(root)) {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

fn hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Some("this user lacks the permission"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some("free some space on that disk"),
        ErrorKind::NotADirectory => Some("a part of the path is a file, not a folder"),
        ErrorKind::IsADirectory => Some("there is a folder where a file should be"),
        _ => None,
    }
}

#[async_trait]
impl ReadStore for FolderStore {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        check_key(key)?;
        let read = self.blocking(Action::Read, key, |store, key| {
            Ok(store.read(key)?.map(|bytes| {
                let version = version_of(&bytes);
                (Bytes::from(bytes), version)
            }))
        });
        read.await
    }

    /// Reads an object without computing its version.
    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        check_key(key)?;
        let read =
            self.blocking(Action::Read, key, |store, key| Ok((store.read(key)?, store.root.try_exists()?)));
        match read.await? {
            (Some(bytes), _) => Ok(bytes.into()),
            (None, exists) => Err(self.missing(key, exists)),
        }
    }

    /// Reads only the range.
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        check_key(key)?;
        let wanted = range.clone();
        let read = self.blocking(Action::Read, key, move |store, key| {
            Ok((store.read_part(key, &wanted)?, store.root.try_exists()?))
        });
        match read.await? {
            (Part::Bytes(bytes), _) => Ok(bytes.into()),
            (Part::Short, _) => Err(out_of_range(self, key, range)),
            (Part::NoObject, exists) => Err(self.missing(key, exists)),
        }
    }
}

#[async_trait]
impl Store for FolderStore {
    fn when_waiting(&mut self, note: Arc<dyn Fn(&str) + Send + Sync>) {
        self.waiting = Waiting(note);
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        check_prefix(prefix)?;
        let found = self.blocking(Action::List, prefix, |store, prefix| {
            if store.root.try_exists()? { store.walk(prefix).map(Some) } else { Ok(None) }
        });
        found.await?.ok_or_else(|| self.no_store())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(key)?;
        let deleted = self.blocking(Action::Delete, key, |store, key| {
            let path = store.root.join(key);
            if !path.try_exists()? {
                return Ok(());
            }
            store.check_folders(key)?;
            let _turn = store.lock()?;
            match fs::remove_file(path) {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                _ => Ok(()),
            }
        });
        deleted.await
    }

    /// Writes with only a piece of the body in memory at a time.
    async fn put_immutable(&self, key: &str, body: &Body, sent: Sent<'_>) -> Result<Put, StoreError> {
        const PIECE: u64 = 8 << 20;
        check_key(key)?;
        // Comparing takes no lock: an object under an immutable key either stays or is removed.
        let found = self.blocking(Action::Read, key, Self::digest).await?;
        let verdict = |(sha256, bytes): (Digest, u64)| {
            if (sha256, bytes) == (body.sha256(), body.len()) {
                Ok(Put::AlreadyThere)
            } else {
                Err(StoreError::Differs { key: key.to_owned(), location: self.location() })
            }
        };
        if let Some(found) = found {
            return verdict(found);
        }
        let (mut file, turn, found) = self
            .blocking(Action::Write, key, |store, key| {
                store.create()?;
                let turn = store.lock()?;
                let found = store.digest(key)?;
                Ok((store.create_incoming()?, turn, found))
            })
            .await?;
        if let Some(found) = found {
            return verdict(found);
        }
        let mut pieces = body.pieces(PIECE);
        while let Some(piece) = pieces.next().await.map_err(|source| unread(self, key, source))? {
            let n = piece.len() as u64;
            file =
                self.blocking(Action::Write, key, move |_, _| file.write_all(&piece).map(|()| file)).await?;
            sent(n);
        }
        let arrived = self.blocking(Action::Write, key, move |store, key| {
            let _turn = turn;
            store.arrive(&file, key)
        });
        arrived.await.map(|()| Put::Written)
    }

    async fn refresh(&self, key: &str) -> Result<bool, StoreError> {
        check_key(key)?;
        let refreshed = self.blocking(Action::Write, key, |store, key| {
            let path = store.root.join(key);
            if !path.try_exists()? {
                return Ok(false);
            }
            store.check_folders(key)?;
            if path.is_symlink() {
                return Err(not_plain(key));
            }
            let _turn = store.lock()?;
            match File::options().append(true).open(path) {
                Ok(file) => file.set_modified(SystemTime::now()).map(|()| true),
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
                Err(e) => Err(e),
            }
        });
        refreshed.await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        check_key(key)?;
        let expected = expected.cloned();
        let written = self.blocking(Action::Write, key, move |store, key| {
            store.create()?;
            let _turn = store.lock()?;
            if store.read(key)?.map(|found| version_of(&found)) != expected {
                return Ok(None);
            }
            store.write(key, &bytes)?;
            Ok(Some(version_of(&bytes)))
        });
        written.await?.ok_or_else(|| StoreError::Conflict { key: key.to_owned(), location: self.location() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::LOCK;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn folders_conform() {
        let root = tempfile::tempdir().unwrap();
        crate::conformance(&|name| Arc::new(FolderStore::new(root.path().join(name).join("deep")))).await;
    }

    #[tokio::test]
    async fn reading_creates_no_folder_and_names_the_missing_one() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("nowhere");
        let store = FolderStore::new(&path);
        for missing in [store.get("a").await.unwrap_err(), store.list("").await.unwrap_err()] {
            assert!(matches!(&missing, StoreError::NoStore { .. }), "{missing}");
            assert!(missing.to_string().contains(&path.display().to_string()), "{missing}");
        }
        assert_eq!(store.read_versioned("a").await.unwrap(), None);
        store.delete("a").await.unwrap();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn only_objects_are_left_and_listed() {
        let root = tempfile::tempdir().unwrap();
        let store = FolderStore::new(root.path());
        store.replace("a/b", "x".into(), None).await.unwrap();
        assert!(!root.path().join(INCOMING).exists());
        fs::write(root.path().join("not a key"), "").unwrap();
        fs::write(root.path().join(INCOMING), "left by a killed writer, and longer").unwrap();
        store.replace("c", "y".into(), None).await.unwrap();
        assert_eq!(store.get("c").await.unwrap(), "y");
        let found = store.list("").await.unwrap();
        assert_eq!(found.iter().map(|o| &*o.key).collect::<Vec<_>>(), ["a/b", "c"]);
        assert!(found.iter().all(|o| o.modified.is_some()));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_opens_a_new_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let open = root.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        for (path, expected) in [(open, 0o755), (root.path().join("deep/er"), 0o700)] {
            let store = FolderStore::new(&path);
            store.replace("a/b", "x".into(), None).await.unwrap();
            store.replace("c", "y".into(), None).await.unwrap();
            assert_eq!(mode(&path), expected, "{}", path.display());
        }
        let store = FolderStore::new(root.path().join("put"));
        store.put_immutable("a", &Bytes::from("x").into(), &|_| {}).await.unwrap();
        assert_eq!(mode(store.root()), 0o700);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nothing_is_written_through_a_link() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let (victim, elsewhere) = (root.path().join("victim"), root.path().join("elsewhere"));
        fs::write(&victim, "as it was").unwrap();
        fs::create_dir(&elsewhere).unwrap();
        let store = FolderStore::new(root.path().join("store"));
        store.replace("a", "x".into(), None).await.unwrap();

        // The temporary file: the link is removed, and the file behind it stays as it is.
        symlink(&victim, store.root().join(INCOMING)).unwrap();
        let body = Body::from(Bytes::from("y"));
        assert_eq!(store.put_immutable("b", &body, &|_| {}).await.unwrap(), Put::Written);
        assert_eq!(
            (store.get("b").await.unwrap(), fs::read(&victim).unwrap()),
            ("y".into(), b"as it was".to_vec())
        );

        // A folder.
        symlink(&elsewhere, store.root().join("artifacts")).unwrap();
        let error = store.put_immutable("artifacts/c", &body, &|_| {}).await.unwrap_err();
        assert!(format!("{error:?}").contains("is a link"), "{error:?}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        fs::write(elsewhere.join("d"), "as it was").unwrap();
        assert!(store.delete("artifacts/d").await.is_err());
        assert!(store.refresh("artifacts/d").await.is_err());
        assert!(elsewhere.join("d").exists());

        // The lock.
        fs::remove_file(store.root().join(LOCK)).unwrap();
        symlink(root.path().join("made"), store.root().join(LOCK)).unwrap();
        assert!(store.replace("d", "z".into(), None).await.is_err());
        assert!(!root.path().join("made").exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn devices_and_pipes_are_refused_at_once() {
        let root = tempfile::tempdir().unwrap();
        let store = FolderStore::new(root.path());
        std::os::unix::fs::symlink("/dev/zero", root.path().join("zero")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(root.path().join("pipe")).status().unwrap();
        assert!(made.success());
        for key in ["zero", "pipe"] {
            assert!(store.get(key).await.is_err(), "{key}");
            assert!(store.read_range(key, 0..1).await.is_err(), "{key}");
        }
    }

    #[tokio::test]
    async fn a_file_in_the_way_is_an_error_with_a_hint() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let store = FolderStore::new(root.path().join("file"));
        let error = store.replace("a", "x".into(), None).await.unwrap_err();
        assert!(matches!(error, StoreError::Backend { action: Action::Write, .. }), "{error}");
        let store = FolderStore::new(root.path());
        fs::create_dir(root.path().join("folder")).unwrap();
        let error = store.get("folder").await.unwrap_err().to_string();
        assert!(error.contains("there is a folder where a file should be"), "{error}");
    }
}
