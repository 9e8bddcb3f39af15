//! Signals as people read them.

use core::net::SocketAddr;

use serde::Serialize;

use super::{Candidate, CandidateAddress, CandidateKind, Setup, Signal, Transport};

#[derive(Serialize, Default)]
struct Shown {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offered: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

pub(super) fn describe(signal: &Signal) -> String {
    let mut shown = Shown {
        r#type: signal.subtype(),
        ..Shown::default()
    };
    if !matches!(signal, Signal::Offer { .. }) {
        shown.of = Some(signal.session().to_string());
    }
    match signal {
        Signal::Offer { description }
        | Signal::Answer { description, .. }
        | Signal::RestartOffer { description, .. }
        | Signal::RestartAnswer { description, .. } => {
            shown.session = Some(description.session.to_string());
            shown.fingerprint = Some(description.fingerprint.to_string());
            shown.setup = Some(setup(description.setup));
            shown.candidates = Some(description.candidates.iter().map(candidate).collect());
        }
        Signal::Candidates {
            candidates, done, ..
        } => {
            shown.candidates = Some(candidates.iter().map(candidate).collect());
            shown.done = Some(*done);
        }
        Signal::Denied { reason, .. } => shown.reason = Some(reason.as_str()),
        Signal::RestartRequest { .. } => {}
    }
    if let Signal::Answer { offered, .. } = signal {
        shown.offered = Some(offered.to_string());
    }
    serde_json::to_string(&shown).expect("texts and lists of texts always have a JSON form")
}

fn setup(setup: Setup) -> &'static str {
    match setup {
        Setup::ActPass => "actpass",
        Setup::Active => "active",
        Setup::Passive => "passive",
    }
}

fn candidate(candidate: &Candidate) -> String {
    let kind = match candidate.kind {
        CandidateKind::Host => "host",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::Relay => "relay",
    };
    let transport = match candidate.transport {
        Transport::Udp => "udp",
        Transport::TcpActive => "tcp active",
        Transport::TcpPassive => "tcp passive",
        Transport::TcpSo => "tcp so",
    };
    let port = candidate.port;
    match &candidate.address {
        CandidateAddress::Ip(ip) => format!("{kind} {transport} {}", SocketAddr::new(*ip, port)),
        CandidateAddress::Name(name) => format!("{kind} {transport} {name}:{port}"),
    }
}
