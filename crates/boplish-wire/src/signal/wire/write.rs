//! A signal's facts, written.

use core::net::IpAddr;

use super::{
    ANSWER, CANDIDATES, DENIED, LOCAL_NAME, OFFER, RESTART_ANSWER, RESTART_OFFER, RESTART_REQUEST,
    pack_local_name, pack_text,
};
use crate::frame::cbor::Writer;
use crate::limits::MAX_CANDIDATES;
use crate::signal::{
    Candidate, CandidateAddress, CandidateKind, DeniedReason, Description, Setup, Signal, Transport,
};

pub(in crate::signal) fn encode(signal: &Signal) -> Vec<u8> {
    let (kind, of) = match signal {
        Signal::Offer { .. } => (OFFER, None),
        Signal::Answer { of, .. } => (ANSWER, Some(of)),
        Signal::Candidates { of, .. } => (CANDIDATES, Some(of)),
        Signal::RestartOffer { of, .. } => (RESTART_OFFER, Some(of)),
        Signal::RestartAnswer { of, .. } => (RESTART_ANSWER, Some(of)),
        Signal::RestartRequest { of } => (RESTART_REQUEST, Some(of)),
        Signal::Denied { of, .. } => (DENIED, Some(of)),
    };
    let mut facts = Writer::map_behind(vec![kind]);
    if let Some(of) = of {
        facts.field(0).uint(of.0);
    }
    match signal {
        Signal::Offer { description } | Signal::RestartOffer { description, .. } => {
            write_description(&mut facts, description, Setup::ActPass);
        }
        Signal::Answer {
            offered,
            description,
            ..
        } => {
            write_description(&mut facts, description, Setup::Active);
            facts.field(7).bytes(&offered.0);
        }
        Signal::Candidates {
            ufrag,
            candidates,
            done,
            ..
        } => {
            write_ice_text(facts.field(2), ufrag);
            write_candidates(&mut facts, candidates);
            facts.flag_field(9, *done);
        }
        Signal::RestartAnswer {
            offered_ufrag,
            description,
            ..
        } => {
            write_description(&mut facts, description, Setup::Active);
            write_ice_text(facts.field(8), offered_ufrag);
        }
        Signal::RestartRequest { .. } => {}
        Signal::Denied { reason, .. } => facts.field(10).uint(match reason {
            DeniedReason::Alone => 0,
            DeniedReason::Unverified => 1,
            DeniedReason::Replayed => 2,
            DeniedReason::Superseded => 3,
            DeniedReason::UnknownSession => 4,
            DeniedReason::Full => 5,
        }),
    }
    facts.into_bytes()
}

/// The `usual` role goes without saying.
#[inline(never)]
fn write_description(facts: &mut Writer, description: &Description, usual: Setup) {
    facts.field(1).uint(description.session.0);
    write_ice_text(facts.field(2), &description.ufrag);
    write_ice_text(facts.field(3), &description.pwd);
    facts.field(4).bytes(&description.fingerprint.0);
    if description.setup != usual {
        facts.field(5).uint(match description.setup {
            Setup::ActPass => 0,
            Setup::Active => 1,
            Setup::Passive => 2,
        });
    }
    write_candidates(facts, &description.candidates);
}

#[inline(never)]
fn write_ice_text(to: &mut Writer, text: &str) {
    match pack_text(text) {
        Some(bytes) => to.bytes(&bytes),
        None => to.text(text),
    }
}

#[inline(never)]
fn write_candidates(facts: &mut Writer, candidates: &[Candidate]) {
    let count = candidates.len().min(MAX_CANDIDATES);
    if count > 0 {
        facts.field(6).array(count);
        for candidate in &candidates[..count] {
            write_candidate(facts, candidate);
        }
    }
}

fn write_candidate(to: &mut Writer, candidate: &Candidate) {
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
    let uuid = match &candidate.address {
        CandidateAddress::Name(name) => pack_local_name(name),
        CandidateAddress::Ip(_) => None,
    };
    let local = uuid.map_or(0, |_| LOCAL_NAME);
    to.array(5);
    to.text(&candidate.foundation);
    to.uint((transport + kind + local).into());
    to.uint(candidate.priority.into());
    to.uint(candidate.port.into());
    match (&candidate.address, uuid) {
        (CandidateAddress::Ip(IpAddr::V4(ip)), _) => to.bytes(&ip.octets()),
        (CandidateAddress::Ip(IpAddr::V6(ip)), _) => to.bytes(&ip.octets()),
        (CandidateAddress::Name(_), Some(uuid)) => to.bytes(&uuid),
        (CandidateAddress::Name(name), None) => to.text(name),
    }
}
