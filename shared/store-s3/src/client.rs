//! The S3 client, which is built once in each process.
//!
//! Functions take all settings from the environment, where Lambda puts them. With the feature `profile` they
//! come from the whole chain of the AWS command line, as people expect on their own machines.

#[cfg(not(feature = "profile"))]
use std::env;
use std::fs;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, Region, ResponseChecksumValidation, StalledStreamProtectionConfig};
use aws_sdk_s3::{Client, Config};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::error::OpenError;
use crate::http::Https;

/// Amazon's own root certificates (see `build.rs`). Parsing these five takes a tenth of the time of a
/// system's 145.
const AMAZON_ROOTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/amazon-roots.pem"));

/// The root certificates that a client trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust<'a> {
    /// Amazon's own.
    Amazon,
    /// Those that this machine trusts.
    System,
    /// Only those of a file.
    File(&'a str),
}

/// Returns the root certificates to trust. `AWS_CA_BUNDLE`, which all AWS tools support, comes first. Regions
/// in China have other authorities than Amazon's, and other services may have too. Without TLS, none are
/// used.
#[cfg_attr(
    all(feature = "profile", not(test)),
    expect(dead_code, reason = "on people's machines, the system decides")
)]
fn trust<'a>(endpoint: Option<&str>, region: Option<&str>, bundle: Option<&'a str>) -> Trust<'a> {
    if let Some(path) = bundle {
        return Trust::File(path);
    }
    let is_amazons = match endpoint {
        None => !region.is_some_and(|region| region.starts_with("cn-")),
        Some(endpoint) => match endpoint.strip_prefix("https://") {
            None => true,
            Some(rest) => {
                let host = rest.split(['/', ':']).next().unwrap_or_default();
                host.ends_with(".amazonaws.com") || host.ends_with(".api.aws")
            }
        },
    };
    if is_amazons { Trust::Amazon } else { Trust::System }
}

fn roots(trust: Trust<'_>) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Amazon => {
            let ders = CertificateDer::pem_slice_iter(AMAZON_ROOTS);
            roots.add_parsable_certificates(ders.filter_map(Result::ok));
        }
        // A certificate that cannot be read, or whose kind is not trusted any more, does not affect the
        // others.
        Trust::System => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Trust::File(path) => {
            let refuse = |problem: String| OpenError::CaBundle { path: path.to_owned(), problem };
            let bytes = fs::read(path).map_err(|error| refuse(error.to_string()))?;
            for der in CertificateDer::pem_slice_iter(&bytes) {
                let der = der.map_err(|error| refuse(error.to_string()))?;
                roots.add(der).map_err(|error| refuse(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(refuse("it has no certificates".to_owned()));
            }
        }
    }
    Ok(roots)
}

fn http_client(trust: Trust<'_>) -> Result<Https, OpenError> {
    Ok(Https::new(roots(trust)?, Patience::OF_THIS_PROGRAM.connect))
}

/// How long a client waits, and how often it tries. A function has ten seconds to start, and one that checks
/// for a newer release can keep serving the old one. People who publish would rather wait.
struct Patience {
    connect: Duration,
    first_byte: Duration,
    stalled: Duration,
    attempts: u32,
}

impl Patience {
    #[cfg(not(feature = "profile"))]
    const OF_THIS_PROGRAM: Self = Self {
        connect: Duration::from_secs(1),
        first_byte: Duration::from_secs(3),
        stalled: Duration::from_secs(3),
        attempts: 3,
    };

    #[cfg(feature = "profile")]
    const OF_THIS_PROGRAM: Self = Self {
        connect: Duration::from_secs(5),
        // It starts with the first byte that is sent, so a part of an upload has to fit in.
        first_byte: Duration::from_mins(2),
        stalled: Duration::from_secs(20),
        attempts: 6,
    };
}

