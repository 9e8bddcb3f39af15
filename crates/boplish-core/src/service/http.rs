//! What is published, for those who speak HTTP: the heads of answers to requests for
//! `/bop/<uid>/<protocol>/<path>`, the same from a gateway and from a page's service worker.
//!
//! Like [`names`], over what a shell offers; the bytes are the shell's to send.

use core::fmt::Write;
use core::ops::Range;

use boplish_wire::content::{ContentId, Directory, Target};
use boplish_wire::{BopUri, PeerId, encode_segment};

use super::names::{self, NameError, Network, VERSION};

/// Publishers don't trust each other, but all have the origin of whoever answers: what one of them
/// publishes must not act in the name of that.
const ISOLATED: [(&str, &str); 2] = [
    (
        "content-security-policy",
        "sandbox allow-scripts allow-popups allow-forms",
    ),
    ("x-content-type-options", "nosniff"),
];

/// The parameter of a query that has a browser save a file instead of showing it.
const DOWNLOAD: &str = "download";

/// What is asked for, by GET or HEAD.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// What stands behind `/bop/`, percent-encoded.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The header `Range`.
    pub range: Option<&'a str>,
    /// The header `If-Range`.
    pub if_range: Option<&'a str>,
    /// The header `If-None-Match`.
    pub if_none_match: Option<&'a str>,
}

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code (RFC 9110, section 15).
    pub status: u16,
    /// The headers, with names in lower case and values that HTTP allows.
    pub headers: Vec<(&'static str, String)>,
    /// What follows.
    pub body: Body,
}

/// What follows the head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A text, empty perhaps.
    Text(String),
    /// Bytes of a content, which are to be fetched; not to a HEAD.
    Content {
        /// Which.
        id: ContentId,
        /// Who may have it.
        publisher: PeerId,
        /// Which bytes.
        range: Range<u64>,
    },
}

/// Finds out what to answer. Why there is nothing is an answer, too.
pub async fn answer<N: Network>(network: &N, asked: Asked<'_>) -> Answer {
    match found(network, asked).await {
        Ok(answer) => answer,
        Err(error) => refusal(status_of(&error), &error.to_string()),
    }
}

/// An answer that says why there is no other.
pub fn refusal(status: u16, why: &str) -> Answer {
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
    ];
    Answer {
        status,
        headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
        body: Body::Text(format!("{why}\n")),
    }
}

async fn found<N: Network>(network: &N, asked: Asked<'_>) -> Result<Answer, NameError> {
    let uri = match uri_of(asked) {
        Ok(uri) => uri,
        Err(why) => return Ok(refusal(400, &why)),
    };
    let resolved = names::resolve(network, &uri).await?;
    let publisher = resolved.publisher;
    let (id, media_type) = match resolved.target {
        Target::File { id, media_type } => (id, media_type),
        Target::Folder { .. } if !asked.path.ends_with('/') => return Ok(into_folder(asked)),
        Target::Folder { id, .. } => {
            let folder = names::folder(network, id, publisher).await?;
            match folder.get("index.html") {
                Some(Target::File { id, .. }) => (*id, "text/html".into()),
                Some(Target::Folder { .. }) | None => return Ok(list(&folder, asked)),
            }
        }
    };
    Ok(file(asked, &uri, publisher, id, &media_type))
}

/// The name that a path stands for.
fn uri_of(asked: Asked<'_>) -> Result<BopUri, String> {
    let parts = asked.path.split_once('/');
    let (uid, rest) = parts.ok_or("names look like /bop/<peer id>/content/<path>")?;
    let uri = format!("bop:{uid}:{rest}{}", query_of(asked));
    uri.parse().map_err(|error| format!("{uri}: {error}"))
}

/// The query with its question mark, if there is one.
fn query_of(asked: Asked<'_>) -> String {
    let query = asked.query.filter(|query| !query.is_empty());
    query.map(|query| format!("?{query}")).unwrap_or_default()
}

fn status_of(error: &NameError) -> u16 {
    match error {
        NameError::Nothing(_) | NameError::NotFound(_) | NameError::NotAFolder(_) => 404,
        NameError::OtherProtocol(_) | NameError::Version(_) => 400,
        NameError::Fetch(_) | NameError::Get(_) => 504,
        NameError::NoPath
        | NameError::Domain(..)
        | NameError::Malformed
        | NameError::Contended
        | NameError::Directory(_)
        | NameError::Record(_)
        | NameError::Put(_)
        | NameError::Storage(_) => 502,
    }
}

/// To the same with a slash behind it, so that links in a folder's pages lead into it.
fn into_folder(asked: Asked<'_>) -> Answer {
    let last = asked.path.rsplit('/').next().unwrap_or_default();
    Answer {
        // Names change: a file may take the folder's place.
        status: 307,
        headers: vec![
            // A name may look like the begin of a URL: `https:example.org`.
            ("location", format!("./{last}/{}", query_of(asked))),
            ("cache-control", "no-cache".to_owned()),
        ],
        body: Body::Text(String::new()),
    }
}

