//! `CARTELERA_BLESS=1 cargo test -p tests` writes the files that the tests compare with.

/// Whether files are to be written before they are compared.
pub(crate) fn blessing() -> bool {
    std::env::var_os("CARTELERA_BLESS").is_some()
}
