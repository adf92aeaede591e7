use crate::StoreError;

/// Checks that a text is a key: segments of `[A-Za-z0-9._-]` parted by single slashes, at most 512
/// bytes in all. No segment begins with a dot, so that no key climbs out of a folder or meets a file
/// that a store keeps for itself.
///
/// # Errors
/// [`StoreError::InvalidKey`].
pub fn check_key(key: &str) -> Result<(), StoreError> {
    refuse_if(key, key.is_empty(), "it is empty")?;
    refuse_if(key, key.ends_with('/'), "it ends in a slash")?;
    check_prefix(key)
}

/// Checks that a text may begin a key: a key, or one cut off anywhere, or nothing.
///
/// # Errors
/// [`StoreError::InvalidKey`].
pub fn check_prefix(prefix: &str) -> Result<(), StoreError> {
    refuse_if(prefix, prefix.len() > 512, "it has more than 512 bytes")?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
    refuse_if(prefix, !prefix.bytes().all(allowed), "only A-Z a-z 0-9 . _ - and / may stand in a key")?;
    refuse_if(prefix, prefix.starts_with('/'), "it begins with a slash")?;
    refuse_if(prefix, prefix.contains("//"), "it has two slashes in a row")?;
    refuse_if(prefix, prefix.starts_with('.') || prefix.contains("/."), "a part of it begins with a dot")
}

fn refuse_if(key: &str, wrong: bool, problem: &'static str) -> Result<(), StoreError> {
    if wrong { Err(StoreError::InvalidKey { key: key.to_owned(), problem }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_relative_plain_and_stay_inside() {
        for good in ["current.json", "artifacts/rating-model/00ff", "a/b_c/d.e"] {
            assert!(check_key(good).is_ok(), "{good}");
            assert!(check_prefix(good).is_ok(), "{good}");
        }
        let long = "a".repeat(513);
        for bad in ["/a", "a//b", "..", "a/../b", "./a", "a/.lock", "a b", "a\\b", "ñ", "a\0", &long] {
            assert!(check_key(bad).is_err(), "{bad}");
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
        for prefix in ["", "artifacts/"] {
            assert!(check_key(prefix).is_err(), "{prefix}");
            assert!(check_prefix(prefix).is_ok(), "{prefix}");
        }
    }

    proptest! {
        #[test]
        fn no_key_leaves_its_folder(key in "[./a\\\\-]{0,8}") {
            if check_key(&key).is_ok() {
                prop_assert!(Path::new(&key).components().all(|c| matches!(c, Component::Normal(_))));
                prop_assert_eq!(Path::new(&key).components().count(), key.split('/').count());
            }
        }
    }
}
