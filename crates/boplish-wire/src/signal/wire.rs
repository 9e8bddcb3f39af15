//! The bytes of a signal: its kind, then a CBOR map of the facts that this kind has.

use std::borrow::Cow;

use core::net::IpAddr;

use base64ct::{Base64Unpadded, Encoding};
use minicbor::data::Type;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::facts::check_ufrag;
use super::{
    Candidate, CandidateAddress, CandidateKind, DeniedReason, Description, FactError, Fingerprint,
    SessionId, Setup, Signal, SignalError, Transport, check_candidate, check_description,
};
use crate::limits::MAX_CANDIDATES;

const OFFER: u8 = 0;
const ANSWER: u8 = 1;
const CANDIDATES: u8 = 2;
const RESTART_OFFER: u8 = 3;
const RESTART_ANSWER: u8 = 4;
const RESTART_REQUEST: u8 = 5;
const DENIED: u8 = 6;

pub(super) fn subtype(kind: u8) -> Option<&'static str> {
    Some(match kind {
        OFFER => "offer",
        ANSWER => "answer",
        CANDIDATES => "candidates",
        RESTART_OFFER => "restart-offer",
        RESTART_ANSWER => "restart-answer",
        RESTART_REQUEST => "restart-request",
        DENIED => "denied",
        _ => return None,
    })
}

pub(super) fn encode(signal: &Signal) -> Vec<u8> {
    let (kind, facts) = match signal {
        Signal::Offer { description } => (OFFER, Facts::of(description, Setup::ActPass)),
        Signal::Answer {
            of,
            offered,
            description,
        } => (
            ANSWER,
            Facts {
                of: Some(of.0),
                offered: Some(offered.0),
                ..Facts::of(description, Setup::Active)
            },
        ),
        Signal::Candidates {
            of,
            ufrag,
            candidates,
            done,
        } => (
            CANDIDATES,
            Facts {
                of: Some(of.0),
                ufrag: Some(IceText(ufrag.as_ref().into())),
                candidates: fields_of(candidates),
                done: *done,
                ..Facts::default()
            },
        ),
        Signal::RestartOffer { of, description } => (
            RESTART_OFFER,
            Facts {
                of: Some(of.0),
                ..Facts::of(description, Setup::ActPass)
            },
        ),
        Signal::RestartAnswer {
            of,
            offered_ufrag,
            description,
        } => (
            RESTART_ANSWER,
            Facts {
                of: Some(of.0),
                offered_ufrag: Some(IceText(offered_ufrag.as_ref().into())),
                ..Facts::of(description, Setup::Active)
            },
        ),
        Signal::RestartRequest { of } => (
            RESTART_REQUEST,
            Facts {
                of: Some(of.0),
                ..Facts::default()
            },
        ),
        Signal::Denied { of, reason } => (
            DENIED,
            Facts {
                of: Some(of.0),
                reason: Some(reason_number(*reason)),
                ..Facts::default()
            },
        ),
    };
    let mut bytes = vec![kind];
    minicbor::encode(facts, &mut bytes).expect("a Vec takes every byte");
    bytes
}

pub(super) fn decode(body: &[u8]) -> Result<Signal, SignalError> {
    let (&kind, map) = body
        .split_first()
        .ok_or(SignalError::NotASignal("it is empty"))?;
    let subtype = subtype(kind).ok_or(SignalError::UnknownKind(kind))?;
    let malformed = |reason| SignalError::Malformed { subtype, reason };
    let mut decoder = Decoder::new(map);
    let facts: Facts<'_> = decoder
        .decode()
        .map_err(|error: DecodeError| malformed(error.to_string()))?;
    if decoder.position() < map.len() {
        let trailing = map.len() - decoder.position();
        return Err(malformed(format!("{trailing} bytes stand behind it")));
    }
    facts.signal(kind).map_err(|error| match error {
        Fault::Missing(name) => malformed(format!("it has no {name}")),
        Fault::Setup(number) => malformed(format!("there is no DTLS role {number}")),
        Fault::Address(length) => {
            malformed(format!("an address has 4 or 16 bytes, this has {length}"))
        }
        Fault::Fact(fact) => SignalError::Invalid { subtype, fact },
    })
}

