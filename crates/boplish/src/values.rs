//! Values of options that the libraries have no text form for.

use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use boplish_native::wire::PeerId;
use boplish_native::wire::bootstrap::{IceServer, NetworkParameters, RouterKind};
use boplish_native::{BootstrapUrl, Token};
use boplish_server::admission::{IpNet, Origin, OriginError};
use boplish_server::{MAX_WORK, ProofOfWork};
use clap::ValueEnum;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};

/// A STUN or TURN server: `stun:HOST[:PORT]` or
/// `turn:[USER:CREDENTIAL@]HOST[:PORT][?transport=udp]` (RFC 7064, RFC 7065, and the
/// credentials, percent-encoded where they need it).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IceUrl(IceServer);

impl IceUrl {
    pub(crate) fn server(&self) -> IceServer {
        self.0.clone()
    }
}

impl FromStr for IceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once(':')
            .filter(|(scheme, _)| matches!(*scheme, "stun" | "stuns" | "turn" | "turns"))
            .ok_or("an ICE server begins with stun:, turn: or turns:")?;
        let (credentials, address) = match rest.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, rest),
        };
        if address.is_empty() || address.starts_with(['/', '?', ':']) {
            return Err(format!("there is no host in it: write {scheme}:HOST:PORT"));
        }
        let (username, credential) = match credentials.map(|both| both.split_once(':')) {
            Some(Some((user, credential))) => (Some(decode(user)?), Some(decode(credential)?)),
            Some(None) => return Err("before the @ belongs USER:CREDENTIAL".to_owned()),
            None if scheme.starts_with("turn") => {
                return Err(format!(
                    "a TURN server needs credentials: write {scheme}:USER:CREDENTIAL@{address}"
                ));
            }
            None => (None, None),
        };
        Ok(Self(IceServer {
            urls: vec![format!("{scheme}:{address}")],
            username,
            credential,
        }))
    }
}

fn decode(text: &str) -> Result<String, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(String::from)
        .map_err(|_| "the credentials are not UTF-8".to_owned())
}

/// A time in seconds, fractions included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds: f64 = text
            .parse()
            .map_err(|_| "write a number of seconds".to_owned())?;
        Duration::try_from_secs_f64(seconds)
            .map(Self)
            .map_err(|_| "a time can be neither negative nor endless".to_owned())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(from)?;
        Duration::try_from_secs_f64(seconds)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for IceUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_text(from)
    }
}

/// How messages find their way through a network.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RouterName {
    /// A link between any two peers, as in the report.
    Mesh,
    /// A ring for networks of any size.
    Chord,
}

impl From<RouterName> for RouterKind {
    fn from(name: RouterName) -> Self {
        match name {
            RouterName::Mesh => Self::Mesh,
            RouterName::Chord => Self::Chord,
        }
    }
}

/// A number within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) struct Within<const LEAST: u16, const MOST: u16>(u16);

/// How many successors each peer of a ring knows.
pub(crate) type Successors = Within<1, { NetworkParameters::MAX_SUCCESSORS as u16 }>;

/// How many links a page should have: fewer make no ring.
pub(crate) type LinkBudget = Within<12, 1_000>;

impl<const LEAST: u16, const MOST: u16> Within<LEAST, MOST> {
    pub(crate) fn get(self) -> u16 {
        self.0
    }
}

impl<const LEAST: u16, const MOST: u16> TryFrom<u16> for Within<LEAST, MOST> {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        match (LEAST..=MOST).contains(&number) {
            true => Ok(Self(number)),
            false => Err(format!("write a number from {LEAST} to {MOST}")),
        }
    }
}

impl<const LEAST: u16, const MOST: u16> FromStr for Within<LEAST, MOST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What is no such number is as wrong as one that is out of bounds.
        text.parse::<u16>().unwrap_or(u16::MAX).try_into()
    }
}

/// An origin of pages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageOrigin(pub(crate) Origin);

