use etl::EtlOutput;
use tables::Rejects;

/// What is known about the files that clean tables were made from.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'a> {
    /// Nothing.
    Unknown,
    /// The rejected rows, but not what was repaired in the others.
    Rejects(&'a Rejects),
    /// Everything.
    Read(&'a EtlOutput),
}
