//! The numbers of a network, each with its name: metrics and the admin page tell the same ones.

use boplish_directory::Stats;

/// Whether a number is of now, or counts from the start on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Now,
    Total,
}

/// A number of a network.
#[derive(Debug)]
pub(super) struct Number {
    /// In lower case with `_`, as metrics are named.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) of: fn(&Stats) -> u64,
}

const fn now(name: &'static str, help: &'static str, of: fn(&Stats) -> u64) -> Number {
    let kind = Kind::Now;
    Number {
        name,
        help,
        kind,
        of,
    }
}

const fn total(name: &'static str, help: &'static str, of: fn(&Stats) -> u64) -> Number {
    let kind = Kind::Total;
    Number {
        name,
        help,
        kind,
        of,
    }
}

pub(super) const NUMBERS: [Number; 16] = [
    now("connected", "Clients that are admitted now", |s| {
        s.connected
    }),
    now(
        "unproven",
        "Clients that still have to prove their id now",
        |s| s.unproven,
    ),
    now(
        "entry_peers",
        "Peers that newcomers are introduced to now",
        |s| s.entry_peers,
    ),
    now(
        "other_servers",
        "Other servers that act as one with this now",
        |s| s.other_servers,
    ),
    total("admitted", "Clients that were admitted", |s| s.admitted),
    total(
        "refused",
        "Clients that were closed before they were admitted",
        |s| s.refused,
    ),
    total(
        "closed",
        "Clients that were closed after they were admitted",
        |s| s.closed,
    ),
    total(
        "joined",
        "Clients that said that they have joined the network",
        |s| s.joined,
    ),
    total(
        "released",
        "Clients that were let go when they had joined",
        |s| s.released,
    ),
    total("forwarded", "Messages that were forwarded", |s| s.forwarded),
    total(
        "forwarded_bytes",
        "Bytes of the messages that were forwarded",
        |s| s.forwarded_bytes,
    ),
    total(
        "sent_elsewhere",
        "Messages that were sent to another server",
        |s| s.sent_elsewhere,
    ),
    total(
        "returned",
        "Messages that came back from there, since nobody was there to get them",
        |s| s.returned,
    ),
    total(
        "letters_refused",
        "What came from the engine and is not what servers say to each other",
        |s| s.letters_refused,
    ),
    total(
        "denied",
        "Offers that were denied since nobody else was there",
        |s| s.denied,
    ),
    total("errors", "Messages that were answered with an error", |s| {
        s.errors
    }),
];

impl Number {
    /// The name as JSON has it: `entryPeers`.
    pub(super) fn json_name(&self) -> String {
        let mut name = String::new();
        for (index, part) in self.name.split('_').enumerate() {
            let (first, rest) = part.split_at(part.len().min(1));
            match index {
                0 => name.push_str(first),
                _ => name.push_str(&first.to_ascii_uppercase()),
            }
            name.push_str(rest);
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_json_has_them() {
        let names: Vec<_> = NUMBERS.iter().map(Number::json_name).collect();
        for name in ["connected", "entryPeers", "forwardedBytes"] {
            assert!(names.iter().any(|each| each == name), "{names:?}");
        }
    }
}
