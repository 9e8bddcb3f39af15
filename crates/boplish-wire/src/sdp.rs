//! SDP from facts and facts from SDP (RFC 8866, RFC 8839, RFC 8841), for descriptions with one
//! data channel association and nothing else.

use core::fmt::Write;
use core::net::IpAddr;

use crate::limits::MAX_CANDIDATES;
use crate::signal::{
    Candidate, CandidateAddress, CandidateKind, Description, FactError, Fingerprint, SessionId,
    Setup, Transport, check_candidate, check_description,
};

/// Which half of a negotiation a description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpType {
    /// `RTCSessionDescription.type` "offer".
    Offer,
    /// `RTCSessionDescription.type` "answer".
    Answer,
}

/// Why SDP can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// A line or attribute that a data channel needs is not there.
    #[error("the SDP has no `{0}`")]
    Missing(&'static str),
    /// A line or attribute is there, but can't be read.
    #[error("the SDP's `{name}` can't be read: {}", .text.escape_default())]
    Malformed {
        /// Which line or attribute.
        name: &'static str,
        /// Its first characters.
        text: String,
    },
    /// A fact breaks a rule.
    #[error(transparent)]
    Fact(#[from] FactError),
}

/// The version in the `o=` line of a session's first description (RFC 9429, section 5.2.1, lets
/// it begin anywhere; browsers begin at 2).
const FIRST_VERSION: u64 = 2;

/// Bytes of the largest SCTP message that this side takes (RFC 8841, section 6.1); what Chromium
/// says.
const MAX_MESSAGE_SIZE: u32 = 262_144;

/// The SDP of a session's first description.
pub fn to_sdp(description: &Description, sdp_type: SdpType) -> String {
    to_sdp_version(description, sdp_type, FIRST_VERSION)
}

/// The SDP of a later description: `version`, in the `o=` line, is 2 for the first, and grows by
/// one with each that follows, as with ICE restarts (RFC 3264, section 8).
pub fn to_sdp_version(description: &Description, sdp_type: SdpType, version: u64) -> String {
    let session = description.session;
    let mut sdp = format!(
        "v=0\r\n\
         o=- {session} {version} IN IP4 127.0.0.1\r\n\
         s=-\r\n\
         t=0 0\r\n\
         a=group:BUNDLE 0\r\n\
         a=msid-semantic: WMS\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
         c=IN IP4 0.0.0.0\r\n"
    );
    for candidate in &description.candidates {
        line(&mut sdp, &candidate_to_sdp(candidate, None));
    }
    line(&mut sdp, &format!("ice-ufrag:{}", description.ufrag));
    line(&mut sdp, &format!("ice-pwd:{}", description.pwd));
    line(&mut sdp, "ice-options:trickle");
    line(
        &mut sdp,
        &format!("fingerprint:sha-256 {}", description.fingerprint),
    );
    let setup = match (description.setup, sdp_type) {
        // An answer decides; active is what it should say (RFC 8842, section 5.3).
        (Setup::ActPass, SdpType::Answer) | (Setup::Active, _) => "active",
        (Setup::ActPass, SdpType::Offer) => "actpass",
        (Setup::Passive, _) => "passive",
    };
    line(&mut sdp, &format!("setup:{setup}"));
    line(&mut sdp, "mid:0");
    line(&mut sdp, "sctp-port:5000");
    line(&mut sdp, &format!("max-message-size:{MAX_MESSAGE_SIZE}"));
    sdp
}

fn line(sdp: &mut String, attribute: &str) {
    sdp.push_str("a=");
    sdp.push_str(attribute);
    sdp.push_str("\r\n");
}

/// The facts of a description's data channel.
///
/// Attributes of the session stand in for those that its media section lacks; other media
/// sections, candidates that can't be read, and those beyond [`MAX_CANDIDATES`] are left out.
pub fn from_sdp(sdp: &str) -> Result<Description, SdpError> {
    let mut session = None;
    let (mut of_session, mut of_channel) = (Attributes::default(), None);
    let mut section = Section::Session;
    for line in sdp.lines() {
        if let Some(origin) = line.strip_prefix("o=") {
            session = Some(session_id(origin)?);
        } else if let Some(media) = line.strip_prefix("m=") {
            section = if media.starts_with("application ") && of_channel.is_none() {
                of_channel = Some(Attributes::default());
                Section::Channel
            } else {
                Section::Other
            };
        } else if let Some(attribute) = line.strip_prefix("a=") {
            match (section, &mut of_channel) {
                (Section::Session, _) => of_session.read(attribute)?,
                (Section::Channel, Some(of_channel)) => of_channel.read(attribute)?,
                (Section::Channel, None) | (Section::Other, _) => {}
            }
        }
    }
    let of_channel = of_channel.ok_or(SdpError::Missing("m=application"))?;
    let ufrag = of_channel.ufrag.or(of_session.ufrag);
    let pwd = of_channel.pwd.or(of_session.pwd);
    let fingerprint = of_channel.fingerprint.or(of_session.fingerprint);
    let setup = of_channel.setup.or(of_session.setup);
    let description = Description {
        session: session.ok_or(SdpError::Missing("o="))?,
        ufrag: ufrag.ok_or(SdpError::Missing("a=ice-ufrag"))?.into(),
        pwd: pwd.ok_or(SdpError::Missing("a=ice-pwd"))?.into(),
        fingerprint: fingerprint.ok_or(SdpError::Missing("a=fingerprint:sha-256"))?,
        setup: setup.ok_or(SdpError::Missing("a=setup"))?,
        candidates: of_channel.candidates,
    };
    check_description(&description)?;
    Ok(description)
}

#[derive(Clone, Copy)]
enum Section {
    Session,
    Channel,
    Other,
}

#[derive(Default)]
struct Attributes<'a> {
    ufrag: Option<&'a str>,
    pwd: Option<&'a str>,
    fingerprint: Option<Fingerprint>,
    setup: Option<Setup>,
    candidates: Vec<Candidate>,
}

