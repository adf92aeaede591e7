use std::io;
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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::RwLock;

use crate::checked::{Checked, Quirks};
use crate::{ACCESS_KEY, SECRET_KEY};

/// Serves the folders below `root` as buckets, until the runtime ends. Returns the server's address.
///
/// The underlying server checks a condition and writes the object in two steps. S3 does both at once, so here
/// a write waits until no other request is under way.
///
/// # Errors
/// `root` is not a folder, or no port is free.
pub async fn serve(root: &Path) -> io::Result<SocketAddr> {
    serve_with(root, Quirks::default()).await
}

/// Serves the folders below `root` like [`serve`], as a service that does not do all that S3 does.
///
/// # Errors
/// The same as [`serve`].
pub async fn serve_with(root: &Path, quirks: Quirks) -> io::Result<SocketAddr> {
    let mut builder = S3ServiceBuilder::new(Checked::new(root, quirks)?);
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service: S3Service = builder.build();
    let turns = Arc::new(RwLock::new(()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, service.clone(), Arc::clone(&turns)));
        }
    });
    Ok(address)
}

/// Answers the requests of one connection.
async fn answer(socket: TcpStream, service: S3Service, turns: Arc<RwLock<()>>) {
    // Without it, small responses would wait 40 ms for each other.
    let _ = socket.set_nodelay(true);
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
    // A client that hangs up is not a failure of the server.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answer).await;
}
