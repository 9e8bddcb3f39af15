//! Names of what users publish, as the original system writes them:
//! `bop:<uid>:<protocol>/<path>?<query>`.
//!
//! The uid is a peer id, or a name at a domain that vouches for it. Path and query are
//! percent-encoded as in RFC 3986, section 2.1.

use core::fmt;
use core::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::id::PeerId;
use crate::limits::{MAX_PROTOCOL_NAME, MAX_URI};

/// A parsed URI. It is written in its normal form: ids and domains in lower case, only what must
/// be encoded encoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BopUri {
    uid: Uid,
    protocol: Box<str>,
    /// Decoded.
    segments: Vec<Box<str>>,
    /// Whether the path ends with a slash: it means a folder.
    is_folder: bool,
    /// As it stands, without the question mark.
    query: Option<Box<str>>,
}

/// Whose name it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Uid {
    /// A peer's.
    Peer(PeerId),
    /// Somebody's whom a domain vouches for.
    Named {
        /// Who, in lower case.
        name: Box<str>,
        /// The domain, in lower case.
        domain: Box<str>,
    },
}

/// Why a text is no such URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// It is too long.
    #[error("the URI is longer than {MAX_URI} bytes")]
    TooLong,
    /// It begins with something else.
    #[error("the URI does not begin with bop:")]
    Scheme,
    /// The uid is neither a peer id nor `name@domain`.
    #[error("the uid '{0}' is neither a peer id of 40 hex digits nor name@domain")]
    Uid(String),
    /// There is no protocol behind the uid.
    #[error("behind the uid, :<protocol>/<path> is missing")]
    NoProtocol,
    /// The protocol has characters that it must not have, or too many.
    #[error("the protocol '{0}' is not 1 to {MAX_PROTOCOL_NAME} letters, digits, '-', '.' or '_'")]
    Protocol(String),
    /// A part of the path can't be decoded, or must not be there.
    #[error("the path has '{0}', which is no name of a file or folder")]
    Segment(String),
    /// The query has characters that must be encoded.
    #[error("the query has the character '{0}'; write it percent-encoded")]
    Query(char),
}

impl BopUri {
    /// What a peer has published under a path with this protocol. The segments are not encoded.
    ///
    /// # Errors
    ///
    /// [`UriError::Protocol`], [`UriError::Segment`].
    pub fn new(uid: Uid, protocol: &str, segments: &[&str]) -> Result<Self, UriError> {
        check_protocol(protocol)?;
        for segment in segments {
            check_segment(segment)?;
        }
        Ok(Self {
            uid,
            protocol: protocol.into(),
            segments: segments.iter().map(|it| (*it).into()).collect(),
            is_folder: false,
            query: None,
        })
    }

    /// Whose it is.
    pub fn uid(&self) -> &Uid {
        &self.uid
    }

    /// Which protocol serves it, such as `content`.
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// The parts of the path, decoded.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &str> {
        self.segments.iter().map(AsRef::as_ref)
    }

    /// Whether the path ends with a slash, and so means a folder.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// The query as it stands, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The decoded value of a parameter of the query; empty if it has none.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.as_deref()?.split('&');
        let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let (_, value) = pairs.find(|(key, _)| decode(key).as_deref() == Some(name))?;
        decode(value)
    }

    /// The same with this query, which is to be encoded already, or without one.
    ///
    /// # Errors
    ///
    /// [`UriError::Query`].
    pub fn with_query(mut self, query: Option<&str>) -> Result<Self, UriError> {
        self.query = query.map(check_query).transpose()?;
        Ok(self)
    }
}

impl FromStr for BopUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if text.len() > MAX_URI {
            return Err(UriError::TooLong);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("bop") {
            return Err(UriError::Scheme);
        }
        // A fragment is for whoever shows the content.
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (uid, rest) = rest.split_once(':').ok_or(UriError::NoProtocol)?;
        let uid = uid.parse()?;
        let (protocol, path) = rest.split_once('/').unwrap_or((rest, ""));
        check_protocol(protocol)?;
        let is_folder = path.ends_with('/') || (path.is_empty() && rest.ends_with('/'));
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments = Vec::new();
        if !path.is_empty() {
            for part in path.split('/') {
                let wrong = || UriError::Segment(part.to_owned());
                let segment = decode(part).ok_or_else(wrong)?;
                check_segment(&segment)?;
                segments.push(segment.into());
            }
        }
        Ok(Self {
            uid,
            protocol: protocol.into(),
            segments,
            is_folder,
            query: query.map(check_query).transpose()?,
        })
    }
}

impl fmt::Display for BopUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bop:{}:{}", self.uid, self.protocol)?;
        for segment in &self.segments {
            write!(f, "/{}", encode_segment(segment))?;
        }
        if self.is_folder {
            f.write_str("/")?;
        }
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Uid {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let wrong = || UriError::Uid(text.to_owned());
        match text.split_once('@') {
            None => text.parse().map(Self::Peer).or(Err(wrong())),
            Some((name, domain)) => {
                let (name, domain) = (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
                match is_name(&name) && is_domain(&domain) {
                    true => Ok(Self::Named {
                        name: name.into(),
                        domain: domain.into(),
                    }),
                    false => Err(wrong()),
                }
            }
        }
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(id) => write!(f, "{id}"),
            Self::Named { name, domain } => write!(f, "{name}@{domain}"),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(is_good)
}

/// Host names (RFC 1123, section 2.1).
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(is_good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 253 && domain.split('.').all(is_label)
}

fn check_protocol(protocol: &str) -> Result<(), UriError> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    match (1..=MAX_PROTOCOL_NAME).contains(&protocol.len()) && protocol.chars().all(is_good) {
        true => Ok(()),
        false => Err(UriError::Protocol(protocol.to_owned())),
    }
}

fn check_segment(segment: &str) -> Result<(), UriError> {
    let is_bad = matches!(segment, "" | "." | "..") || segment.contains(['/', '\\', '\0']);
    match is_bad {
        true => Err(UriError::Segment(segment.to_owned())),
        false => Ok(()),
    }
}

fn check_query(query: &str) -> Result<Box<str>, UriError> {
    // RFC 3986, section 3.4.
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(c);
    match query.chars().find(|c| !is_good(*c)) {
        Some(wrong) => Err(UriError::Query(wrong)),
        None => Ok(query.into()),
    }
}

/// A part of a path, percent-encoded.
pub fn encode_segment(segment: &str) -> String {
    utf8_percent_encode(segment, IN_SEGMENT).to_string()
}

/// What must be encoded in a segment (RFC 3986, section 3.3): all but the rest of the ASCII
/// characters.
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

/// Undoes percent-encoding; `None` if a percent sign has no two digits, or that gives no text.
fn decode(text: &str) -> Option<String> {
    let is_code = |part: &str| {
        let digits = part.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_code) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
