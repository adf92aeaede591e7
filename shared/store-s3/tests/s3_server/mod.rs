//! A real S3 server over HTTP on this machine, whose buckets are folders. Its key is `key`, its secret `secret`.

mod checked;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::sync::RwLock;

use checked::Checked;

/// Serves the folders below `root` as buckets until the runtime ends.
///
/// The server looks at a condition and writes the object in two steps. S3 does both as one, so writes
/// wait here until nothing else is under way.
pub(crate) async fn serve(root: &Path) -> SocketAddr {
    let mut builder = S3ServiceBuilder::new(Checked::new(root));
    builder.set_auth(SimpleAuth::from_single("key", "secret"));
    let service: S3Service = builder.build();
    let turns = Arc::new(RwLock::new(()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("some port is free");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("the socket stays open");
            // Small answers would wait 40 ms for each other.
            socket.set_nodelay(true).expect("TCP has that option");
            let (service, turns) = (service.clone(), Arc::clone(&turns));
            let answer = service_fn(move |request: Request<Incoming>| {
                let (service, turns) = (service.clone(), Arc::clone(&turns));
                async move {
                    if matches!(*request.method(), Method::GET | Method::HEAD) {
                        let _turn = turns.read().await;
                        Service::call(&service, request).await
                    } else {
                        let _turn = turns.write().await;
                        Service::call(&service, request).await
                    }
                }
            });
            tokio::spawn(async move {
                // A client that hangs up is no failure of the server.
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(socket), answer)
                    .await;
            });
        }
    });
    address
}
