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
        let name = self.0.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

fn is_name(part: &str) -> bool {
    let is_hidden = part.starts_with('.') && part != ".well-known";
    let is_special = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    !part.is_empty() && !is_hidden && !part.contains(is_special)
}
