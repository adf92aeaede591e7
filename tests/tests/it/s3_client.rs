//! A client of the S3 server of these tests, which is told how long it waits.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use store_s3::Https;
use tests::reload_cases::FOREVER;

/// What a client waits for; the rest is as functions have it.
#[derive(Clone, Copy)]
pub(crate) struct Waits {
    /// For the headers of an answer.
    pub(crate) headers: Duration,
    /// For more of its body.
    pub(crate) body: Duration,
}

/// Nothing is given up for its slowness, on a busy machine neither.
pub(crate) const PATIENT: Waits = Waits { headers: FOREVER, body: FOREVER };

/// A client of the server of these tests.
pub(crate) fn client(url: &str, waits: Waits) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(5))
        .with_max_backoff(Duration::from_millis(20));
    // Clients of one process would share what they may try again, and those of other tests with them.
    let own = RetryPartition::custom("reload-faults").token_bucket(TokenBucket::new(500)).build();
    let timeouts = TimeoutConfig::builder().read_timeout(waits.headers).build();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .endpoint_url(url)
        .force_path_style(true)
        .retry_config(retries)
        .retry_partition(own)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(waits.body).build())
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .http_client(Https::plain(FOREVER))
        .build();
    Client::from_conf(config)
}
