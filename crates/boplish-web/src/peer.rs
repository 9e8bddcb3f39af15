//! The class that JavaScript sees.

use std::rc::Rc;
use std::time::Duration;

use boplish_core::{InviteError, Node, SendError};
use boplish_wire::message::MessageError;
use boplish_wire::{Keypair, MessageId, Payload, PeerId, ProtocolName};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::browser::Host;
use crate::report;
use crate::shell::Shell;

/// What a request may wait at most, in ms: the largest exact whole number.
const MAX_TIMEOUT: f64 = 9_007_199_254_740_992.0;

/// A peer of the network, in a page.
///
/// Ids of peers are 40 hex digits. A payload is a text, which is JSON, or a `Uint8Array`. What
/// fails throws a text: a code, a colon, and what is wrong.
#[wasm_bindgen]
pub struct Peer {
    shell: Rc<Shell>,
}

#[wasm_bindgen]
impl Peer {
    /// A peer that has not started yet. `url` is that of the bootstrap server, without a slash at
    /// its end, or empty if there is none; `secret` has 32 bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host, url: &str, secret: &[u8]) -> Result<Peer, JsValue> {
        let secret = secret.try_into().map_err(|_| {
            error(
                "bad-option",
                &format_args!("a secret has 32 bytes, not {}", secret.len()),
            )
        })?;
        let identity = Keypair::from_secret(secret);
        Ok(Self {
            shell: Shell::new(host, url, identity),
        })
    }

    /// Joins the network.
    pub fn open(&self) {
        self.shell.open();
    }

    /// Leaves the network, for good.
    pub fn close(&self) {
        self.shell.close();
    }

    /// The own id.
    pub fn id(&self) -> String {
        self.shell.read(Node::id).to_string()
    }

    /// `alone`, `online`, `degraded` or `offline`.
    pub fn state(&self) -> String {
        report::state(self.shell.read(Node::state)).to_owned()
    }

    /// Whether the bootstrap server is connected, and knows this peer.
    #[wasm_bindgen(js_name = isSignalingOpen)]
    pub fn is_signaling_open(&self) -> bool {
        self.shell.read(Node::is_signaling_open)
    }

    /// The peers that a link is open to.
    #[wasm_bindgen(js_name = connectedPeers)]
    pub fn connected_peers(&self) -> Vec<String> {
        report::ids(&self.shell.read(Node::connected_peers))
    }

    /// Sends a message; `delivered` or `undelivered` follows, with the id that this returns.
    pub fn send(&self, to: &str, protocol: &str, payload: JsValue) -> Result<u64, JsValue> {
        let (to, protocol, payload) = (peer_id(to)?, name(protocol)?, content(&payload)?);
        self.command(|node, now| node.send(now, to, protocol, payload))
            .map(|id| id.0)
    }

    /// Sends a request; `reply` or `undelivered` follows within `timeout` milliseconds.
    pub fn request(
        &self,
        to: &str,
        protocol: &str,
        payload: JsValue,
        timeout: f64,
    ) -> Result<u64, JsValue> {
        let (to, protocol, payload) = (peer_id(to)?, name(protocol)?, content(&payload)?);
        if !(0.0..MAX_TIMEOUT).contains(&timeout) {
            return Err(error(
                "bad-option",
                &"the timeout is no number of milliseconds",
            ));
        }
        let timeout = Duration::from_millis(timeout as u64);
        self.command(|node, now| node.request(now, to, protocol, payload, timeout))
            .map(|id| id.0)
    }

    /// Answers the request that came with this id.
    pub fn reply(&self, to: &str, request: u64, payload: JsValue) -> Result<(), JsValue> {
        let (to, payload) = (peer_id(to)?, content(&payload)?);
        self.command(|node, now| node.reply(now, to, MessageId(request), payload))
    }

    /// Pings; `pong`, or `undelivered` with the id that this returns, follows.
    pub fn ping(&self, peer: &str) -> Result<u64, JsValue> {
        let peer = peer_id(peer)?;
        self.command(|node, now| node.ping(now, peer))
            .map(|id| id.0)
    }

    /// Asks a peer, or all linked ones, for their neighbours; `topology` follows for each answer.
    #[wasm_bindgen(js_name = requestTopology)]
    pub fn request_topology(&self, peer: Option<String>) -> Result<(), JsValue> {
        let peer = peer.as_deref().map(peer_id).transpose()?;
        self.command(|node, now| node.request_topology(now, peer))
    }

    /// Asks a peer to share a bopcast group; `members` follows.
    #[wasm_bindgen(js_name = registerInGroup)]
    pub fn register_in_group(&self, peer: &str) -> Result<(), JsValue> {
        let peer = peer_id(peer)?;
        self.command(|node, now| node.register_in_group(now, peer))
    }

    /// Sends to every member of the bopcast group.
    #[wasm_bindgen(js_name = sendToGroup)]
    pub fn send_to_group(&self, payload: JsValue) -> Result<(), JsValue> {
        let payload = content(&payload)?;
        self.command(|node, now| node.send_to_group(now, payload))
    }

    /// The members of the bopcast group, without the own id.
    #[wasm_bindgen(js_name = groupMembers)]
    pub fn group_members(&self) -> Vec<String> {
        report::ids(&self.shell.read(Node::group_members))
    }

    /// Hands a protocol that the core answers by itself to the application.
    #[wasm_bindgen(js_name = takeProtocol)]
    pub fn take_protocol(&self, protocol: &str) -> Result<(), JsValue> {
        let protocol = name(protocol)?;
        self.command(|node, _| node.take_protocol(&protocol))
    }

    /// Makes an invitation; `reply` with its text, or `undelivered`, follows, with the id that
    /// this returns.
    pub fn invite(&self) -> Result<u64, JsValue> {
        by_hand(self.shell.with_node(Node::invite)).map(|id| id.0)
    }

    /// Accepts an invitation and returns who invited; `answer` follows, and then, when people
    /// have brought that back, `connected` or `invitationFailed`.
    #[wasm_bindgen(js_name = acceptInvitation)]
    pub fn accept_invitation(&self, text: &str) -> Result<String, JsValue> {
        let accept = |node: &mut Node, now| node.accept_invitation(now, text);
        by_hand(self.shell.with_node(accept)).map(|peer| peer.to_string())
    }

    /// Takes the answer to an invitation and returns whose it is; `connected` or
    /// `invitationFailed` follows.
    #[wasm_bindgen(js_name = completeInvitation)]
    pub fn complete_invitation(&self, answer: &str) -> Result<String, JsValue> {
        let complete = |node: &mut Node, now| node.complete_invitation(now, answer);
        by_hand(self.shell.with_node(complete)).map(|peer| peer.to_string())
    }

    /// Turns `monitor` on or off.
    #[wasm_bindgen(js_name = setMonitoring)]
    pub fn set_monitoring(&self, on: bool) {
        self.shell.with_node(|node, _| node.set_monitoring(on));
    }

    #[cfg(feature = "store")]
    pub(crate) fn shell(&self) -> &Rc<Shell> {
        &self.shell
    }

    fn command<T>(
        &self,
        act: impl FnOnce(&mut Node, boplish_core::Time) -> Result<T, SendError>,
    ) -> Result<T, JsValue> {
        self.shell
            .with_node(act)
            .map_err(|refused| error(send_code(&refused), &refused))
    }
}

