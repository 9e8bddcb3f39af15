//! What a peer prints: JSON for programs, or lines for people.

use std::io::{self, Write};
use std::time::Duration;

use boplish_native::core::io::{Direction, DisconnectReason};
use boplish_native::core::{Event, GroupEvent, State};
use boplish_native::wire::{Base64, Payload, PeerId};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// One line of the output.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Report {
    /// The peer runs.
    Started {
        #[serde(serialize_with = "text")]
        id: PeerId,
    },
    /// It is in the network, or alone in it.
    Joined {
        #[serde(serialize_with = "text")]
        id: PeerId,
        state: &'static str,
    },
    State {
        state: &'static str,
    },
    Signaling {
        open: bool,
    },
    Connected {
        #[serde(serialize_with = "text")]
        peer: PeerId,
    },
    Disconnected {
        #[serde(serialize_with = "text")]
        peer: PeerId,
        reason: &'static str,
    },
    Message {
        #[serde(serialize_with = "text")]
        from: PeerId,
        protocol: String,
        #[serde(flatten)]
        content: Content,
        hops: u8,
        /// For the command `reply`, if the sender waits for one.
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    Topology {
        #[serde(serialize_with = "text")]
        from: PeerId,
        peers: Vec<String>,
        /// Those after it and before it on the ring, the nearest first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        successors: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        predecessors: Vec<String>,
    },
    Group {
        members: Vec<String>,
    },
    GroupMessage {
        #[serde(serialize_with = "text")]
        from: PeerId,
        #[serde(flatten)]
        content: Content,
    },
    /// This peer has a place in a group that it has joined by the command `join`.
    JoinedGroup {
        #[serde(serialize_with = "text")]
        group: PeerId,
    },
    /// A member has said something to all, perhaps before this peer joined.
    Post {
        #[serde(serialize_with = "text")]
        group: PeerId,
        #[serde(serialize_with = "text")]
        from: PeerId,
        history: bool,
        #[serde(flatten)]
        content: Content,
    },
    /// A member has said something to this peer alone.
    Direct {
        #[serde(serialize_with = "text")]
        group: PeerId,
        #[serde(serialize_with = "text")]
        from: PeerId,
        #[serde(flatten)]
        content: Content,
    },
    /// How many members a group has, and some of them.
    Members {
        #[serde(serialize_with = "text")]
        group: PeerId,
        count: u32,
        some: Vec<String>,
    },
    /// The report's four properties of a message, and which way it went.
    Monitor {
        direction: &'static str,
        #[serde(rename = "type")]
        protocol: String,
        #[serde(serialize_with = "text")]
        from: PeerId,
        to: String,
        payload: Box<RawValue>,
    },
    Refused {
        from: Option<String>,
        reason: String,
    },
    ServerError {
        code: String,
        message: String,
    },
    /// With `--invite`: to be brought to a newcomer.
    Invitation {
        invitation: String,
    },
    /// With `--accept`: to be brought back.
    Accepted {
        #[serde(serialize_with = "text")]
        peer: PeerId,
        answer: String,
    },
    /// No link has come of an invitation.
    InvitationFailed {
        #[serde(serialize_with = "text")]
        peer: PeerId,
    },
    /// Events that were not printed, since too many came at once.
    Lost {
        count: u64,
    },
    /// The answer to a command.
    Response {
        #[serde(rename = "ref")]
        reference: Value,
        ok: bool,
        #[serde(flatten)]
        answer: Answer,
    },
    /// A peer has answered the action `ping`.
    Pong {
        #[serde(serialize_with = "text")]
        from: PeerId,
        seq: u64,
        round_trip_ms: f64,
    },
    /// A peer has not answered the action `ping`.
    NoPong {
        #[serde(serialize_with = "text")]
        from: PeerId,
        seq: u64,
        message: String,
    },
    /// The result of the action `peers`.
    Peers {
        peers: Vec<String>,
    },
    /// The action `send` has succeeded.
    Delivered {
        #[serde(serialize_with = "text")]
        to: PeerId,
    },
    /// The result of the action `request`.
    Reply {
        #[serde(serialize_with = "text")]
        from: PeerId,
        #[serde(flatten)]
        content: Content,
    },
    /// The result of the action `id`.
    Id {
        #[serde(serialize_with = "text")]
        id: PeerId,
    },
}