impl FromStr for PageOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|error: OriginError| error.to_string())
    }
}

impl<'de> Deserialize<'de> for PageOrigin {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_text(from)
    }
}

/// A network of addresses, or one address.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Network(pub(crate) IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
        text.parse()
            .ok()
            .or_else(address)
            .map(Self)
            .ok_or_else(|| "write an address, or a network such as 10.0.0.0/8".to_owned())
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_text(from)
    }
}

/// Whether newcomers have to work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WorkName(pub(crate) ProofOfWork);

impl FromStr for WorkName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("off", _) => Ok(Self(ProofOfWork::Off)),
            ("auto", _) => Ok(Self(ProofOfWork::Auto)),
            (_, Ok(bits @ 1..=MAX_WORK)) => Ok(Self(ProofOfWork::Always(bits))),
            (_, Ok(_) | Err(_)) => Err(format!("write off, auto, or 1 to {MAX_WORK} bits")),
        }
    }
}

impl<'de> Deserialize<'de> for WorkName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_text(from)
    }
}

/// A bootstrap server in a configuration file.
pub(crate) fn bootstrap<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<BootstrapUrl>, D::Error> {
    parse_text(from).map(Some)
}

/// A token in a configuration file.
pub(crate) fn token<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Token>, D::Error> {
    parse_text(from).map(Some)
}

/// A value in a configuration file that is written as on the command line.
pub(crate) fn parsed<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    parse_text(from).map(Some)
}

/// Several of these.
pub(crate) fn parsed_all<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let values = texts.iter().map(|text| text.parse());
    let values: Result<_, _> = values.collect();
    values.map_err(serde::de::Error::custom)
}

/// The id of a peer in a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id(pub(crate) PeerId);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_text(from).map(Self)
    }
}

fn parse_text<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_server_takes_its_credentials_apart() {
        let url: IceUrl = "turn:ada:p%40ss@relay.example:3478?transport=udp"
            .parse()
            .unwrap();
        let server = url.server();
        assert_eq!(server.urls, ["turn:relay.example:3478?transport=udp"]);
        assert_eq!(server.username.as_deref(), Some("ada"));
        assert_eq!(server.credential.as_deref(), Some("p@ss"));
    }

    #[test]
    fn an_ice_server_that_cannot_work_is_refused_with_what_to_write() {
        let refused = |text: &str| text.parse::<IceUrl>().unwrap_err();
        assert!(refused("http://a").contains("stun:"));
        assert!(refused("turn:relay.example").contains("USER:CREDENTIAL@relay.example"));
        assert!(refused("stun://a").contains("stun:HOST:PORT"));
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!("8".parse::<Successors>().map(Within::get), Ok(8));
        for text in ["0", "17", "70000", "-1", "some"] {
            let refused = text.parse::<Successors>().unwrap_err();
            assert!(refused.contains("1 to 16"), "{refused}");
        }
    }

    #[test]
    fn proxies_are_networks_or_addresses() {
        for (text, expected) in [("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1/128")] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.0.to_string(), expected);
        }
        for text in ["proxy", "10.0.0.0/33", ""] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn work_is_off_auto_or_bits() {
        for (text, expected) in [
            ("off", ProofOfWork::Off),
            ("auto", ProofOfWork::Auto),
            ("18", ProofOfWork::Always(18)),
        ] {
            assert_eq!(text.parse(), Ok(WorkName(expected)));
        }
        for text in ["0", "25", "-1", "on"] {
            assert!(text.parse::<WorkName>().unwrap_err().contains("1 to 24"));
        }
    }

    #[test]
    fn seconds_have_fractions_but_no_sign() {
        assert_eq!("0.25".parse(), Ok(Seconds(Duration::from_millis(250))));
        assert!("-1".parse::<Seconds>().is_err());
        assert!("soon".parse::<Seconds>().is_err());
    }
}
