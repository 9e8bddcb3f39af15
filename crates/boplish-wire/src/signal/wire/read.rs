//! A signal's facts, read.

use core::net::IpAddr;
use std::borrow::Cow;

use super::{
    ANSWER, CANDIDATES, LOCAL_NAME, MAX_FORM, OFFER, RESTART_ANSWER, RESTART_OFFER,
    RESTART_REQUEST, local_name, subtype, unpack_text,
};
use crate::frame::cbor::{Reader, Wrong};
use crate::limits::MAX_CANDIDATES;
use crate::signal::facts::check_ufrag;
use crate::signal::{
    Candidate, CandidateAddress, CandidateKind, DeniedReason, Description, FactError, Fingerprint,
    SessionId, Setup, Signal, SignalError, Transport, check_candidate, check_description,
};

pub(in crate::signal) fn decode(body: &[u8]) -> Result<Signal, SignalError> {
    let (&kind, map) = body
        .split_first()
        .ok_or(SignalError::NotASignal("it is empty"))?;
    let subtype = subtype(kind).ok_or(SignalError::UnknownKind(kind))?;
    let malformed = |reason| SignalError::Malformed { subtype, reason };
    let mut reader = Reader::new(map);
    let facts = Facts::read(&mut reader).map_err(|wrong| malformed(wrong.to_string()))?;
    match reader.left() {
        0 => {}
        trailing => return Err(malformed(format!("{trailing} bytes stand behind it"))),
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
#[derive(Default)]
struct Facts<'a> {
    of: Option<u64>,
    session: Option<u64>,
    ufrag: Option<Cow<'a, str>>,
    pwd: Option<Cow<'a, str>>,
    fingerprint: Option<[u8; 32]>,
    // Absent where it is the usual one: either in offers, active in answers.
    setup: Option<u8>,
    candidates: Vec<CandidateFields<'a>>,
    offered: Option<[u8; 32]>,
    offered_ufrag: Option<Cow<'a, str>>,
    done: bool,
    reason: Option<u64>,
}

impl<'a> Facts<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Wrong> {
        let mut facts = Self::default();
        reader.map(&mut |key, reader| {
            match key {
                0 => facts.of = reader.optional(Reader::uint)?,
                1 => facts.session = reader.optional(Reader::uint)?,
                2 => facts.ufrag = reader.optional(ice_text)?,
                3 => facts.pwd = reader.optional(ice_text)?,
                4 => facts.fingerprint = reader.optional(Reader::exactly)?,
                5 => facts.setup = reader.optional(Reader::small)?,
                6 => facts.candidates = candidates(reader)?,
                7 => facts.offered = reader.optional(Reader::exactly)?,
                8 => facts.offered_ufrag = reader.optional(ice_text)?,
                9 => facts.done = reader.flag()?,
                10 => facts.reason = reader.optional(Reader::uint)?,
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        Ok(facts)
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
            ufrag: self.ufrag.ok_or(Fault::Missing("ufrag"))?.into(),
            pwd: self.pwd.ok_or(Fault::Missing("pwd"))?.into(),
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

fn checked_ufrag(ufrag: Option<Cow<'_, str>>) -> Result<Box<str>, Fault> {
    let ufrag = ufrag.ok_or(Fault::Missing("ufrag"))?;
    check_ufrag(&ufrag)?;
    Ok(ufrag.into())
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

#[inline(never)]
fn ice_text<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, str>, Wrong> {
    Ok(if reader.is_bytes()? {
        let text = unpack_text(reader.bytes()?);
        text.ok_or_else(|| reader.wrong())?.into()
    } else {
        reader.text()?.into()
    })
}

/// The elements of a candidate's array; readers skip what stands behind those that they know.
struct CandidateFields<'a> {
    foundation: &'a str,
    form: u8,
    priority: u32,
    port: u16,
    address: Address<'a>,
}

enum Address<'a> {
    Bytes(&'a [u8]),
    Name(&'a str),
}

fn candidates<'a>(reader: &mut Reader<'a>) -> Result<Vec<CandidateFields<'a>>, Wrong> {
    let mut candidates = Vec::new();
    reader.array(&mut |_, reader| {
        candidates.push(CandidateFields::read(reader)?);
        Ok(())
    })?;
    Ok(candidates)
}

impl<'a> CandidateFields<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Wrong> {
        let (mut foundation, mut form, mut priority) = (None, None, None);
        let (mut port, mut address) = (None, None);
        reader.array(&mut |index, reader| {
            match index {
                0 => foundation = Some(reader.text()?),
                1 => form = Some(reader.small()?),
                2 => priority = Some(reader.small()?),
                3 => port = Some(reader.small()?),
                4 if reader.is_bytes()? => address = Some(Address::Bytes(reader.bytes()?)),
                4 => address = Some(Address::Name(reader.text()?)),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        Ok(Self {
            foundation: foundation.ok_or(Wrong::Missing(0))?,
            form: form.ok_or(Wrong::Missing(1))?,
            priority: priority.ok_or(Wrong::Missing(2))?,
            port: port.ok_or(Wrong::Missing(3))?,
            address: address.ok_or(Wrong::Missing(4))?,
        })
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
                match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
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