/// A payload: JSON, or raw bytes in base64.
#[derive(Debug, Serialize)]
pub(crate) struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

/// What a response says besides `ok`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Done {},
    RoundTrip {
        round_trip_ms: f64,
    },
    Content(Content),
    Peers {
        peers: Vec<String>,
    },
    Members {
        members: Vec<String>,
    },
    State {
        state: &'static str,
        signaling: bool,
    },
    Invitation {
        invitation: String,
    },
    Accepted {
        peer: String,
        answer: String,
    },
    Linked {
        peer: String,
    },
    Group {
        group: String,
    },
    Error {
        error: &'static str,
        message: String,
    },
}

impl Report {
    /// What has happened, if it is of interest outside.
    pub(crate) fn of(event: Event) -> Option<Self> {
        Some(match event {
            Event::StateChanged(state) => Self::State {
                state: state_name(state),
            },
            Event::SignalingChanged { open } => Self::Signaling { open },
            Event::PeerConnected(peer) => Self::Connected { peer },
            Event::PeerDisconnected { peer, reason } => Self::Disconnected {
                peer,
                reason: reason_name(reason),
            },
            Event::Message {
                from,
                protocol,
                payload,
                hops,
                request,
            } => Self::Message {
                from,
                protocol: protocol.to_string(),
                content: Content::of(&payload),
                hops,
                request: request.map(|id| id.0.to_string()),
            },
            Event::Topology {
                from,
                peers,
                successors,
                predecessors,
            } => Self::Topology {
                from,
                peers: texts(&peers),
                successors: texts(&successors),
                predecessors: texts(&predecessors),
            },
            Event::Found { .. }
            | Event::Put { .. }
            | Event::Got { .. }
            | Event::Listed { .. }
            | Event::Content(_)
            | Event::RingJoined
            | Event::KeyMessage { .. }
            | Event::Forward { .. }
            | Event::NeighbourhoodChanged => return None,
            Event::Group { group, event } => Self::of_group(group, event),
            Event::GroupChanged { members } => Self::Group {
                members: texts(&members),
            },
            Event::GroupMessage { from, payload } => Self::GroupMessage {
                from,
                content: Content::of(&payload),
            },
            Event::Monitor {
                direction,
                message,
                via: _,
            } => Self::Monitor {
                direction: direction_name(direction),
                protocol: message.protocol.to_string(),
                from: message.from,
                to: message.to.map(|id| id.to_string()).unwrap_or_default(),
                payload: one_line(&message.monitor_payload()),
            },
            Event::Refused { from, reason } => Self::Refused {
                from: from.map(|id| id.to_string()),
                reason: reason.to_string(),
            },
            Event::ServerError(error) => Self::ServerError {
                code: error.code.to_string(),
                message: error.message,
            },
            Event::InvitationFailed { peer } => Self::InvitationFailed { peer },
            // Those belong to a caller who waits for them.
            Event::Delivered(_)
            | Event::Undelivered { .. }
            | Event::Reply { .. }
            | Event::Pong { .. }
            | Event::Invitation { .. }
            | Event::InvitationLapsed(_)
            | Event::InvitationAnswer { .. } => return None,
        })
    }

    fn of_group(group: PeerId, event: GroupEvent) -> Self {
        match event {
            GroupEvent::Joined => Self::JoinedGroup { group },
            GroupEvent::Post {
                from,
                payload,
                is_old,
            } => Self::Post {
                group,
                from,
                history: is_old,
                content: Content::of(&payload),
            },
            GroupEvent::Direct { from, payload } => Self::Direct {
                group,
                from,
                content: Content::of(&payload),
            },
            GroupEvent::Members { count, some } => Self::Members {
                group,
                count,
                some: texts(&some),
            },
        }
    }

