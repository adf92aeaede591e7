//! The SDK's way to the service: HTTP/1.1 over TLS by hyper and rustls. S3 speaks no other version; the SDK's own client
//! brings HTTP/2 and proxies with it, which functions would load at every cold start.

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

/// An HTTP client for the SDK: version 1.1 alone, with a pool of connections that its clones share.
#[derive(Clone)]
pub struct Https(Client<Connect, SdkBody>);

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Https").finish_non_exhaustive()
    }
}

impl Https {
    /// A client for services on plain HTTP, which believes no others.
    pub fn plain(connect: Duration) -> Self {
        Self::new(RootCertStore::empty(), connect)
    }

    /// A client that believes servers by these roots, and gives up a connection that is not there in time, TLS included.
    /// Endpoints may be plain HTTP too.
    pub(crate) fn new(roots: RootCertStore, connect: Duration) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has what the default versions of TLS need")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connect = Connect { https: HttpsConnector::from((tcp, tls)), within: connect };
        Self(
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                // A connection's would grow to some 400 KB: memory that is new to the process each time.
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

/// One request and its answer's head; the body comes as it is read.
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
        // By it the SDK leaves a connection on which the service failed to others than the next try.
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

/// What a failure means for the next try: lost connections and lateness pass, a server that is not believed stays so.
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

/// An error and what caused it. An I/O error names what caused the error it wraps and leaves out that error.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|wrapped| wrapped as _),
        None => error.source(),
    })
}

/// Connects within a time: name, TCP and TLS together.
#[derive(Clone)]
struct Connect {
    https: HttpsConnector<Tcp>,
    within: Duration,
}

/// A connection was not there in time.
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

    /// What a server does with a connection.
    #[derive(Clone, Copy)]
    enum Answers {
        /// TLS under a certificate for `localhost`, and an object.
        Tls,
        /// An answer in clear where TLS should begin.
        InClear,
        /// Nothing, ever.
        Nothing,
    }

    /// A server that counts its connections; its port, and its certificate.
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
                        // A client that does not believe the certificate hangs up.
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

    fn believing(certificate: CertificateDer<'static>) -> Https {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        Https::new(roots, CONNECT)
    }

    #[tokio::test]
    async fn a_server_under_a_trusted_root_is_spoken_to() {
        let (port, certificate, _) = serve(Answers::Tls).await;
        assert_eq!(get(port, believing(certificate)).await.unwrap(), b"hi");
    }

    #[tokio::test]
    async fn a_server_that_is_not_believed_is_not_asked_again() {
        for answers in [Answers::Tls, Answers::InClear] {
            let (port, _, n_connections) = serve(answers).await;
            let (_, of_another, _) = serve(answers).await;
            let error = get(port, believing(of_another)).await.unwrap_err();
            let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
            assert!(failure.is_other(), "{failure:?}");
            assert_eq!(n_connections.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up_in_time_and_tried_again() {
        let (port, certificate, n_connections) = serve(Answers::Nothing).await;
        let began = Instant::now();
        let error = get(port, believing(certificate)).await.unwrap_err();
        let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
        assert!(failure.is_timeout(), "{failure:?}");
        assert!(began.elapsed() >= 3 * CONNECT);
        assert_eq!(n_connections.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_closed_door_is_a_failure_of_the_network() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let error = get(port, Https::plain(CONNECT)).await.unwrap_err();
        let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
        assert!(failure.is_io(), "{failure:?}");
    }
}
