//! Whom a relay may send to. A relay must not be a door into the network that the server stands in
//! (RFC 8656, section 21.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whom a relay may send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    allow_private: bool,
    /// This machine's addresses, and those at which it is reached.
    own: Vec<IpAddr>,
}

impl Policy {
    pub(super) fn new(allow_private: bool, own: Vec<IpAddr>) -> Self {
        Self { allow_private, own }
    }

    /// Whether a relay may send to an address, unless that is another relay's.
    pub(super) fn allows(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let is_one_host = match peer {
            IpAddr::V4(peer) => !(is_this_net(peer) || peer.is_multicast() || peer.is_broadcast()),
            IpAddr::V6(peer) => !(peer.is_unspecified() || peer.is_multicast()),
        };
        is_one_host && (self.allow_private || (is_global(peer) && !self.own.contains(&peer)))
    }
}

/// Whether an address is one of the public Internet (IANA's registries of special addresses).
fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_this_net(address: Ipv4Addr) -> bool {
    address.octets()[0] == 0
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && b & 0xc0 == 64;
    let is_protocol = (a, b, c) == (192, 0, 0);
    let is_benchmark = a == 198 && b & 0xfe == 18;
    let is_reserved = a >= 240;
    !(is_this_net(address)
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || is_shared
        || is_protocol
        || is_benchmark
        || is_reserved)
}

/// Global unicast is 2000::/3. Of that, addresses with an IPv4 address inside lead to it: Teredo
/// and 6to4. So do those of NAT64, 64:ff9b::/96, which are outside.
fn is_global_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    a & 0xe000 == 0x2000 && (a, b) != (0x2001, 0) && a != 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow_private: bool) -> Policy {
        Policy::new(
            allow_private,
            vec!["198.51.100.7".parse().expect("an address")],
        )
    }

    fn allows(allow_private: bool, peer: &str) -> bool {
        policy(allow_private).allows(peer.parse().expect("an address"))
    }

    const NEVER: [&str; 6] = [
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.251",
        "255.255.255.255",
        "::",
        "ff02::1",
    ];

    const PRIVATE: [&str; 22] = [
        "127.0.0.1",
        "127.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "240.0.0.1",
        "198.51.100.7",
        "::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "::ffff:198.51.100.7",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:0:a00:1::1",
    ];

    const GLOBAL: [&str; 6] = [
        "8.8.8.8",
        "198.51.100.8",
        "172.32.0.1",
        "100.128.0.1",
        "2001:4860::1",
        "::ffff:8.8.8.8",
    ];

    #[test]
    fn relays_reach_the_internet_and_nothing_else() {
        for peer in GLOBAL {
            assert!(allows(false, peer), "{peer}");
        }
        for peer in PRIVATE.iter().chain(&NEVER) {
            assert!(!allows(false, peer), "{peer}");
        }
    }

    #[test]
    fn private_addresses_can_be_allowed_but_many_hosts_at_once_never() {
        for peer in PRIVATE.iter().chain(&GLOBAL) {
            assert!(allows(true, peer), "{peer}");
        }
        for peer in NEVER {
            assert!(!allows(true, peer), "{peer}");
        }
    }
}
