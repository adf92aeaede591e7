use std::io::Write as _;
use std::net::IpAddr;

use anyhow::Context as _;
use api::{Current, Function, Reload};
use store::ReadStore;
use tokio::net::TcpListener;

use super::Context;
use super::stores::{StoreArg, block_on, open};
use crate::Reporter;
use crate::serve::{serve, stop_signal};

/// Answer every route over HTTP on this machine, and show the pages.
///
/// The same handlers as in the Lambda functions, in one process, from the release that the store serves, and from the
/// next one when it is published; a browser finds the pages at the address itself.
/// Stops on Ctrl-C or SIGTERM after the requests under way.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    #[command(flatten)]
    listen: ListenArgs,
}

/// Where to listen.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ListenArgs {
    /// Port; 0 takes any that is free.
    #[arg(long, default_value_t = 8000, env = "CARTELERA_PORT")]
    port: u16,

    /// Address; 0.0.0.0 lets other machines in.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,

    /// Seconds that pass at least between two looks for another release.
    #[arg(long, default_value = "60", env = api::ARTIFACT_TTL, value_name = "SECONDS", value_parser = Reload::every)]
    artifact_ttl: Reload,

    /// Write no line a request.
    #[arg(long)]
    no_log: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    serve_store(&args.store.store, &args.listen, context)
}

pub(super) fn serve_store(uri: &str, listen: &ListenArgs, context: &Context) -> anyhow::Result<()> {
    let log = (!listen.no_log).then(super::output::log_to_stderr);
    let ended = block_on(async {
        let store: Box<dyn ReadStore> = open(uri).await?;
        let current = Current::start(store.into(), Function::ALL, listen.artifact_ttl).await?;
        let router = api::site::router().fallback_service(current.router());
        let (host, port) = (listen.host, listen.port);
        let listener = TcpListener::bind((host, port)).await.with_context(|| {
            format!("cannot listen on {host}, port {port}; is it taken? Try --port with another one")
        })?;
        let address = listener.local_addr()?;
        context.print(&format!("listening on http://{address}"));
        for route in api::ROUTES {
            context.note(&format!("  {:<4} {:<28} {}", route.method.as_str(), route.path, route.summary));
        }
        serve(router, listener, stop_signal()?).await?;
        Ok(())
    });
    if let Some(mut log) = log {
        // A closed stderr leaves nobody to tell.
        let _ = log.flush();
    }
    ended
}
