//! What a client is told when its message goes nowhere.

use boplish_wire::PeerId;
use boplish_wire::bootstrap::{ClientId, ErrorCode, Head};

/// The `type` of a proof. One that comes when nothing is to be proven must not go to another peer,
/// for whom it is not meant.
pub(crate) const CHALLENGE_RESPONSE: &str = "challenge-response";

/// Why a message has no receiver.
pub(crate) enum Undelivered {
    /// An offer for anyone, while nobody else is there.
    Denied { offer: Option<String> },
    /// The sender could not know better.
    Unlucky(Refusal),
    /// The sender broke the rules.
    Wrong(Refusal),
}

/// What an error says.
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    pub(crate) peer: Option<String>,
    pub(crate) id: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: &str) -> Self {
        Self {
            code,
            message: message.to_owned(),
            peer: None,
            id: None,
        }
    }

    /// Names the refused message.
    pub(crate) fn of(mut self, head: &Head<'_>) -> Self {
        self.id = head.id.as_deref().map(str::to_owned);
        self
    }
}

/// The one spelling of an id: peer ids may come in upper case, and nobody may pass for another
/// peer by that.
pub(crate) fn canonical(id: &str) -> Option<ClientId> {
    // Nearly every id is written so already, and two are looked at for each message.
    if !id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return ClientId::new(id).ok();
    }
    match id.parse::<PeerId>() {
        Ok(peer) => Some(peer.into()),
        Err(_) => ClientId::new(id).ok(),
    }
}
