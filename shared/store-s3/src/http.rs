//! The HTTP client of the SDK: HTTP/1.1 over TLS by hyper and rustls. S3 supports no other version. The SDK's
//! own client includes HTTP/2 and proxies, which functions would load at every cold start.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter::successors;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector as Tcp, capture_connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::{Service, ServiceExt as _};

type BoxError = Box<dyn Error + Send + Sync>;

/// An HTTP/1.1 client for the SDK. Its clones share a pool of connections.
#[derive(Clone)]
pub struct Https(Client<Connect, SdkBody>);

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Https").finish_non_exhaustive()
    }
}

impl Https {
    /// Returns a client for plain HTTP, which trusts no server with TLS.
    pub fn plain(connect: Duration) -> Self {
        Self::new(RootCertStore::empty(), connect)
    }

    /// Returns a client that trusts servers by these roots. It gives up on connections that are not ready in
    /// time, TLS included. Endpoints may also be plain HTTP.
    pub(crate) fn new(roots: RootCertStore, connect: Duration) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the default versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connect = Connect { https: HttpsConnector::from((tcp, tls)), within: connect };
        Self(
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                // A connection's buffer would grow to about 400 KB, allocated again for each connection.
                .http1_max_buf_size(128 * 1024)
                .build(connect),
        )
    }
}

impl HttpClient for Https {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Exchange { client: self.0.clone(), first_byte: settings.read_timeout() })
    }
}

/// Sends a request and waits for the headers of the response. The body comes as it is read.
struct Exchange {
    client: Client<Connect, SdkBody>,
    first_byte: Option<Duration>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("first_byte", &self.first_byte).finish_non_exhaustive()
    }
}

impl HttpConnector for Exchange {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        // With it, the SDK does not use a connection for a retry if the service failed on it.
        let captured = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || connection(&captured));
        }
        let answered = self.client.request(request);
        let first_byte = self.first_byte;
        HttpConnectorFuture::new(async move {
            let answered = match first_byte {
                Some(limit) => {
                    timeout(limit, answered).await.map_err(|late| ConnectorError::timeout(late.into()))?
                }
                None => answered.await,
            };
            let response = answered.map_err(classify)?.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn connection(captured: &CaptureConnection) -> Option<ConnectionMetadata> {
    captured.connection_metadata().as_ref()?;
    let captured = captured.clone();
    let poison = move || {
        if let Some(connected) = captured.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// Classifies an error for retries. Lost connections and timeouts are retried. A server that is not trusted
/// is not.
fn classify(error: legacy::Error) -> ConnectorError {
    let any = |is: &dyn Fn(&(dyn Error + 'static)) -> bool| chain(&error).any(is);
    let hyper_says = |says: fn(&hyper::Error) -> bool| any(&|cause| cause.downcast_ref().is_some_and(says));
    if any(&|cause| cause.is::<rustls::Error>()) {
        ConnectorError::other(error.into(), None)
    } else if any(&|cause| cause.is::<Late>()) {
        ConnectorError::timeout(error.into())
    } else if hyper_says(hyper::Error::is_user) {
        ConnectorError::user(error.into())
    } else if error.is_connect()
        || any(&|cause| cause.is::<io::Error>())
        || hyper_says(|e| e.is_closed() || e.is_canceled() || e.is_incomplete_message())
    {
        ConnectorError::io(error.into())
    } else {
        ConnectorError::other(error.into(), None)
    }
}

/// Returns an error and its causes. The source of an I/O error is the cause of the error that it wraps, so
/// that error itself has to be added.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|wrapped| wrapped as _),
        None => error.source(),
    })
}

/// Connects within a time limit for name lookup, TCP and TLS together.
#[derive(Clone)]
struct Connect {
    https: HttpsConnector<Tcp>,
    within: Duration,
}

/// A connection was not ready in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {0:?}")]
struct Late(Duration);

impl Service<Uri> for Connect {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, within) = (self.https.clone().oneshot(uri), self.within);
        Box::pin(async move { timeout(within, connecting).await.map_err(|_| Late(within))? })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use aws_sdk_s3::config::retry::RetryConfig;
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_s3::error::SdkError;
    use rustls::ServerConfig;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\netag: \"x\"\r\n\r\nhi";
    const CONNECT: Duration = Duration::from_millis(300);

    /// How a server responds to a connection.
    #[derive(Clone, Copy)]
    enum Answers {
        /// With TLS, under a certificate for `localhost`, and an object.
        Tls,
        /// With plain text instead of TLS.
        InClear,
        /// Never.
        Nothing,
    }

    /// Starts a server that counts its connections. Returns its port, its certificate and the count.
    async fn serve(answers: Answers) -> (u16, CertificateDer<'static>, Arc<AtomicUsize>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let n_connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&n_connections);
        tokio::spawn(async move {
            let mut held = Vec::new();
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                match answers {
                    Answers::Tls => {
                        // A client that does not trust the certificate hangs up.
                        let Ok(mut socket) = tls.accept(socket).await else { continue };
                        let _ = socket.read(&mut request).await;
                        let _ = socket.write_all(ANSWER).await;
                        let _ = socket.shutdown().await;
                    }
                    Answers::InClear => {
                        let _ = socket.read(&mut request).await;
                        let _ = socket.write_all(ANSWER).await;
                    }
                    Answers::Nothing => held.push(socket),
                }
            }
        });
        (port, certificate, n_connections)
    }

    async fn get(port: u16, https: Https) -> Result<Vec<u8>, SdkError<impl Error>> {
        let retries =
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .endpoint_url(format!("https://localhost:{port}"))
            .force_path_style(true)
            .retry_config(retries)
            .http_client(https)
            .build();
        let client = aws_sdk_s3::Client::from_conf(config);
        let answered = client.get_object().bucket("b").key("k").send().await;
        match answered {
            Ok(answered) => Ok(answered.body.collect().await.unwrap().to_vec()),
            Err(error) => Err(error),
        }
    }

    fn trusting(certificate: CertificateDer<'static>) -> Https {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        Https::new(roots, CONNECT)
    }

    #[tokio::test]
    async fn a_server_under_a_trusted_root_is_accepted() {
        let (port, certificate, _) = serve(Answers::Tls).await;
        assert_eq!(get(port, trusting(certificate)).await.unwrap(), b"hi");
    }

    #[tokio::test]
    async fn a_server_that_is_not_trusted_is_not_retried() {
        for answers in [Answers::Tls, Answers::InClear] {
            let (port, _, n_connections) = serve(answers).await;
            let (_, of_another, _) = serve(answers).await;
            let error = get(port, trusting(of_another)).await.unwrap_err();
            let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
            assert!(failure.is_other(), "{failure:?}");
            assert_eq!(n_connections.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn a_silent_server_times_out_and_is_retried() {
        let (port, certificate, n_connections) = serve(Answers::Nothing).await;
        let began = Instant::now();
        let error = get(port, trusting(certificate)).await.unwrap_err();
        let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
        assert!(failure.is_timeout(), "{failure:?}");
        assert!(began.elapsed() >= 3 * CONNECT);
        assert_eq!(n_connections.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_refused_connection_is_a_network_failure() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let error = get(port, Https::plain(CONNECT)).await.unwrap_err();
        let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
        assert!(failure.is_io(), "{failure:?}");
    }
}