enum Fault {
    Missing(&'static str),
    Setup(u8),
    Address(usize),
    Fact(FactError),
}

impl From<FactError> for Fault {
    fn from(fact: FactError) -> Self {
        Self::Fact(fact)
    }
}

/// Every fact that a signal of some kind has. Readers skip keys that they do not know.
#[derive(Encode, Decode, Default)]
#[cbor(map)]
struct Facts<'a> {
    #[n(0)]
    of: Option<u64>,
    #[n(1)]
    session: Option<u64>,
    #[b(2)]
    ufrag: Option<IceText<'a>>,
    #[b(3)]
    pwd: Option<IceText<'a>>,
    #[cbor(n(4), with = "minicbor::bytes")]
    fingerprint: Option<[u8; 32]>,
    // Absent where it is the usual one: either in offers, active in answers.
    #[n(5)]
    setup: Option<u8>,
    #[cbor(b(6), skip_if = "Vec::is_empty")]
    candidates: Vec<CandidateFields<'a>>,
    #[cbor(n(7), with = "minicbor::bytes")]
    offered: Option<[u8; 32]>,
    #[b(8)]
    offered_ufrag: Option<IceText<'a>>,
    #[cbor(n(9), skip_if = "is_false")]
    done: bool,
    #[n(10)]
    reason: Option<u64>,
}

impl<'a> Facts<'a> {
    fn of(description: &'a Description, usual: Setup) -> Self {
        let setup = Some(description.setup).filter(|setup| *setup != usual);
        Self {
            session: Some(description.session.0),
            ufrag: Some(IceText(description.ufrag.as_ref().into())),
            pwd: Some(IceText(description.pwd.as_ref().into())),
            fingerprint: Some(description.fingerprint.0),
            setup: setup.map(setup_number),
            candidates: fields_of(&description.candidates),
            ..Self::default()
        }
    }

    fn signal(mut self, kind: u8) -> Result<Signal, Fault> {
        let of = self.of.map(SessionId).ok_or(Fault::Missing("session"));
        Ok(match kind {
            OFFER => Signal::Offer {
                description: self.description(Setup::ActPass)?,
            },
            ANSWER => Signal::Answer {
                of: of?,
                offered: Fingerprint(
                    self.offered
                        .ok_or(Fault::Missing("fingerprint of the offer"))?,
                ),
                description: self.description(Setup::Active)?,
            },
            CANDIDATES => Signal::Candidates {
                of: of?,
                ufrag: checked_ufrag(self.ufrag.take())?,
                candidates: self.candidates()?,
                done: self.done,
            },
            RESTART_OFFER => Signal::RestartOffer {
                of: of?,
                description: self.description(Setup::ActPass)?,
            },
            RESTART_ANSWER => Signal::RestartAnswer {
                of: of?,
                offered_ufrag: checked_ufrag(self.offered_ufrag.take())?,
                description: self.description(Setup::Active)?,
            },
            RESTART_REQUEST => Signal::RestartRequest { of: of? },
            // `decode` has refused every other kind.
            _ => Signal::Denied {
                of: of?,
                reason: reason(self.reason.ok_or(Fault::Missing("reason"))?),
            },
        })
    }

    fn description(self, usual: Setup) -> Result<Description, Fault> {
        let candidates = self.candidates()?;
        let description = Description {
            session: SessionId(self.session.ok_or(Fault::Missing("session"))?),
            ufrag: self.ufrag.ok_or(Fault::Missing("ufrag"))?.0.into(),
            pwd: self.pwd.ok_or(Fault::Missing("pwd"))?.0.into(),
            fingerprint: Fingerprint(self.fingerprint.ok_or(Fault::Missing("fingerprint"))?),
            setup: match self.setup {
                None => usual,
                Some(0) => Setup::ActPass,
                Some(1) => Setup::Active,
                Some(2) => Setup::Passive,
                Some(number) => return Err(Fault::Setup(number)),
            },
            candidates,
        };
        check_description(&description)?;
        Ok(description)
    }

