//! Events of the core, told to the host.

use boplish_core::io::{DeliveryError, Direction, DisconnectReason};
use boplish_core::{Event, State};
use boplish_wire::{Payload, PeerId};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::shell::Shell;

/// Tells one event.
pub(crate) fn event(shell: &Shell, event: Event) {
    let host = shell.host();
    match event {
        Event::StateChanged(now) => host.state(state(now)),
        Event::SignalingChanged { open } => host.server(open),
        Event::PeerConnected(peer) => host.connected(&peer.to_string()),
        Event::PeerDisconnected { peer, reason } => {
            host.disconnected(&peer.to_string(), why(reason));
        }
        Event::Message {
            from,
            protocol,
            payload: content,
            hops,
            request,
        } => host.message(
            &from.to_string(),
            protocol.as_str(),
            payload(&content),
            hops,
            request.map(|id| id.0),
        ),
        Event::Delivered(id) => host.delivered(id.0),
        Event::Undelivered { id, error } => {
            host.undelivered(id.0, &format!("{}: {error}", delivery_code(error)));
        }
        Event::Reply {
            from: _,
            to,
            payload: content,
        } => host.reply(to.0, payload(&content)),
        Event::Pong { from, round_trip } => {
            host.pong(&from.to_string(), round_trip.as_secs_f64() * 1000.0);
        }
        #[cfg(feature = "store")]
        Event::Put { token, result } => crate::store::has_put(shell, token, result),
        #[cfg(feature = "store")]
        Event::Got { token, result } => crate::store::has_got(shell, token, result),
        #[cfg(feature = "store")]
        Event::Listed { token, result } => shell.services.waiting.listed(token, result),
        #[cfg(feature = "store")]
        Event::Content(event) => crate::content::event(shell, event),
        #[cfg(feature = "store")]
        Event::Group { group, event } => crate::groups::event(host, group, event),
        #[cfg(not(feature = "store"))]
        Event::Put { .. }
        | Event::Got { .. }
        | Event::Listed { .. }
        | Event::Content(_)
        | Event::Group { .. } => {}
        Event::Found { .. }
        | Event::RingJoined
        | Event::KeyMessage { .. }
        | Event::Forward { .. }
        | Event::NeighbourhoodChanged => {}
        Event::Topology {
            from,
            peers,
            successors,
            predecessors,
        } => host.topology(
            &from.to_string(),
            ids(&peers),
            ids(&successors),
            ids(&predecessors),
        ),
        Event::GroupChanged { members } => host.members(ids(&members)),
        Event::GroupMessage {
            from,
            payload: content,
        } => {
            host.group_message(&from.to_string(), payload(&content));
        }
        Event::Monitor {
            direction,
            via,
            message,
        } => host.monitor(
            match direction {
                Direction::Incoming => "incoming",
                Direction::Outgoing => "outgoing",
                Direction::Forwarded => "forwarded",
            },
            message.protocol.as_str(),
            &message.from.to_string(),
            message.to.map(|to| to.to_string()),
            &message.monitor_payload(),
            message.hops,
            via.map(|via| via.to_string()),
            // The drop-in script's monitor tells the report's four properties.
            match cfg!(feature = "store") {
                true => ids(message.way.passed.as_deref().unwrap_or_default()),
                false => Vec::new(),
            },
        ),
        Event::Refused { from, reason } => {
            host.refused(from.map(|from| from.to_string()), &reason.to_string());
        }
        Event::ServerError(error) => host.server_error(&error.message),
        Event::Invitation { invitation, text } => {
            host.reply(invitation.0, JsValue::from_str(&text));
        }
        Event::InvitationLapsed(invitation) => {
            host.undelivered(invitation.0, "lapsed: the invitation could not be made");
        }
        Event::InvitationAnswer { peer, text } => host.answer(&peer.to_string(), &text),
        Event::InvitationFailed { peer } => host.invitation_failed(&peer.to_string()),
    }
}

/// A state's name.
pub(crate) fn state(state: State) -> &'static str {
    match state {
        State::Offline => "offline",
        State::Alone => "alone",
        State::Online => "online",
        State::Degraded => "degraded",
    }
}

/// The ids as texts.
pub(crate) fn ids(peers: &[PeerId]) -> Vec<String> {
    peers.iter().map(ToString::to_string).collect()
}

fn why(reason: DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::Closed => "closed",
        DisconnectReason::ClosedByPeer => "closed-by-peer",
        DisconnectReason::Silent => "silent",
        DisconnectReason::Failed => "failed",
    }
}

fn delivery_code(error: DeliveryError) -> &'static str {
    match error {
        DeliveryError::Unreachable => "unreachable",
        DeliveryError::TimedOut => "timed-out",
        DeliveryError::NoReply => "no-reply",
        DeliveryError::Closed => "closed",
    }
}

/// JSON as its text, raw bytes as a `Uint8Array`.
pub(crate) fn payload(payload: &Payload) -> JsValue {
    match payload {
        Payload::Json(text) => JsValue::from_str(text),
        Payload::Bytes(bytes) => Uint8Array::from(&bytes[..]).into(),
    }
}
