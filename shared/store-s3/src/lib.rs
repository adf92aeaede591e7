//! The store trait on S3. The only crate that names aws-*.