/// Completes the settings with those that do not depend on where the others come from. Retries have
/// exponential backoff with jitter.
fn finish(
    config: Builder,
    endpoint: Option<&str>,
    region: Option<Region>,
    bucket: &str,
) -> Result<Config, OpenError> {
    let region = match (region, endpoint) {
        (Some(region), _) => region,
        // Signatures include a region, and services other than AWS accept any.
        (None, Some(_)) => Region::from_static("us-east-1"),
        (None, None) => return Err(OpenError::NoRegion { bucket: bucket.to_owned() }),
    };
    let patience = Patience::OF_THIS_PROGRAM;
    let timeouts = TimeoutConfig::builder().read_timeout(patience.first_byte).build();
    let stalled = StalledStreamProtectionConfig::enabled().grace_period(patience.stalled).build();
    Ok(config
        .region(region)
        .force_path_style(endpoint.is_some())
        .retry_config(RetryConfig::standard().with_max_attempts(patience.attempts))
        .timeout_config(timeouts)
        .stalled_stream_protection(stalled)
        // Objects are checked by their digest or their envelope, which is enough.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build())
}

/// Builds a client from the environment.
#[cfg(not(feature = "profile"))]
pub(crate) async fn client(bucket: &str) -> Result<Client, OpenError> {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials};

    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL"));
    let region = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION"));
    let (Some(key), Some(secret)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) else {
        return Err(OpenError::NoCredentials);
    };
    let bundle = set("AWS_CA_BUNDLE");
    let trust = trust(endpoint.as_deref(), region.as_deref(), bundle.as_deref());
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(key, secret, set("AWS_SESSION_TOKEN"), None, "environment"))
        .http_client(http_client(trust)?);
    config.set_endpoint_url(endpoint.clone());
    let config = finish(config, endpoint.as_deref(), region.map(Region::new), bucket)?;
    Ok(Client::from_conf(config))
}

/// Builds a client from the chain of the AWS command line: environment, files, SSO, web identity, containers,
/// machines.
#[cfg(feature = "profile")]
pub(crate) async fn client(bucket: &str) -> Result<Client, OpenError> {
    use aws_config::BehaviorVersion;

    let bundle = std::env::var("AWS_CA_BUNDLE").ok().filter(|path| !path.is_empty());
    // Networks that inspect TLS have their authority among those of the machine.
    let https = http_client(bundle.as_deref().map_or(Trust::System, Trust::File))?;
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await;
    let for_s3 = std::env::var("AWS_ENDPOINT_URL_S3").ok();
    let endpoint = for_s3.as_deref().or_else(|| config.endpoint_url());
    let region = config.region().cloned();
    let config = finish(Builder::from(&config), endpoint, region, bucket)?;
    Ok(Client::from_conf(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_roots_are_five_and_parse() {
        assert_eq!(CertificateDer::pem_slice_iter(AMAZON_ROOTS).count(), 5);
        assert_eq!(roots(Trust::Amazon).unwrap().len(), 5);
    }

    #[test]
    fn the_service_decides_which_roots_are_trusted() {
        let amazons = [
            (None, Some("eu-west-1")),
            (Some("https://s3.eu-west-1.amazonaws.com"), Some("eu-west-1")),
            (Some("https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com:443/x"), None),
            (Some("http://127.0.0.1:9000"), None),
        ];
        for (endpoint, region) in amazons {
            assert_eq!(trust(endpoint, region, None), Trust::Amazon, "{endpoint:?} {region:?}");
            assert_eq!(trust(endpoint, region, Some("x.pem")), Trust::File("x.pem"));
        }
        let others = [
            (None, Some("cn-north-1")),
            (Some("https://minio.example.com"), Some("us-east-1")),
            (Some("https://amazonaws.com.example.com"), Some("us-east-1")),
            (Some("https://example.com/.amazonaws.com"), Some("us-east-1")),
        ];
        for (endpoint, region) in others {
            assert_eq!(trust(endpoint, region, None), Trust::System, "{endpoint:?} {region:?}");
        }
    }

    #[test]
    fn a_bundle_without_certificates_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roots.pem");
        let read = || roots(Trust::File(path.to_str().unwrap()));
        assert!(read().is_err());
        for bytes in [&b""[..], b"no certificate", &AMAZON_ROOTS[..200]] {
            fs::write(&path, bytes).unwrap();
            let error = read().unwrap_err().to_string();
            assert!(error.contains("AWS_CA_BUNDLE") && error.contains("roots.pem"), "{error}");
        }
        let damaged = String::from_utf8(AMAZON_ROOTS.to_vec()).unwrap().replacen("MII", "AII", 1);
        fs::write(&path, damaged).unwrap();
        assert!(read().is_err());
        fs::write(&path, AMAZON_ROOTS).unwrap();
        assert_eq!(read().unwrap().len(), 5);
    }
}
