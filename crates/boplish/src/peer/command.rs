//! Commands that come as JSON lines on stdin.

use std::time::Duration;

use boplish_native::core::GroupAccess;
use boplish_native::core::io::DeliveryError;
use boplish_native::wire::{Base64, MessageError, MessageId, Payload, ProtocolName};
use boplish_native::{Peer, PeerError};
use serde::Deserialize;
use serde_json::Value;

use super::report::{Answer, Content, Report, milliseconds, state_name, texts};
use crate::values::{Id, Seconds};

/// How long a request waits for its reply unless it says so.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// What a peer can be told.
#[derive(Debug, Deserialize)]
#[serde(tag = "cmd", rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    Ping {
        to: Id,
    },
    Send {
        to: Id,
        protocol: String,
        payload: Option<Value>,
        bytes: Option<String>,
    },
    Request {
        to: Id,
        protocol: String,
        payload: Option<Value>,
        bytes: Option<String>,
        timeout: Option<Seconds>,
    },
    Reply {
        to: Id,
        request: String,
        payload: Option<Value>,
        bytes: Option<String>,
    },
    Peers {},
    State {},
    Topology {
        of: Option<Id>,
    },
    Take {
        protocol: String,
    },
    GroupJoin {
        to: Id,
    },
    GroupSend {
        payload: Option<Value>,
        bytes: Option<String>,
    },
    Group {},
    /// A group of any size; the three above are the report's bopcast.
    Join {
        room: String,
        password: Option<String>,
        #[serde(default)]
        history: u32,
    },
    Publish {
        group: Id,
        payload: Option<Value>,
        bytes: Option<String>,
    },
    Tell {
        group: Id,
        to: Id,
        payload: Option<Value>,
        bytes: Option<String>,
    },
    Leave {
        group: Id,
    },
    Monitor {
        on: bool,
    },
    NetworkChanged {},
    Invite {},
    AcceptInvitation {
        text: String,
    },
    CompleteInvitation {
        text: String,
    },
    Quit {},
}

/// A line, parsed: what to do, and what the response carries so that its asker knows it.
#[derive(Debug)]
pub(super) struct Line {
    reference: Value,
    command: Result<Command, String>,
}

/// Why a command has failed.
#[derive(Debug)]
enum Problem {
    BadCommand(String),
    Peer(PeerError),
}

impl From<PeerError> for Problem {
    fn from(error: PeerError) -> Self {
        Self::Peer(error)
    }
}

impl From<MessageError> for Problem {
    fn from(error: MessageError) -> Self {
        Self::BadCommand(error.to_string())
    }
}

impl Line {
    /// Nothing for an empty line.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let mut value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                return Some(Self {
                    reference: Value::Null,
                    command: Err(format!("no JSON: {error}")),
                });
            }
        };
        let reference = value
            .as_object_mut()
            .and_then(|fields| fields.remove("ref"))
            .unwrap_or(Value::Null);
        let command = serde_json::from_value(value).map_err(|error| error.to_string());
        Some(Self { reference, command })
    }

    /// Whether the peer shall leave.
    pub(super) fn is_quit(&self) -> bool {
        matches!(self.command, Ok(Command::Quit {}))
    }

    /// Whether it makes no sense before the peer has joined.
    pub(super) fn needs_network(&self) -> bool {
        !matches!(
            self.command,
            Ok(Command::State {}
                | Command::Invite {}
                | Command::AcceptInvitation { .. }
                | Command::CompleteInvitation { .. }
                | Command::Quit {})
                | Err(_)
        )
    }

    /// The response when the peer has not joined in time.
    pub(super) fn too_late(self) -> Report {
        Report::Response {
            reference: self.reference,
            ok: false,
            answer: Answer::Error {
                error: "unreachable",
                message: "not joined, or fewer peers linked than asked for, in time".to_owned(),
            },
        }
    }

    /// Carries the command out.
    pub(super) async fn run(self, peer: &Peer) -> Report {
        let result = match self.command {
            Ok(command) => run(command, peer).await,
            Err(why) => Err(Problem::BadCommand(why)),
        };
        let ok = result.is_ok();
        let answer = result.unwrap_or_else(|problem| match problem {
            Problem::BadCommand(message) => Answer::Error {
                error: "bad-command",
                message,
            },
            Problem::Peer(error) => Answer::Error {
                error: code(&error),
                message: error.to_string(),
            },
        });
        Report::Response {
            reference: self.reference,
            ok,
            answer,
        }
    }
}

