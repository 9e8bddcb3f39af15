//! The token that whoever looks at the server's numbers must have.

use std::fmt;

use axum::http::{HeaderMap, header};

/// Characters of a token, at least: as many as can't be guessed.
const MIN_LENGTH: usize = 16;

/// Characters of a token, at most.
const MAX_LENGTH: usize = 1_024;

/// The secret that opens the metrics and the admin page. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(blake3::Hash);

/// Why a text is no admin token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdminTokenError {
    /// It can be guessed, or would not fit a header.
    #[error("an admin token has {MIN_LENGTH} to {MAX_LENGTH} characters, and this one has {0}")]
    Length(usize),
    /// It can't be sent in a header.
    #[error("an admin token has letters, digits and punctuation of ASCII only, and no spaces")]
    Character,
}

impl AdminToken {
    /// Takes a token; spaces and line ends around it don't count.
    ///
    /// # Errors
    ///
    /// When it has fewer than 16 or more than 1,024 characters, or others than visible ones of
    /// ASCII.
    pub fn new(text: &str) -> Result<Self, AdminTokenError> {
        let text = text.trim();
        let length = text.chars().count();
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
            return Err(AdminTokenError::Length(length));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AdminTokenError::Character);
        }
        Ok(Self(blake3::hash(text.as_bytes())))
    }

    /// Whether this is the token; how long that takes tells nothing of it.
    pub(super) fn is(&self, text: &str) -> bool {
        // The comparison of hashes takes the same time wherever they differ.
        self.0 == blake3::hash(text.as_bytes())
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken")
    }
}

/// The token that a request brings (RFC 6750, section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_and_nothing_else_is() {
        let token = AdminToken::new("0123456789abcdef\n").unwrap();
        assert!(token.is("0123456789abcdef"));
        for other in [
            "",
            "0123456789abcdeg",
            "0123456789abcde",
            "0123456789abcdef0",
        ] {
            assert!(!token.is(other), "{other}");
        }
        assert_eq!(format!("{token:?}"), "AdminToken");
    }

    #[test]
    fn a_token_that_can_be_guessed_or_not_be_sent_is_refused() {
        assert_eq!(
            AdminToken::new(" short \n"),
            Err(AdminTokenError::Length(5))
        );
        let long = "a".repeat(1_025);
        assert_eq!(AdminToken::new(&long), Err(AdminTokenError::Length(1_025)));
        for text in ["0123456789 abcdef", "0123456789abcdé\u{7f}"] {
            assert_eq!(AdminToken::new(text), Err(AdminTokenError::Character));
        }
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bearer(&headers), token, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