    fn candidates(&self) -> Result<Vec<Candidate>, Fault> {
        self.candidates
            .iter()
            .take(MAX_CANDIDATES)
            .filter_map(|fields| fields.candidate().transpose())
            .collect()
    }
}

fn checked_ufrag(ufrag: Option<IceText<'_>>) -> Result<Box<str>, Fault> {
    let ufrag = ufrag.ok_or(Fault::Missing("ufrag"))?.0;
    check_ufrag(&ufrag)?;
    Ok(ufrag.into())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that minicbor wants"
)]
fn is_false(value: &bool) -> bool {
    !value
}

fn setup_number(setup: Setup) -> u8 {
    match setup {
        Setup::ActPass => 0,
        Setup::Active => 1,
        Setup::Passive => 2,
    }
}

fn reason_number(reason: DeniedReason) -> u64 {
    match reason {
        DeniedReason::Alone => 0,
        DeniedReason::Unverified => 1,
        DeniedReason::Replayed => 2,
        DeniedReason::Superseded => 3,
        DeniedReason::UnknownSession => 4,
        DeniedReason::Full => 5,
    }
}

fn reason(number: u64) -> DeniedReason {
    match number {
        0 => DeniedReason::Alone,
        1 => DeniedReason::Unverified,
        2 => DeniedReason::Replayed,
        3 => DeniedReason::Superseded,
        4 => DeniedReason::UnknownSession,
        _ => DeniedReason::Full,
    }
}

/// Text of `ice-char`s, which are the 64 characters of base64: packed into the bytes that such
/// base64 stands for, three for four characters.
struct IceText<'a>(Cow<'a, str>);

impl IceText<'_> {
    /// `None` where the length leaves one or three characters over, which have no bytes of their
    /// own; such text goes as it is. Two left over become two bytes with an `A` behind them, that
    /// is with zero bits.
    fn pack(&self) -> Option<Vec<u8>> {
        match self.0.len() % 4 {
            0 => Base64Unpadded::decode_vec(&self.0).ok(),
            2 => Base64Unpadded::decode_vec(&format!("{}A", self.0)).ok(),
            _ => None,
        }
    }

    fn unpack(bytes: &[u8]) -> Option<String> {
        let mut text = Base64Unpadded::encode_string(bytes);
        match bytes.len() % 3 {
            0 => Some(text),
            2 if text.pop() == Some('A') => Some(text),
            _ => None,
        }
    }
}

impl<C> Encode<C> for IceText<'_> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match self.pack() {
            Some(bytes) => encoder.bytes(&bytes)?,
            None => encoder.str(&self.0)?,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for IceText<'b> {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(Self(if decoder.datatype()? == Type::Bytes {
            let text = Self::unpack(decoder.bytes()?);
            text.ok_or(DecodeError::message("packed text ends within a character"))?
                .into()
        } else {
            decoder.str()?.into()
        }))
    }
}

/// A candidate as an array; readers skip what stands behind the elements that they know.
#[derive(Encode, Decode)]
struct CandidateFields<'a> {
    #[b(0)]
    foundation: &'a str,
    // Transport + 4 * kind, and 16 for a name that `LocalName` packs.
    #[n(1)]
    form: u8,
    #[n(2)]
    priority: u32,
    #[n(3)]
    port: u16,
    #[b(4)]
    address: Address<'a>,
}

/// What `form` adds up to at most; a higher one is a candidate of another time.
const MAX_FORM: u8 = 31;
const LOCAL_NAME: u8 = 16;

enum Address<'a> {
    Bytes(Cow<'a, [u8]>),
    Name(&'a str),
}

impl<C> Encode<C> for Address<'_> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::Bytes(bytes) => encoder.bytes(bytes)?,
            Self::Name(name) => encoder.str(name)?,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Address<'b> {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(if decoder.datatype()? == Type::Bytes {
            Self::Bytes(decoder.bytes()?.into())
        } else {
            Self::Name(decoder.str()?)
        })
    }
}

