use std::io::Write as _;
use std::net::IpAddr;

use anyhow::Context as _;
use api::{Current, Function, Reload};
use store::ReadStore;
use tokio::net::TcpListener;

use super::stores::{StoreArg, open, runtime};
use crate::Context;
use crate::cors::{Origin, cors};
use crate::local::{Patience, serve, stop_signals};
use progress::Reporter;

/// Serve every route and the pages over HTTP on this machine.
///
/// Runs the same handlers as the Lambda functions in one process, with the release that the store serves, and
/// switches to the next release when it is published. The pages are at the address itself. On Ctrl-C or
/// SIGTERM, finishes the requests in progress and stops, within 5 seconds whatever clients do; on the second
/// one, stops at once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    #[command(flatten)]
    listen: ListenArgs,
}

/// Address and port of the server.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ListenArgs {
    /// Port; 0 picks a free one.
    #[arg(long, default_value_t = 8000, env = "CARTELERA_PORT")]
    port: u16,

    /// Address; 0.0.0.0 accepts connections from other machines.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,

    /// Minimum number of seconds between two checks for a new release.
    #[arg(long, default_value = "60", env = api::ARTIFACT_TTL, value_name = "SECONDS", value_parser = Reload::every)]
    artifact_ttl: Reload,

    /// Let pages of this origin, such as `http://localhost:5173`, call the server from a browser (CORS); `*`
    /// for all. May be given more than once.
    #[arg(long, value_name = "ORIGIN", value_parser = Origin::parse)]
    cors: Vec<Origin>,

    /// Disable the access log.
    #[arg(long)]
    no_log: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    serve_store(&args.store.store, &args.listen, context)
}

pub(super) fn serve_store(uri: &str, listen: &ListenArgs, context: &Context) -> anyhow::Result<()> {
    let log = (!listen.no_log).then(crate::output::log_to_stderr);
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let store: Box<dyn ReadStore> = open(uri).await?;
        let current = Current::start(store.into(), Function::ALL, listen.artifact_ttl).await?;
        let mut router = api::site::router().fallback_service(current.router());
        if let Some(cors) = cors(&listen.cors) {
            router = router.layer(cors);
        }
        let (host, port) = (listen.host, listen.port);
        let listener = TcpListener::bind((host, port)).await.with_context(|| {
            format!(
                "cannot listen on {host}, port {port}; if the port is in use, choose another one with --port"
            )
        })?;
        let address = listener.local_addr()?;
        context.print(&format!("listening on http://{address}"));
        for route in api::ROUTES {
            context.note(&format!("  {:<4} {:<28} {}", route.method.as_str(), route.path, route.summary));
        }
        serve(router, listener, stop_signals()?, Patience::default()).await;
        Ok(())
    });
    // Requests that were not finished, and a release that is being loaded, are left as they are.
    runtime.shutdown_background();
    if let Some(mut log) = log {
        // If stderr is closed, there is nowhere left to report to.
        let _ = log.flush();
    }
    ended
}
