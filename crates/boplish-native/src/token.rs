//! What a bootstrap server's operator gives to those who may connect.

use std::fmt;
use std::str::FromStr;

/// A token: proof for a bootstrap server that its operator lets this peer connect.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a text is no token. It does not say what the text is, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no token: it has letters, digits, `-`, `_` and dots, as `boplish token` prints it"
)]
pub struct TokenSyntaxError;

impl Token {
    /// The name of the WebSocket subprotocol that carries it.
    pub(crate) fn subprotocol(&self) -> String {
        format!("boplish.token.{}", self.0)
    }
}

impl FromStr for Token {
    type Err = TokenSyntaxError;

    fn from_str(text: &str) -> Result<Self, TokenSyntaxError> {
        let text = text.trim();
        let is_usual = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        match !text.is_empty() && text.chars().all(is_usual) {
            true => Ok(Self(text.to_owned())),
            false => Err(TokenSyntaxError),
        }
    }
}

/// Nothing of it: what is logged is read by others.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_carried_and_never_shown() {
        let token: Token = "eyJ.a-b_c.x\n".parse().expect("it is a token");
        assert_eq!(token.subprotocol(), "boplish.token.eyJ.a-b_c.x");
        assert_eq!(format!("{token:?}"), "Token");
        for text in ["", "a b", "a,b", "ä"] {
            let error = text.parse::<Token>().expect_err(text);
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }
}
