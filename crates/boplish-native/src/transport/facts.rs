//! Between the facts that cross the network and the SDP and candidates that str0m takes.

use boplish_wire::sdp::{SdpType, candidate_from_sdp, candidate_to_sdp, from_sdp, to_sdp};
use boplish_wire::{Candidate, CandidateAddress, Description, SessionId, Transport};

use super::TransportError;

/// The `mid` that the wire's SDP has. str0m picks one of its own for its offers, and wants it back
/// in the answer.
pub(super) const MID: &str = "0";

/// The other side's description as SDP with the `mid` of str0m. Candidates are left out: they are
/// added one by one, so that one that str0m can't read does no harm.
pub(super) fn remote_sdp(description: &Description, sdp_type: SdpType, mid: &str) -> String {
    let bare = Description {
        candidates: Vec::new(),
        ..description.clone()
    };
    to_sdp(&bare, sdp_type)
        .replace("a=group:BUNDLE 0\r", &format!("a=group:BUNDLE {mid}\r"))
        .replace("a=mid:0\r", &format!("a=mid:{mid}\r"))
}

/// The facts of a description of str0m's own.
pub(super) fn local_description(
    sdp: &str,
    session: SessionId,
) -> Result<Description, TransportError> {
    let facts = from_sdp(sdp).map_err(|error| TransportError::Description(error.to_string()))?;
    Ok(Description { session, ..facts })
}

/// The value of the first `a=mid:` line.
pub(super) fn mid(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=mid:"))
}

/// A candidate of the other side for str0m, which wants UDP and an address.
pub(super) fn remote_candidate(candidate: &Candidate) -> Option<str0m::Candidate> {
    match (candidate.transport, &candidate.address) {
        (Transport::Udp, CandidateAddress::Ip(_)) => {
            str0m::Candidate::from_sdp_string(&candidate_to_sdp(candidate, None)).ok()
        }
        (Transport::Udp, CandidateAddress::Name(_))
        | (Transport::TcpActive | Transport::TcpPassive | Transport::TcpSo, _) => None,
    }
}

/// What the other side is told of an own candidate.
pub(super) fn local_candidate(candidate: &str0m::Candidate) -> Option<Candidate> {
    candidate_from_sdp(&candidate.to_sdp_string()).ok()?
}
