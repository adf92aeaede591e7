//! Serves the folders below a folder as S3 buckets on this machine, until it is killed, to try `s3://` stores
//! without a cloud. Prints its address to stdout.
//!
//! ```sh
//! mkdir -p target/buckets/cartelera
//! cargo run -p store-s3 --example s3_server -- target/buckets
//! ```
//!
//! Clients set `AWS_ENDPOINT_URL` to the address, `AWS_ACCESS_KEY_ID=key` and `AWS_SECRET_ACCESS_KEY=secret`.

use std::io::{self, Write};
use std::path::PathBuf;

#[tokio::main]
async fn main() -> io::Result<()> {
    let root = std::env::args_os().nth(1).map(PathBuf::from).filter(|root| root.is_dir());
    let root = root.ok_or_else(|| io::Error::other("give a folder; the folders in it are the buckets"))?;
    let address = store_s3_testing::serve(&root).await?;
    writeln!(io::stdout(), "http://{address}")?;
    std::future::pending().await
}
