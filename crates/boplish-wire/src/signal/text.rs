//! Signals as text, to be carried by hand.

use super::{SignalError, SignedSignal};
use crate::base64::Base64;
use crate::limits::MAX_INVITATION;

/// What the text's first byte says.
const VERSION: u8 = 1;

impl SignedSignal {
    /// Text for links, QR codes and messengers: base64url of a version, the proof and the signal.
    pub fn to_text(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.to_bytes());
        Base64::Url.encode(&bytes)
    }

    /// Reads such a text. What stands before it, up to the last `=`, is a link's matter, and white
    /// space around it that of whoever has carried it.
    pub fn from_text(text: &str) -> Result<Self, SignalError> {
        let text = text.trim();
        let text = text.rsplit_once('=').map_or(text, |(_, text)| text);
        if text.len() > MAX_INVITATION {
            return Err(SignalError::NotASignal("it is too long"));
        }
        let bytes = Base64::Url
            .decode(text)
            .ok_or(SignalError::NotASignal("it is no base64url"))?;
        match bytes.split_first() {
            Some((&VERSION, signed)) => Self::from_bytes(signed),
            Some(_) | None => Err(SignalError::NotASignal("its version is not known here")),
        }
    }
}
