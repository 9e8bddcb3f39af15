//! The addresses of this machine under which others may reach it.

use std::io;
use std::net::IpAddr;

/// Addresses used; a machine with more has them for other purposes.
const MAX_ADDRESSES: usize = 8;

/// Those of all interfaces, without link-local ones; loopback only if there is nothing else,
/// since Firefox does not connect to a peer that offers only that.
pub(super) fn usable() -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(if_addrs::Interface::is_oper_up)
        .map(|interface| interface.ip())
        .filter(|ip| !is_link_local(ip))
        .collect();
    if addresses.iter().any(|ip| !ip.is_loopback()) {
        addresses.retain(|ip| !ip.is_loopback());
    }
    // IPv4 first: str0m and browsers prefer earlier candidates of a kind.
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    Ok(addresses)
}

fn is_link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}
