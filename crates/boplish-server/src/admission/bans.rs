//! The list of those who may not connect.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use boplish_directory::ClientId;
use ipnet::IpNet;

/// Bytes of the longest list.
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Bad lines that are named; there may be more.
const MAX_NAMED: usize = 20;

/// Addresses, networks and ids that may not connect.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Bans {
    networks: BTreeSet<IpNet>,
    /// The lengths of their prefixes: so many look-ups find any address.
    lengths: BTreeSet<(bool, u8)>,
    ids: BTreeSet<ClientId>,
}

/// Why a list is not used.
#[derive(Debug, thiserror::Error)]
pub enum BanError {
    /// The file can't be read.
    #[error("cannot read the ban list {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is too long.
    #[error("the ban list {} has more than {} MiB", path.display(), MAX_BYTES >> 20)]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// Lines that mean nothing.
    #[error("the ban list {} has lines that mean nothing: {}", path.display(), listed(lines))]
    BadLines {
        /// The file.
        path: PathBuf,
        /// The first 20 of them.
        lines: Vec<BadLine>,
    },
}

/// A line that is no address, no network and no id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    pub number: usize,
    /// The line, cut after 60 characters.
    pub text: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {:?}", self.number, self.text)
    }
}

fn listed(lines: &[BadLine]) -> String {
    let lines: Vec<_> = lines.iter().map(BadLine::to_string).collect();
    lines.join("; ")
}

impl Bans {
    /// Reads a list: an address, a network such as `192.0.2.0/24`, or a peer's id in each line. What
    /// follows a `#` is a comment.
    ///
    /// # Errors
    ///
    /// The lines that mean nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<BadLine>> {
        let mut bans = Self::default();
        let mut bad = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if !entry.is_empty() && bans.add(entry).is_none() && bad.len() < MAX_NAMED {
                bad.push(BadLine {
                    number: index + 1,
                    text: entry.chars().take(60).collect(),
                });
            }
        }
        if bad.is_empty() { Ok(bans) } else { Err(bad) }
    }

    fn add(&mut self, entry: &str) -> Option<()> {
        if let Some(network) = network(entry) {
            self.lengths
                .insert((network.addr().is_ipv6(), network.prefix_len()));
            self.networks.insert(network);
            return Some(());
        }
        // A host name or a slip of the pen must not pass for the id of one of the report's clients.
        let id = ClientId::new(&entry.to_ascii_lowercase()).ok()?;
        id.as_peer_id()?;
        self.ids.insert(id);
        Some(())
    }

    /// Whether somebody may not connect.
    pub(crate) fn has(&self, address: IpAddr, id: &ClientId) -> bool {
        self.has_address(address.to_canonical()) || self.has_id(id)
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let lengths = self.lengths.iter();
        lengths
            .filter(|(is_ipv6, _)| *is_ipv6 == address.is_ipv6())
            .filter_map(|(_, length)| IpNet::new(address, *length).ok())
            .any(|network| self.networks.contains(&network.trunc()))
    }

    fn has_id(&self, id: &ClientId) -> bool {
        // The path of a WebSocket may have it in upper case.
        let lower = ClientId::new(&id.as_str().to_ascii_lowercase());
        lower.is_ok_and(|id| self.ids.contains(&id))
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.networks.len() + self.ids.len()
    }
}

/// A network, or one address, in one spelling.
fn network(entry: &str) -> Option<IpNet> {
    if let Ok(address) = entry.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    entry.parse::<IpNet>().ok().map(|network| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "
        # Who has been a nuisance.
        192.0.2.7
        198.51.100.0/24   # all of them
        2001:db8:1::/48
        ::ffff:203.0.113.9
        AB48142a86bd1dc7c2be81df1c5ca6d0a98c328f
    ";

    fn has(bans: &Bans, address: &str, id: &str) -> bool {
        bans.has(address.parse().unwrap(), &ClientId::new(id).unwrap())
    }

    #[test]
    fn addresses_networks_and_ids_are_found_and_no_others() {
        let bans = Bans::parse(LIST).unwrap();
        assert_eq!(bans.len(), 5);
        for banned in [
            "192.0.2.7",
            "::ffff:192.0.2.7",
            "198.51.100.255",
            "2001:db8:1:ffff::1",
            "203.0.113.9",
        ] {
            assert!(has(&bans, banned, "x"), "{banned}");
        }
        for free in ["192.0.2.8", "198.51.101.0", "2001:db8:2::1", "::1"] {
            assert!(!has(&bans, free, "x"), "{free}");
        }
        let id = "ab48142a86bd1dc7c2be81df1c5ca6d0a98c328f";
        assert!(has(&bans, "::1", id));
        assert!(has(&bans, "::1", &id.to_uppercase()));
        assert!(!has(&bans, "::1", &id.replace('a', "b")));
    }

    #[test]
    fn lines_that_mean_nothing_are_named() {
        let bad = Bans::parse("192.0.2.7\n\nalice\n10.0.0.0/33 # oh\n300.1.1.1").unwrap_err();
        let named: Vec<_> = bad.iter().map(BadLine::to_string).collect();
        assert_eq!(
            named,
            [
                "line 3, \"alice\"",
                "line 4, \"10.0.0.0/33\"",
                "line 5, \"300.1.1.1\""
            ]
        );
    }

    #[test]
    fn an_empty_list_bans_nobody() {
        let bans = Bans::parse("# nobody\n\n").unwrap();
        assert!(!has(&bans, "192.0.2.7", "x"));
    }

    #[test]
    fn a_whole_internet_can_be_banned() {
        let bans = Bans::parse("0.0.0.0/0").unwrap();
        assert!(has(&bans, "192.0.2.7", "x"));
        assert!(!has(&bans, "::1", "x"));
    }
}
