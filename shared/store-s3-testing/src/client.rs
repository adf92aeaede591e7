use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use store_s3::Https;

use crate::{ACCESS_KEY, SECRET_KEY};

/// How long a client waits for a response before it gives up. Its other settings are those of functions.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For the headers of a response.
    pub headers: Duration,
    /// For more of its body.
    pub body: Duration,
}

/// Longer than any test, so that slow responses are always awaited, even on a busy machine.
pub const PATIENT: Waits = Waits { headers: FOREVER, body: FOREVER };

const FOREVER: Duration = Duration::from_hours(1);

/// Returns a client of the server at a URL.
pub fn client(url: &str, waits: Waits) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(5))
        .with_max_backoff(Duration::from_millis(20));
    // Clients of one process share their retry quota, so without a partition of its own one test would use up
    // another's.
    let partition = RetryPartition::custom("tests").token_bucket(TokenBucket::new(500)).build();
    let timeouts = TimeoutConfig::builder().read_timeout(waits.headers).build();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
        .endpoint_url(url)
        .force_path_style(true)
        .retry_config(retries)
        .retry_partition(partition)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(waits.body).build())
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .http_client(Https::plain(FOREVER))
        .build();
    Client::from_conf(config)
}
