//! The hosts that requests to the local server may name.
//!
//! A page of any origin can call a server on this machine if the name of its own host is made to resolve to
//! the machine (DNS rebinding). The browser then takes the server for that origin, and the page reads its
//! answers. Such requests name that host.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The hosts that requests may name.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(Arc<[String]>);

impl Hosts {
    /// Takes the names that requests may have besides `localhost` and addresses. Returns `None` if requests
    /// may name any host: without names, a server that other machines reach cannot know its own.
    pub(crate) fn new(bound_to: IpAddr, names: &[String]) -> Option<Self> {
        (bound_to.is_loopback() || !names.is_empty()).then(|| Self(names.into()))
    }

    fn has(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let host = authority.host().trim_end_matches('.');
        let address = host.trim_start_matches('[').trim_end_matches(']');
        address.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || host.to_ascii_lowercase().ends_with(".localhost")
            || self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// Refuses requests that name another host. A request without a host comes from no browser.
pub(crate) async fn of_known_hosts(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let named = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let mut named = named.chain(request.uri().authority().map(Authority::as_str));
    if named.all(|host| hosts.has(host)) {
        return next.run(request).await;
    }
    let refused = "This server answers to localhost and to addresses. Start it with --allow-host NAME if it has \
                   another name.\n";
    (StatusCode::MISDIRECTED_REQUEST, refused).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn a_local_server_knows_its_names() {
        let names = ["films.example".to_owned()];
        for at in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
            let hosts = Hosts::new(at, &names).unwrap();
            for host in [
                "localhost",
                "LOCALHOST:8000",
                "localhost.",
                "app.localhost:80",
                "127.0.0.1:8000",
                "[::1]:8000",
                "192.168.1.2",
                "Films.example:1",
            ] {
                assert!(hosts.has(host), "{host}");
            }
            for host in [
                "",
                "evil.example",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "films.example.evil",
                "a b",
                "evil.example#@localhost",
                "notlocalhost",
            ] {
                assert!(!hosts.has(host), "{host}");
            }
        }
    }

    #[test]
    fn a_server_for_other_machines_has_a_list_if_it_is_given_one() {
        let all = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        assert!(Hosts::new(all, &[]).is_none());
        let hosts = Hosts::new(all, &["films.example".to_owned()]).unwrap();
        assert!(hosts.has("films.example") && !hosts.has("evil.example"));
    }
}
