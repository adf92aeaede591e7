use std::io::Write as _;
use std::net::IpAddr;

use anyhow::Context as _;
use api::{Caller, Current, Function, PersonalRoutes, Reload, Settings};
use axum::extract::Request;
use axum::http::HeaderName;
use axum::middleware;
use store::ReadStore;
use tokio::net::TcpListener;
use tower::util::MapRequestLayer;

use super::signing::KeysArg;
use super::stores::{StoreArg, open, runtime};
use crate::Context;
use crate::cors::{Origin, cors};
use crate::hosts::{Hosts, of_known_hosts};
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

    /// Who may use `/users/{id}`, `/recommendations/{user_id}` and `/predict`, which return data about a
    /// single user: nobody (`off`), only that user (`subject`), or everyone (`open`). Required if other
    /// machines can connect [default: open].
    #[arg(long, env = api::PERSONAL_ROUTES, value_name = "WHO", hide_env = true)]
    personal_routes: Option<PersonalRoutes>,

    /// Header with the id of the user making the request. A proxy in front of the server must verify the
    /// user, set this header, and remove it from incoming requests. Only with `--personal-routes subject`.
    #[arg(long, value_name = "HEADER")]
    subject_header: Option<HeaderName>,

    #[command(flatten)]
    keys: KeysArg,

    /// Host name to accept in requests, in addition to `localhost` and IP addresses; others are rejected. Can
    /// be given more than once. If other machines can connect and no name is given, every name is accepted.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// Disable the access log.
    #[arg(long)]
    no_log: bool,
}

impl ListenArgs {
    /// Returns who may use the personal routes: everyone by default if only this machine can connect.
    /// Otherwise, the option is required.
    pub(super) fn personal_routes(&self) -> anyhow::Result<PersonalRoutes> {
        let personal_routes = match self.personal_routes {
            Some(given) => given,
            None if self.host.is_loopback() => PersonalRoutes::Open,
            None => anyhow::bail!(
                "other machines can connect to {}, so --personal-routes is required: who may see a user's ratings and \
                 recommendations, nobody (off), only that user (subject), or everyone (open)",
                self.host
            ),
        };
        anyhow::ensure!(
            (personal_routes == PersonalRoutes::Subject) == self.subject_header.is_some(),
            "--personal-routes subject and --subject-header belong together: the header tells the server which user a \
             proxy has verified"
        );
        Ok(personal_routes)
    }
}

/// Sets the [`Caller`] of a request from a header.
fn identify(header: &HeaderName, mut request: Request) -> Request {
    let mut users = request.headers().get_all(header).iter();
    // The proxy sets the header once. If there is a second one, the client sent it.
    if let (Some(user), None) =
        (users.next().and_then(|user| str::from_utf8(user.as_bytes()).ok()), users.next())
    {
        let caller = Caller(user.to_owned());
        request.extensions_mut().insert(caller);
    }
    request
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    serve_store(&args.store.store, &args.listen, context)
}

pub(super) fn serve_store(uri: &str, listen: &ListenArgs, context: &Context) -> anyhow::Result<()> {
    let personal_routes = listen.personal_routes()?;
    let log = (!listen.no_log).then(crate::output::log_to_stderr);
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let store: Box<dyn ReadStore> = open(uri).await?;
        let release_keys = listen.keys.release_keys.clone();
        let settings = Settings { personal_routes, release_keys, ..Settings::default() };
        let current = Current::start(store.into(), Function::ALL, settings, listen.artifact_ttl).await?;
        let mut api = current.router();
        if let Some(header) = listen.subject_header.clone() {
            api = api.layer(MapRequestLayer::new(move |request| identify(&header, request)));
        }
        let mut router = api::site::router().fallback_service(api);
        if let Some(cors) = cors(&listen.cors) {
            router = router.layer(cors);
        }
        let (host, port) = (listen.host, listen.port);
        if let Some(hosts) = Hosts::new(host, &listen.allow_host) {
            router = router.layer(middleware::from_fn_with_state(hosts, of_known_hosts));
        }
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