async fn run(command: Command, peer: &Peer) -> Result<Answer, Problem> {
    match command {
        Command::Ping { to } => {
            let round_trip = peer.ping(to.0).await?;
            return Ok(Answer::RoundTrip {
                round_trip_ms: milliseconds(round_trip),
            });
        }
        Command::Send {
            to,
            protocol,
            payload,
            bytes,
        } => {
            let protocol = ProtocolName::new(&protocol)?;
            peer.send(to.0, protocol, content(payload, bytes)?).await?;
        }
        Command::Request {
            to,
            protocol,
            payload,
            bytes,
            timeout,
        } => {
            let protocol = ProtocolName::new(&protocol)?;
            let timeout = timeout.map_or(REQUEST_TIMEOUT, |timeout| timeout.0);
            let reply = peer
                .request(to.0, protocol, content(payload, bytes)?, timeout)
                .await?;
            return Ok(Answer::Content(Content::of(&reply)));
        }
        Command::Reply {
            to,
            request,
            payload,
            bytes,
        } => {
            let request = request
                .parse()
                .map(MessageId)
                .map_err(|_| Problem::BadCommand("request: not one of a message".to_owned()))?;
            peer.reply(to.0, request, content(payload, bytes)?).await?;
        }
        Command::Peers {} => {
            return Ok(Answer::Peers {
                peers: texts(&peer.connected_peers()),
            });
        }
        Command::State {} => {
            return Ok(Answer::State {
                state: state_name(peer.state()),
                signaling: peer.is_signaling_open(),
            });
        }
        Command::Topology { of } => peer.request_topology(of.map(|id| id.0)).await?,
        Command::Take { protocol } => peer.take_protocol(ProtocolName::new(&protocol)?).await?,
        Command::GroupJoin { to } => peer.register_in_group(to.0).await?,
        Command::GroupSend { payload, bytes } => {
            peer.send_to_group(content(payload, bytes)?).await?;
        }
        Command::Group {} => {
            return Ok(Answer::Members {
                members: texts(&peer.group_members()),
            });
        }
        Command::Join {
            room,
            password,
            history,
        } => {
            let access = match password {
                Some(password) => GroupAccess::with_password(&room, &password),
                None => GroupAccess::open(&room),
            };
            let access = access.map_err(|wrong| Problem::BadCommand(wrong.to_string()))?;
            let group = access.key().to_string();
            peer.join_group(access, history).await?;
            return Ok(Answer::Group { group });
        }
        Command::Publish {
            group,
            payload,
            bytes,
        } => {
            peer.publish_to_group(group.0, content(payload, bytes)?)
                .await?;
        }
        Command::Tell {
            group,
            to,
            payload,
            bytes,
        } => {
            peer.send_to_member(group.0, to.0, content(payload, bytes)?)
                .await?;
        }
        Command::Leave { group } => peer.leave_group(group.0).await?,
        Command::Monitor { on } => peer.set_monitoring(on).await?,
        Command::NetworkChanged {} => peer.network_changed().await?,
        Command::Invite {} => {
            let invitation = peer.invite().await?;
            return Ok(Answer::Invitation { invitation });
        }
        Command::AcceptInvitation { text } => {
            let accepted = peer.accept_invitation(&text).await?;
            return Ok(Answer::Accepted {
                peer: accepted.peer.to_string(),
                answer: accepted.answer,
            });
        }
        Command::CompleteInvitation { text } => {
            let peer = peer.complete_invitation(&text).await?.to_string();
            return Ok(Answer::Linked { peer });
        }
        Command::Quit {} => {}
    }
    Ok(Answer::Done {})
}

/// JSON or bytes; without either, JSON `null`.
fn content(payload: Option<Value>, bytes: Option<String>) -> Result<Payload, Problem> {
    match (payload, bytes) {
        (Some(_), Some(_)) => Err(Problem::BadCommand(
            "payload and bytes: give one of them".to_owned(),
        )),
        (None, Some(bytes)) => {
            let bytes = Base64::Padded.decode(&bytes);
            let bytes = bytes.ok_or(Problem::BadCommand("bytes: no base64".to_owned()))?;
            Ok(Payload::bytes(bytes)?)
        }
        (Some(payload), None) => Ok(Payload::from_value(&payload)?),
        (None, None) => Ok(Payload::empty_json()),
    }
}

fn code(error: &PeerError) -> &'static str {
    match error {
        PeerError::Undelivered(DeliveryError::Unreachable) => "unreachable",
        PeerError::Undelivered(DeliveryError::TimedOut) => "timeout",
        PeerError::Undelivered(DeliveryError::NoReply) => "no-reply",
        PeerError::Undelivered(DeliveryError::Closed) | PeerError::Closed => "closed",
        PeerError::Refused(_) => "refused",
        PeerError::Invitation(_) => "invitation",
        PeerError::Group(_) => "group",
        PeerError::NoLink(_) => "unreachable",
        PeerError::Put(_) => "not-stored",
        PeerError::Get(_) | PeerError::Fetch(_) => "unknown",
        PeerError::Disk(_) | PeerError::NoContentFolder => "content",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Line::parse(text).unwrap().command.unwrap_err()
    }

    #[test]
    fn a_command_keeps_its_reference() {
        let line = Line::parse(r#"{"cmd": "peers", "ref": {"n": 1}}"#).unwrap();
        assert_eq!(line.reference, serde_json::json!({"n": 1}));
        assert!(matches!(line.command, Ok(Command::Peers {})));
    }

    #[test]
    fn quit_ends_and_an_empty_line_is_nothing() {
        assert!(Line::parse(r#"{"cmd": "quit"}"#).unwrap().is_quit());
        assert!(Line::parse("  \n").is_none());
    }

    #[test]
    fn a_bad_command_is_told_what_is_wrong() {
        assert!(error("{").contains("no JSON"));
        assert!(error(r#"{"cmd": "pong"}"#).contains("pong"));
        assert!(error(r#"{"cmd": "ping", "to": "abc"}"#).contains("40 hex digits"));
        assert!(error(r#"{"cmd": "peers", "too": 1}"#).contains("too"));
        assert!(error(r#"{"cmd": "ping"}"#).contains("to"));
    }

    #[test]
    fn a_payload_is_json_or_bytes_but_not_both() {
        let json = content(Some(serde_json::json!({"a": [1]})), None).unwrap();
        assert_eq!(json, Payload::json(r#"{"a":[1]}"#).unwrap());
        let bytes = content(None, Some("AQID".to_owned())).unwrap();
        assert_eq!(bytes, Payload::bytes([1, 2, 3]).unwrap());
        assert!(content(Some(Value::Null), Some(String::new())).is_err());
        assert_eq!(content(None, None).unwrap(), Payload::empty_json());
    }
}
