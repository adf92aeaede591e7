//! Picks the root certificates of Amazon's services from Mozilla's list. Parsing all of that list, or all
//! that a system trusts, would take a function longer than the rest of its start.

use std::path::Path;
use std::{env, fs};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The common names of the roots of Amazon Trust Services, from its repository.
const ROOTS: [&str; 5] = [
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
];

/// Returns whether a certificate in DER has a name. There it is a tag (printable text or UTF-8), a length,
/// and the bytes.
fn is_named(der: &[u8], name: &str) -> bool {
    [0x13, 0x0c].into_iter().any(|tag| {
        let field = [&[tag, name.len() as u8][..], name.as_bytes()].concat();
        der.windows(field.len()).any(|window| window == field)
    })
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut pem = String::new();
    for name in ROOTS {
        let mut found = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter(|der| is_named(der, name));
        let (Some(der), None) = (found.next(), found.next()) else {
            panic!("the list of root certificates does not have exactly one {name:?}");
        };
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
        for line in [&["-----BEGIN CERTIFICATE-----"][..], &lines, &["-----END CERTIFICATE-----"]].concat() {
            pem.push_str(line);
            pem.push('\n');
        }
    }
    let out = env::var_os("OUT_DIR").expect("cargo gives build scripts a folder");
    fs::write(Path::new(&out).join("amazon-roots.pem"), pem).expect("that folder can be written to");
}
