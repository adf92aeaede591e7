//! Checks the host name in requests to the local server.
//! With DNS rebinding, a web site makes its own host name resolve to this machine. The browser then treats
//! the server as part of that site, and the site's pages can read its answers. Such requests carry the site's
//! host name, so they can be recognized.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The host names that requests may use.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(Arc<[String]>);

impl Hosts {
    /// Creates the check from the names allowed in addition to `localhost` and IP addresses. Returns `None`
    /// if every name is allowed: a server that other machines can reach does not know its own names.
    pub(crate) fn new(bound_to: IpAddr, names: &[String]) -> Option<Self> {
        (bound_to.is_loopback() || !names.is_empty()).then(|| Self(names.into()))
    }

    fn has(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        // Reject userinfo before the host, and anything but a port after it.
        let is_port =
            |rest: &str| rest.strip_prefix(':').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let behind = host.strip_prefix(authority.host());
        if !behind.is_some_and(|rest| rest.is_empty() || is_port(rest)) {
            return false;
        }
        let host = authority.host().trim_end_matches('.');
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        address.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || host.to_ascii_lowercase().ends_with(".localhost")
            || self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// Rejects requests for other hosts. A request without a host is allowed, because browsers always send one.
pub(crate) async fn of_known_hosts(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let named = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let mut named = named.chain(request.uri().authority().map(Authority::as_str));
    if named.all(|host| hosts.has(host)) {
        return next.run(request).await;
    }
    let refused =
        "This server accepts requests for localhost and IP addresses. To allow another name, start it with \
                   --allow-host NAME.
";
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
                "evil.example@localhost",
                "localhost@evil.example",
                "localhost@localhost",
                "user:password@127.0.0.1:80",
                "@localhost",
                "[::1]evil.example",
                "[::1].evil.example:80",
                "[::1]]",
                "[[::1]]",
                "[::1",
                "[evil.example]",
                "localhost:80:80",
                "localhost:evil.example",
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
