//! The rules that the facts of signals keep, on whatever way they come in.

use super::{Candidate, CandidateAddress, Description};
use crate::limits::{MAX_HOST_NAME, MAX_ICE_CREDENTIAL};

/// Which rule a fact breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// The user name fragment.
    #[error("an ICE ufrag has 4 to {MAX_ICE_CREDENTIAL} ice-chars, this has {0} characters")]
    Ufrag(usize),
    /// The password.
    #[error("an ICE pwd has 22 to {MAX_ICE_CREDENTIAL} ice-chars, this has {0} characters")]
    Pwd(usize),
    /// The foundation of a candidate.
    #[error("a foundation has 1 to {MAX_FOUNDATION} ice-chars, this has {0} characters")]
    Foundation(usize),
    /// The priority of a candidate.
    #[error("a priority is 1 to {MAX_PRIORITY}, this is {0}")]
    Priority(u32),
    /// The host name of a candidate.
    #[error(
        "a candidate's host name has 1 to {MAX_HOST_NAME} letters, digits, dots, hyphens and \
         underscores, this has {0} characters"
    )]
    HostName(usize),
    /// The fingerprint.
    #[error("a fingerprint has 32 bytes, in hex with colons between them")]
    Fingerprint,
}

/// RFC 8839, section 5.1.
const MAX_FOUNDATION: usize = 32;

/// RFC 8445, section 5.1.2: 31 bits.
const MAX_PRIORITY: u32 = (1 << 31) - 1;

pub(crate) fn check_description(description: &Description) -> Result<(), FactError> {
    check_ufrag(&description.ufrag)?;
    check_pwd(&description.pwd)?;
    description.candidates.iter().try_for_each(check_candidate)
}

pub(crate) fn check_candidate(candidate: &Candidate) -> Result<(), FactError> {
    if !are_ice_chars(&candidate.foundation, 1, MAX_FOUNDATION) {
        return Err(FactError::Foundation(candidate.foundation.len()));
    }
    if !(1..=MAX_PRIORITY).contains(&candidate.priority) {
        return Err(FactError::Priority(candidate.priority));
    }
    match &candidate.address {
        CandidateAddress::Ip(_) => Ok(()),
        CandidateAddress::Name(name) => check_host_name(name),
    }
}

pub(crate) fn check_ufrag(ufrag: &str) -> Result<(), FactError> {
    match are_ice_chars(ufrag, 4, MAX_ICE_CREDENTIAL) {
        true => Ok(()),
        false => Err(FactError::Ufrag(ufrag.len())),
    }
}

fn check_pwd(pwd: &str) -> Result<(), FactError> {
    match are_ice_chars(pwd, 22, MAX_ICE_CREDENTIAL) {
        true => Ok(()),
        false => Err(FactError::Pwd(pwd.len())),
    }
}

/// `ice-char` is a letter, a digit, `+` or `/` (RFC 8839, section 5.1).
fn are_ice_chars(text: &str, least: usize, most: usize) -> bool {
    let is_ice_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    (least..=most).contains(&text.len()) && text.bytes().all(is_ice_char)
}

fn check_host_name(name: &str) -> Result<(), FactError> {
    let is_name_char = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    // What reads as an address must be one, or SDP would give another candidate back.
    let is_address = || name.parse::<core::net::IpAddr>().is_ok();
    match (1..=MAX_HOST_NAME).contains(&name.len())
        && name.bytes().all(is_name_char)
        && !is_address()
    {
        true => Ok(()),
        false => Err(FactError::HostName(name.len())),
    }
}
