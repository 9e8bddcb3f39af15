//! STUN and TURN options of `boplish serve`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use boplish_server::{TurnLimits, TurnOptions, TurnSecret};
use serde::Deserialize;

use crate::serve::ServeOptions;

/// What the options say; the rest is the server's default.
pub(crate) fn options(options: &ServeOptions) -> TurnOptions {
    let default = TurnOptions::default();
    let limits = &default.limits;
    TurnOptions {
        stun: options.stun.clone(),
        turn: options.turn.clone(),
        public_addresses: options.turn_public_address.clone(),
        ports: options
            .turn_ports
            .as_ref()
            .map_or(default.ports, |ports| ports.0.clone()),
        urls: options.turn_url.iter().map(|url| url.0.clone()).collect(),
        secret: options
            .turn_secret
            .as_ref()
            .map(|secret| TurnSecret::new(secret.0.as_bytes())),
        lifetime: options.turn_lifetime.map_or(default.lifetime, |it| it.0),
        allow_private: options.turn_allow_private.unwrap_or(default.allow_private),
        limits: TurnLimits {
            allocations: options.turn_allocations.unwrap_or(limits.allocations),
            allocations_per_peer: options
                .turn_allocations_per_peer
                .unwrap_or(limits.allocations_per_peer),
            bytes_per_second: options
                .turn_bytes_per_second
                .unwrap_or(limits.bytes_per_second),
        },
    }
}

/// A range of ports: `FROM-TO`, both included.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PortRange(RangeInclusive<u16>);

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ports = text.split_once('-');
        let ports = ports.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        match ports {
            Some((from, to)) if 0 < from && from <= to => Ok(Self(from..=to)),
            Some(_) | None => Err("write two ports from 1 to 65535 as FROM-TO".to_owned()),
        }
    }
}

/// The URI of a TURN server, without credentials (RFC 7065).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct TurnUrl(String);

impl FromStr for TurnUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text
            .strip_prefix("turn:")
            .or_else(|| text.strip_prefix("turns:"))
            .ok_or("a TURN server begins with turn: or turns:")?;
        if address.contains('@') {
            return Err(
                "give no credentials in it: they are made with --turn-secret; a server \
                 with fixed ones belongs into --ice-server"
                    .to_owned(),
            );
        }
        if address.is_empty() || address.starts_with(['/', '?', ':']) {
            return Err("there is no host in it: write turn:HOST:PORT".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// A secret, which is not printed.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Secret(String);

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.is_empty() {
            true => Err("an empty secret is none".to_owned()),
            false => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How long credentials hold.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Lifetime(Duration);

impl TryFrom<u64> for Lifetime {
    type Error = String;

    fn try_from(seconds: u64) -> Result<Self, String> {
        match (60..=31_536_000).contains(&seconds) {
            true => Ok(Self(Duration::from_secs(seconds))),
            false => Err("write seconds, from a minute (60) to a year (31536000)".to_owned()),
        }
    }
}

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What is no number is as wrong as one that is out of bounds.
        text.parse::<u64>().unwrap_or(0).try_into()
    }
}

macro_rules! from_string {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    )*};
}

from_string!(PortRange, TurnUrl, Secret);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn served(flags: &str) -> TurnOptions {
        let words = ["boplish", "serve"].into_iter().chain(flags.split(' '));
        let Command::Serve(served) = Cli::try_parse_from(words).unwrap().command else {
            panic!("it is another command");
        };
        options(&served)
    }

    #[test]
    fn flags_set_stun_and_turn() {
        let set = served(
            "--stun 127.0.0.1:1 --turn 127.0.0.1:2 --turn-public-address 192.0.2.1 \
             --turn-ports 5000-5009 --turn-url turn:turn.example?transport=udp \
             --turn-secret north --turn-lifetime 3600 --turn-allow-private \
             --turn-allocations 10 --turn-allocations-per-peer 3 --turn-bytes-per-second 4000",
        );
        assert_eq!(set.stun, ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(set.turn, ["127.0.0.1:2".parse().unwrap()]);
        assert_eq!(set.public_addresses.len(), 1);
        assert_eq!(set.ports, 5_000..=5_009);
        assert_eq!(set.urls, ["turn:turn.example?transport=udp"]);
        assert_eq!(set.secret, Some(TurnSecret::new("north")));
        assert_eq!(set.lifetime.as_secs(), 3_600);
        assert!(set.allow_private);
        assert_eq!(set.limits.allocations.get(), 10);
        assert_eq!(set.limits.allocations_per_peer.get(), 3);
        assert_eq!(set.limits.bytes_per_second.get(), 4_000);
        assert_eq!(served("--turn-ports 1-1").limits, TurnLimits::default());
    }

    #[test]
    fn what_cannot_work_is_refused_with_what_to_write() {
        for text in ["", "1", "0-5", "6-5", "1-65536", "a-b"] {
            assert!(text.parse::<PortRange>().unwrap_err().contains("FROM-TO"));
        }
        for (text, advice) in [
            ("http://a", "turn:"),
            ("turn:", "turn:HOST:PORT"),
            ("turn:user:word@host", "--ice-server"),
        ] {
            assert!(text.parse::<TurnUrl>().unwrap_err().contains(advice));
        }
        for text in ["59", "31536001", "soon", "-1"] {
            assert!(text.parse::<Lifetime>().unwrap_err().contains("minute"));
        }
        assert!("".parse::<Secret>().is_err());
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret: Secret = "north".parse().unwrap();
        assert!(!format!("{secret:?}").contains("north"));
    }
}
