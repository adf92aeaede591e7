//! Where artifacts are kept: traits to read and write objects, stores in a folder and in memory, and the
//! operations on releases.
//!
//! A store holds objects by key. All objects are immutable and named by their content, except for the pointer
//! [`artifact::Pointer::KEY`], which changes by conditional writes. A new kind of store implements five
//! operations. The function `conformance` (behind the feature of that name) tests whether it implements them
//! correctly.
//!
//! ```
//! use store::{MemoryStore, ReadStore, Store};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let store = MemoryStore::default();
//! let first = store.replace("current.json", "old".into(), None).await?;
//! let second = store.replace("current.json", "new".into(), Some(&first)).await?;
//! assert_ne!(first, second);
//! assert!(store.replace("current.json", "late".into(), Some(&first)).await.is_err());
//! assert_eq!(store.get("current.json").await?, "new");
//! # Ok::<(), store::StoreError>(())
//! # }).unwrap();
//! ```

// Functions read data from outside: arithmetic and positions are checked, or a reason says why not.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

mod blocking;
mod body;
mod causes;
mod collect;
#[cfg(any(test, feature = "conformance"))]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "it is a test, and may panic as one"
)]
pub mod conformance;
mod error;
mod folder;
mod key;
mod list;
mod load;
mod memory;
mod open;
mod parts;
mod pointer;
mod publish;
mod read;
mod rollback;
mod signing;
mod turn;
mod verify;
mod write;

pub use blocking::run_blocking;
pub use body::{Body, Pieces};
pub use causes::with_causes;
pub use collect::{Collected, Keep, MIN_GRACE, gc};
#[cfg(any(test, feature = "conformance"))]
pub use conformance::conformance;
pub use error::{Action, LoadError, ReleaseError, StoreError};
pub use folder::FolderStore;
pub use key::{check_key, check_prefix};
pub use list::{ReleaseInfo, releases};
pub use load::{load, load_optional, manifest, signature};
pub use memory::MemoryStore;
pub use open::{OpenError, open};
pub use parts::{for_each_part, load_part, load_parts};
pub use pointer::{Polled, current, current_versioned, poll};
pub use publish::{Check, Checking, Published, publish, publish_bodies};
pub use read::{RANGES_IGNORED, ReadStore, Seen, Version};
pub use rollback::{RolledBack, rollback, rollback_signed};
pub use signing::Signing;
pub use verify::{Verified, verify_release};
pub use write::{ObjectInfo, Put, Sent, Store};