    /// The line for people, if there is one.
    fn line(&self) -> Option<String> {
        match self {
            Self::Started { .. }
            | Self::Signaling { .. }
            | Self::Response { .. }
            | Self::Delivered { .. } => None,
            Self::Joined { id, .. } | Self::Id { id } => Some(id.to_string()),
            Self::State { state } => Some(format!("state {state}")),
            Self::Connected { peer } => Some(format!("connected {peer}")),
            Self::Disconnected { peer, reason } => Some(format!("disconnected {peer} {reason}")),
            Self::Message {
                from,
                protocol,
                content,
                ..
            } => Some(format!("{from} {protocol} {}", content.line())),
            Self::Topology { from, peers, .. } => {
                Some(format!("topology {from} {}", peers.join(" ")))
            }
            Self::Group { members } => Some(format!("group {}", members.join(" "))),
            Self::GroupMessage { from, content } => {
                Some(format!("{from} bopcast-protocol {}", content.line()))
            }
            Self::JoinedGroup { group } => Some(format!("joined group {group}")),
            Self::Post { from, content, .. } => Some(format!("{from} group {}", content.line())),
            Self::Direct { from, content, .. } => Some(format!("{from} direct {}", content.line())),
            Self::Members { group, count, .. } => Some(format!("members {group} {count}")),
            Self::Monitor {
                direction,
                protocol,
                from,
                to,
                payload,
            } => Some(format!("{direction} {protocol} {from} {to} {payload}")),
            Self::Refused { from, reason } => {
                let from = from.as_deref().unwrap_or("somebody");
                Some(format!("refused from {from}: {reason}"))
            }
            Self::ServerError { code, message } => Some(format!("server error {code}: {message}")),
            Self::Invitation { invitation } => Some(format!("invitation {invitation}")),
            Self::Accepted { answer, .. } => Some(format!("answer {answer}")),
            Self::InvitationFailed { peer } => Some(format!("invitation-failed {peer}")),
            Self::Lost { count } => Some(format!("lost {count} events")),
            Self::Pong {
                from,
                seq,
                round_trip_ms,
            } => Some(format!("{from} seq={seq} time={round_trip_ms:.3} ms")),
            Self::NoPong { from, seq, message } => Some(format!("{from} seq={seq} {message}")),
            Self::Peers { peers } => (!peers.is_empty()).then(|| peers.join("\n")),
            Self::Reply { content, .. } => Some(content.line()),
        }
    }
}

impl Content {
    pub(crate) fn of(payload: &Payload) -> Self {
        match payload {
            Payload::Json(text) => Self {
                payload: Some(one_line(text)),
                bytes: None,
            },
            Payload::Bytes(bytes) => Self {
                payload: None,
                bytes: Some(Base64::Padded.encode(bytes)),
            },
        }
    }

    fn line(&self) -> String {
        match (&self.payload, &self.bytes) {
            (Some(payload), _) => payload.to_string(),
            (None, Some(bytes)) => format!("base64:{bytes}"),
            (None, None) => String::new(),
        }
    }
}

/// JSON text without line breaks, which in JSON can only be white space between tokens.
fn one_line(json: &str) -> Box<RawValue> {
    let text = json.replace(['\n', '\r'], " ");
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Writes reports to stdout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    pub(crate) json: bool,
}

impl Printer {
    /// Prints a report; lines are never mixed.
    pub(crate) fn print(self, report: &Report) -> io::Result<()> {
        let line = if self.json {
            Some(serde_json::to_string(report)?)
        } else {
            report.line()
        };
        let Some(mut line) = line else {
            return Ok(());
        };
        line.push('\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes())?;
        stdout.flush()
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

pub(crate) fn texts(ids: &[PeerId]) -> Vec<String> {
    ids.iter().map(PeerId::to_string).collect()
}

fn text<S: Serializer>(id: &PeerId, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id)
}

pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Offline => "offline",
        State::Alone => "alone",
        State::Online => "online",
        State::Degraded => "degraded",
    }
}

fn reason_name(reason: DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::Closed => "closed",
        DisconnectReason::ClosedByPeer => "closed-by-peer",
        DisconnectReason::Silent => "silent",
        DisconnectReason::Failed => "failed",
    }
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => "incoming",
        Direction::Outgoing => "outgoing",
        Direction::Forwarded => "forwarded",
    }
}

#[cfg(test)]
mod tests;