impl<'a> Attributes<'a> {
    fn read(&mut self, attribute: &'a str) -> Result<(), SdpError> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "ice-ufrag" => self.ufrag = Some(value),
            "ice-pwd" => self.pwd = Some(value),
            "fingerprint" => {
                // Other hashes may stand beside SHA-256 (RFC 8122, section 5.1).
                if let Some((hash, digits)) = value.split_once(' ')
                    && hash.eq_ignore_ascii_case("sha-256")
                {
                    self.fingerprint = Some(digits.parse()?);
                }
            }
            "setup" => {
                self.setup = Some(match value {
                    "actpass" => Setup::ActPass,
                    "active" => Setup::Active,
                    "passive" => Setup::Passive,
                    other => return Err(malformed("a=setup", other)),
                });
            }
            "candidate" if self.candidates.len() < MAX_CANDIDATES => {
                // One that can't be read does not spoil the others (RFC 8839, section 5.1).
                self.candidates
                    .extend(candidate_from_sdp(attribute).ok().flatten());
            }
            _ => {}
        }
        Ok(())
    }
}

fn session_id(origin: &str) -> Result<SessionId, SdpError> {
    let id = origin.split(' ').nth(1).and_then(crate::json::decimal);
    id.map(SessionId).ok_or_else(|| malformed("o=", origin))
}

#[inline(never)]
fn malformed(name: &'static str, text: &str) -> SdpError {
    let text = text.chars().take(80).collect();
    SdpError::Malformed { name, text }
}

/// The candidate as `RTCIceCandidate.candidate` has it: `candidate:…`, with the ufrag of its ICE
/// generation where one is given.
///
/// Addresses that a candidate was derived from are nobody else's business: they are written as
/// zeros, as browsers do.
pub fn candidate_to_sdp(candidate: &Candidate, ufrag: Option<&str>) -> String {
    let (transport, tcp_type) = match candidate.transport {
        Transport::Udp => ("udp", None),
        Transport::TcpActive => ("tcp", Some("active")),
        Transport::TcpPassive => ("tcp", Some("passive")),
        Transport::TcpSo => ("tcp", Some("so")),
    };
    let kind = match candidate.kind {
        CandidateKind::Host => "host",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::Relay => "relay",
    };
    let (address, related) = match &candidate.address {
        CandidateAddress::Ip(ip @ IpAddr::V4(_)) => (ip.to_string(), "0.0.0.0"),
        CandidateAddress::Ip(ip @ IpAddr::V6(_)) => (ip.to_string(), "::"),
        CandidateAddress::Name(name) => (name.to_string(), "0.0.0.0"),
    };
    let Candidate {
        foundation,
        priority,
        port,
        ..
    } = candidate;
    let mut text =
        format!("candidate:{foundation} 1 {transport} {priority} {address} {port} typ {kind}");
    let written = (|| {
        if candidate.kind != CandidateKind::Host {
            write!(text, " raddr {related} rport 9")?;
        }
        if let Some(tcp_type) = tcp_type {
            write!(text, " tcptype {tcp_type}")?;
        }
        if let Some(ufrag) = ufrag {
            write!(text, " ufrag {ufrag}")?;
        }
        Ok::<_, core::fmt::Error>(())
    })();
    written.expect("a String takes every character");
    text
}

/// The candidate that `RTCIceCandidate.candidate`, or an `a=candidate` line's value, describes.
///
/// `None` is an empty text, with which browsers say that there will be no more.
pub fn candidate_from_sdp(text: &str) -> Result<Option<Candidate>, SdpError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let candidate = read_candidate(text).ok_or_else(|| malformed("a=candidate", text))?;
    check_candidate(&candidate)?;
    Ok(Some(candidate))
}

fn read_candidate(text: &str) -> Option<Candidate> {
    let text = text.strip_prefix("a=").unwrap_or(text);
    let value = text.strip_prefix("candidate:")?;
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    // A data channel has no RTCP, so no second component.
    let [
        foundation,
        "1",
        protocol,
        priority,
        address,
        port,
        "typ",
        kind,
        ref extensions @ ..,
    ] = words[..]
    else {
        return None;
    };
    let kind = match kind {
        "host" => CandidateKind::Host,
        "srflx" => CandidateKind::ServerReflexive,
        "prflx" => CandidateKind::PeerReflexive,
        "relay" => CandidateKind::Relay,
        _ => return None,
    };
    let mut tcp_type = None;
    for extension in extensions.chunks_exact(2) {
        if extension[0] == "tcptype" {
            tcp_type = Some(extension[1]);
        }
    }
    let transport = if protocol.eq_ignore_ascii_case("udp") {
        Transport::Udp
    } else if protocol.eq_ignore_ascii_case("tcp") {
        match tcp_type {
            Some("active") => Transport::TcpActive,
            Some("passive") => Transport::TcpPassive,
            Some("so") => Transport::TcpSo,
            Some(_) | None => return None,
        }
    } else {
        return None;
    };
    Some(Candidate {
        foundation: foundation.into(),
        transport,
        priority: priority.parse().ok()?,
        address: address.parse().map_or_else(
            |_| CandidateAddress::Name(address.into()),
            CandidateAddress::Ip,
        ),
        port: port.parse().ok()?,
        kind,
    })
}
