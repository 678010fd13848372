//! `health`: a probe for containers and service managers that needs no other program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use claviger_client::probe;

use crate::cli::Health;
use crate::config;
use crate::escape;
use crate::failure::Failure;
use crate::output::print_text;

/// Asks the server for its health. If the server is not well, fails with the reason.
pub(crate) async fn health(health: Health) -> Result<(), Failure> {
    let admin = match &health.config {
        Some(path) => reachable(config::read(path)?.admin).to_string(),
        None => health.admin,
    };
    let path = if health.live { "/healthz" } else { "/readyz" };
    let answer = probe(&admin, path).await.map_err(|error| Failure::Unhealthy(error.to_string()))?;
    let text = escape::lines(answer.text.trim_end());
    if answer.status == 200 {
        return print_text(&format!("{text}\n"));
    }
    Err(Failure::Unhealthy(format!("not ready (HTTP {}): {text}", answer.status)))
}

/// For a wildcard address, asks on the loopback interface.
fn reachable(admin: SocketAddr) -> SocketAddr {
    let ip = match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, admin.port())
}
