#![no_main]

use artifact::Kind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    tests::check::artifact(Kind::Users, bytes);
});