fn fields_of(candidates: &[Candidate]) -> Vec<CandidateFields<'_>> {
    candidates
        .iter()
        .take(MAX_CANDIDATES)
        .map(CandidateFields::of)
        .collect()
}

impl<'a> CandidateFields<'a> {
    fn of(candidate: &'a Candidate) -> Self {
        let transport = match candidate.transport {
            Transport::Udp => 0,
            Transport::TcpActive => 1,
            Transport::TcpPassive => 2,
            Transport::TcpSo => 3,
        };
        let kind = match candidate.kind {
            CandidateKind::Host => 0,
            CandidateKind::ServerReflexive => 4,
            CandidateKind::PeerReflexive => 8,
            CandidateKind::Relay => 12,
        };
        let (local, address) = match &candidate.address {
            CandidateAddress::Ip(IpAddr::V4(ip)) => {
                (0, Address::Bytes(ip.octets().to_vec().into()))
            }
            CandidateAddress::Ip(IpAddr::V6(ip)) => {
                (0, Address::Bytes(ip.octets().to_vec().into()))
            }
            CandidateAddress::Name(name) => match pack_local_name(name) {
                Some(uuid) => (LOCAL_NAME, Address::Bytes(uuid.to_vec().into())),
                None => (0, Address::Name(name)),
            },
        };
        Self {
            foundation: &candidate.foundation,
            form: transport + kind + local,
            priority: candidate.priority,
            port: candidate.port,
            address,
        }
    }

    /// `None` for a candidate of a form that is not known here, which ICE does without.
    fn candidate(&self) -> Result<Option<Candidate>, Fault> {
        if self.form > MAX_FORM {
            return Ok(None);
        }
        let address = match &self.address {
            Address::Name(name) => CandidateAddress::Name((*name).into()),
            Address::Bytes(bytes) => {
                let length = Fault::Address(bytes.len());
                match (
                    <[u8; 4]>::try_from(&**bytes),
                    <[u8; 16]>::try_from(&**bytes),
                ) {
                    (_, Ok(uuid)) if self.form >= LOCAL_NAME => {
                        CandidateAddress::Name(local_name(&uuid).into())
                    }
                    (Ok(octets), _) if self.form < LOCAL_NAME => {
                        CandidateAddress::Ip(IpAddr::from(octets))
                    }
                    (_, Ok(octets)) => CandidateAddress::Ip(IpAddr::from(octets)),
                    (Ok(_) | Err(_), Err(_)) => return Err(length),
                }
            }
        };
        let candidate = Candidate {
            foundation: self.foundation.into(),
            transport: match self.form % 4 {
                0 => Transport::Udp,
                1 => Transport::TcpActive,
                2 => Transport::TcpPassive,
                _ => Transport::TcpSo,
            },
            priority: self.priority,
            address,
            port: self.port,
            kind: match self.form / 4 % 4 {
                0 => CandidateKind::Host,
                1 => CandidateKind::ServerReflexive,
                2 => CandidateKind::PeerReflexive,
                _ => CandidateKind::Relay,
            },
        };
        check_candidate(&candidate)?;
        Ok(Some(candidate))
    }
}

/// The 16 bytes of a `<UUID>.local` name, with which browsers hide addresses
/// (draft-ietf-mmusic-mdns-ice-candidates, section 3.1.1), if the name is exactly one.
fn pack_local_name(name: &str) -> Option<[u8; 16]> {
    let digits: String = name.strip_suffix(".local")?.split('-').collect();
    let bytes = base16ct::lower::decode_vec(&digits).ok()?;
    let uuid = <[u8; 16]>::try_from(bytes).ok()?;
    (local_name(&uuid) == name).then_some(uuid)
}

fn local_name(uuid: &[u8; 16]) -> String {
    let hex = base16ct::lower::encode_string(uuid);
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}.local")
}