/// A page that lists what is in a folder.
fn list(folder: &Directory, asked: Asked<'_>) -> Answer {
    let (title, query) = (escaped(asked.path), escaped(&query_of(asked)));
    let mut page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><ul>"
    );
    for entry in folder.entries() {
        let slash = match &entry.target {
            Target::Folder { .. } => "/",
            Target::File { .. } => "",
        };
        let link = escaped(&encode_segment(&entry.name));
        let name = escaped(&entry.name);
        let total = entry.target.total();
        // Writing to a text does not fail.
        let _ = write!(
            page,
            "<li><a href=\"./{link}{slash}{query}\">{name}{slash}</a> {total} bytes"
        );
    }
    let mut headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
    headers.extend(ISOLATED.map(|(name, value)| (name, value.to_owned())));
    Answer {
        status: 200,
        headers,
        body: Body::Text(page),
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// A file, or a range of it.
fn file(
    asked: Asked<'_>,
    uri: &BopUri,
    publisher: PeerId,
    id: ContentId,
    media_type: &str,
) -> Answer {
    let tag = format!("\"{}\"", id.hash);
    let is_listed = |tags: &str| tags.split(',').any(|it| it.trim() == tag);
    let caching = match uri.parameter(VERSION).is_some() {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let mut headers = vec![
        ("accept-ranges", "bytes".to_owned()),
        ("cache-control", caching.to_owned()),
        ("content-type", content_type(media_type)),
    ];
    headers.extend(ISOLATED.map(|(name, value)| (name, value.to_owned())));
    if uri.parameter(DOWNLOAD).is_some() {
        // Browsers take the name from the path.
        headers.push(("content-disposition", "attachment".to_owned()));
    }
    let nothing = Body::Text(String::new());
    // Proxies that compress make tags weak; that does not matter here (RFC 9110, section 13.1.2).
    let is_known = |tags: &str| tags.trim() == "*" || is_listed(&tags.replace("W/", ""));
    let (status, body) = if asked.if_none_match.is_some_and(is_known) {
        (304, nothing)
    } else {
        let range = asked.range.filter(|_| asked.if_range.is_none_or(is_listed));
        match range.map_or(Part::All, |range| parse_range(range, id.length)) {
            Part::Nothing => {
                headers.push(("content-range", format!("bytes */{}", id.length)));
                (416, nothing)
            }
            Part::All => {
                headers.push(("content-length", id.length.to_string()));
                let range = 0..id.length;
                (200, content(id, publisher, range))
            }
            Part::Of(range) => {
                let (first, last) = (range.start, range.end - 1);
                headers.push((
                    "content-range",
                    format!("bytes {first}-{last}/{}", id.length),
                ));
                headers.push(("content-length", (range.end - range.start).to_string()));
                (206, content(id, publisher, range))
            }
        }
    };
    headers.push(("etag", tag));
    Answer {
        status,
        headers,
        body,
    }
}

fn content(id: ContentId, publisher: PeerId, range: Range<u64>) -> Body {
    Body::Content {
        id,
        publisher,
        range,
    }
}

/// A media type as HTTP writes it. Whoever has published may have written anything there.
pub fn content_type(media_type: &str) -> String {
    let is_token = |it: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
        !it.is_empty() && it.bytes().all(allowed)
    };
    let (kind, parameters) = match media_type.split_once(';') {
        Some((kind, parameters)) => (kind.trim_end(), Some(parameters)),
        None => (media_type, None),
    };
    let is_kind = kind
        .split_once('/')
        .is_some_and(|(major, minor)| is_token(major) && is_token(minor));
    let is_printed = media_type.bytes().all(|byte| matches!(byte, 0x20..0x7f));
    match (is_kind && is_printed, parameters) {
        (false, _) => "application/octet-stream".to_owned(),
        // What is published as text is in UTF-8, as good as always.
        (true, None) if kind.starts_with("text/") => format!("{kind}; charset=utf-8"),
        (true, _) => media_type.to_owned(),
    }
}

/// What a range asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// All: it is none that has to be understood.
    All,
    Of(Range<u64>),
    /// It lies behind the end.
    Nothing,
}

/// One range (RFC 9110, section 14.1.2).
fn parse_range(text: &str, length: u64) -> Part {
    let Some((first, last)) = text
        .strip_prefix("bytes=")
        .filter(|range| !range.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Part::All;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(count)) if first.is_empty() => length.saturating_sub(count)..length,
        (_, _) => return Part::All,
    };
    match range.start < range.end {
        true => Part::Of(range),
        false => Part::Nothing,
    }
}

#[cfg(test)]
mod tests;
