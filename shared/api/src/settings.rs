//! How a release is served.

use artifact::ReleaseKeys;

use crate::personal::PersonalRoutes;

/// The environment variable with the public keys that releases have to be signed with; see [`ReleaseKeys`].
pub const RELEASE_KEYS: &str = "RELEASE_KEYS";

/// How a release is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Who may use the routes that return data about a single user.
    pub personal_routes: PersonalRoutes,
    /// The keys that releases have to be signed with. `None` also serves releases that are not signed.
    pub release_keys: Option<ReleaseKeys>,
    /// How much memory the users of a release may take.
    pub users: UserLimits,
}

impl From<PersonalRoutes> for Settings {
    fn from(personal_routes: PersonalRoutes) -> Self {
        Self { personal_routes, ..Self::default() }
    }
}

/// How much memory the users of a release may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLimits {
    /// If all users together take at most this many bytes in the store, they are read when the function
    /// starts, and no request waits for the store.
    pub whole_bytes: u64,
    /// Otherwise, blocks are read for requests, and this many bytes of decoded blocks are kept.
    pub cache_bytes: u64,
}

impl Default for UserLimits {
    /// 8 MiB each. Held whole, that is about fifteen thousand users, for one more read at the start; without
    /// it, every request of a small release would wait for the store. As a cache, it is about 200 blocks:
    /// enough for people who come back within minutes. Among millions of users, no small cache would make
    /// other hits likely.
    fn default() -> Self {
        Self { whole_bytes: 8 << 20, cache_bytes: 8 << 20 }
    }
}
