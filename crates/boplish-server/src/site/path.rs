//! Paths that a site may have.

use percent_encoding::percent_decode_str;

/// A path below the root of the site, without any way out of it.
///
/// Each part between the slashes is the name of a file or folder: never empty, never one that
/// begins with a dot (but for `.well-known`, RFC 8615), without characters that some system takes
/// for more than a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SitePath(String);

impl SitePath {
    /// The path that a request asks for, if there can be one.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let folder = path.strip_suffix('/').unwrap_or(path);
        if folder.is_empty() {
            return path.is_empty().then(|| Self(String::new()));
        }
        let mut parts = Vec::new();
        // Decoded after it is split, so that an encoded slash is no slash but a bad character.
        for part in folder.split('/') {
            let part = percent_decode_str(part).decode_utf8().ok()?;
            parts.push(is_name(&part).then(|| part.into_owned())?);
        }
        let mut parsed = parts.join("/");
        if path.ends_with('/') {
            parsed.push('/');
        }
        Some(Self(parsed))
    }

    /// Whether this is the root or ends with a slash.
    pub(super) fn is_folder(&self) -> bool {
        self.0.is_empty() || self.0.ends_with('/')
    }

    /// The path of a file in this folder.
    pub(super) fn join(&self, name: &str) -> Self {
        let slash = if self.is_folder() { "" } else { "/" };
        Self(format!("{}{slash}{name}", self.0))
    }

    /// The path, without a slash before it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot of the name.
    pub(super) fn extension(&self) -> &str {
        self.name()
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// Whether the name changes with the content: it lies in a folder `assets`, and has a hash
    /// before its extension, as bundlers write it: `assets/page-B2Vep3aX.js`.
    pub(super) fn is_hashed(&self) -> bool {
        let is_asset = self
            .0
            .split('/')
            .rev()
            .skip(1)
            .any(|folder| folder == "assets");
        let (stem, _) = self.name().rsplit_once('.').unwrap_or_default();
        is_asset && has_hash(stem)
    }

    fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// Characters of a hash that a bundler puts into names.
const HASH: usize = 8;

/// How often a hash changes between small and capital letters, digits and signs, at the least.
/// Words hardly ever do so; one hash in twelve does it less often, and is asked for in vain.
const HASH_CHANGES: usize = 3;

fn has_hash(stem: &str) -> bool {
    let Some((before, hash)) = stem
        .len()
        .checked_sub(HASH)
        .and_then(|at| stem.split_at_checked(at))
    else {
        return false;
    };
    let kinds: Option<Vec<u8>> = hash.bytes().map(kind).collect();
    before.ends_with(['-', '.'])
        && kinds.is_some_and(|kinds| {
            let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
            changes >= HASH_CHANGES
        })
}

/// The kind of a character that a hash in base64url may have.
fn kind(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        b'-' | b'_' => Some(3),
        _ => None,
    }
}

fn is_name(part: &str) -> bool {
    let is_hidden = part.starts_with('.') && part != ".well-known";
    let is_special = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    !part.is_empty() && !is_hidden && !part.contains(is_special)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_names_are_told_from_words() {
        for path in [
            "/assets/page-B2Vep3aX.js",
            "/assets/dom-SOPt49a-.js",
            "/assets/name-form-C_mvxtGh.js",
            "/app/assets/index.D9LilIeq.css",
            "/assets/sub/core-4f0a91bc.wasm",
        ] {
            assert!(SitePath::parse(path).unwrap().is_hashed(), "{path}");
        }
        for path in [
            "/page-B2Vep3aX.js",
            "/assets/page.js",
            "/assets/user-register.js",
            "/assets/user-Register.js",
            "/assets/my-someFile.js",
            "/assets/report-20240101.pdf",
            "/assets/B2Vep3aX.js",
            "/assets/page-B2Vep3a\u{e9}.js",
            "/assets/page-B2Vep3aX",
            "/assets-page-B2Vep3aX.js",
            "/",
        ] {
            let path = SitePath::parse(path).unwrap();
            assert!(!path.is_hashed(), "{path:?}");
        }
    }
}