pub(crate) fn peer_id(text: &str) -> Result<PeerId, JsValue> {
    text.parse()
        .map_err(|wrong| error("bad-peer-id", &format_args!("'{text}' is no peer: {wrong}")))
}

fn name(text: &str) -> Result<ProtocolName, JsValue> {
    ProtocolName::new(text).map_err(|wrong| error("bad-protocol", &wrong))
}

pub(crate) fn content(value: &JsValue) -> Result<Payload, JsValue> {
    let payload = match value.as_string() {
        Some(text) => Payload::json(text),
        None => Payload::bytes(Uint8Array::new(value).to_vec()),
    };
    payload.map_err(|wrong| match wrong {
        MessageError::PayloadTooLong(_) => error("too-large", &wrong),
        MessageError::NotJson(_)
        | MessageError::Padded
        | MessageError::NotSerializable(_)
        | MessageError::Unexpected(_)
        | MessageError::NotJsonButBytes
        | MessageError::ProtocolNameLength(_)
        | MessageError::ProtocolNameControl(_) => error("bad-payload", &wrong),
    })
}

pub(crate) fn send_code(error: &SendError) -> &'static str {
    match error {
        SendError::Closed => "closed",
        SendError::ToSelf => "to-self",
        SendError::ReservedProtocol(_) => "reserved-protocol",
        SendError::Congested(_) => "congested",
        SendError::TooLong(_) => "too-large",
        SendError::UnknownRequest(_) => "unknown-request",
    }
}

fn by_hand<T>(result: Result<T, InviteError>) -> Result<T, JsValue> {
    result.map_err(|refused| {
        let code = match refused {
            InviteError::Closed => "closed",
            InviteError::Full => "full",
            InviteError::Lapsed => "lapsed",
            InviteError::Linked(_) => "linked",
            InviteError::Malformed(_)
            | InviteError::MixedUp
            | InviteError::Forged
            | InviteError::Own
            | InviteError::NotOurs => "bad-invitation",
        };
        error(code, &refused)
    })
}

/// What is thrown.
pub(crate) fn error(code: &str, message: &dyn std::fmt::Display) -> JsValue {
    JsValue::from_str(&format!("{code}: {message}"))
}
