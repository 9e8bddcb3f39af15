//! Signals as people read them.

use core::net::SocketAddr;

use crate::object::ObjectWriter;

use super::{Candidate, CandidateAddress, CandidateKind, Setup, Signal, Transport};

pub(super) fn describe(signal: &Signal) -> String {
    let mut shown = ObjectWriter::of_type(signal.subtype());
    if !matches!(signal, Signal::Offer { .. }) {
        shown.string("of", &signal.session().to_string());
    }
    match signal {
        Signal::Offer { description }
        | Signal::Answer { description, .. }
        | Signal::RestartOffer { description, .. }
        | Signal::RestartAnswer { description, .. } => {
            shown.string("session", &description.session.to_string());
            shown.string("fingerprint", &description.fingerprint.to_string());
            shown.string("setup", setup(description.setup));
            shown.strings("candidates", &texts(&description.candidates));
        }
        Signal::Candidates {
            candidates, done, ..
        } => {
            shown.strings("candidates", &texts(candidates));
            shown.raw("done", if *done { "true" } else { "false" });
        }
        Signal::Denied { reason, .. } => {
            shown.string("reason", reason.as_str());
        }
        Signal::RestartRequest { .. } => {}
    }
    if let Signal::Answer { offered, .. } = signal {
        shown.string("offered", &offered.to_string());
    }
    shown.finish()
}

fn texts(candidates: &[Candidate]) -> Vec<String> {
    candidates.iter().map(candidate).collect()
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
