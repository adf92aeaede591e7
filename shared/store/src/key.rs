use crate::StoreError;

/// Checks that a text is a key: segments of `[A-Za-z0-9._-]` separated by single slashes, at most 512 bytes
/// in total. No segment starts with a dot, so that a key can neither leave its folder nor name a store's own
/// files.
///
/// # Errors
/// [`StoreError::InvalidKey`].
pub fn check_key(key: &str) -> Result<(), StoreError> {
    refuse_if(key, key.is_empty(), "it is empty")?;
    refuse_if(key, key.ends_with('/'), "it ends in a slash")?;
    check_prefix(key)
}

/// Checks that a text is the beginning of a key: a key, a key cut off anywhere, or nothing.
///
/// # Errors
/// [`StoreError::InvalidKey`].
pub fn check_prefix(prefix: &str) -> Result<(), StoreError> {
    refuse_if(prefix, prefix.len() > 512, "it has more than 512 bytes")?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
    refuse_if(prefix, !prefix.bytes().all(allowed), "a key may contain only A-Z a-z 0-9 . _ - and /")?;
    refuse_if(prefix, prefix.starts_with('/'), "it starts with a slash")?;
    refuse_if(prefix, prefix.contains("//"), "it has two slashes in a row")?;
    refuse_if(prefix, prefix.starts_with('.') || prefix.contains("/."), "a part of it starts with a dot")
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
    fn keys_are_relative_and_plain() {
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
