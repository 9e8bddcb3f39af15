//! Actions: what a peer does before it leaves, for scripts.

use std::future::Future;
use std::io::Read;
use std::time::Duration;

use boplish_native::core::Event;
use boplish_native::core::io::DeliveryError;
use boplish_native::wire::limits::MAX_PAYLOAD;
use boplish_native::wire::{Payload, PeerId, ProtocolName};
use boplish_native::{Events, PeerError};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::report::{Content as Shown, Report, milliseconds, texts};
use super::{Session, report};
use crate::cli::{Action, Content, Target};
use crate::failure::Failure;

/// Pause before another attempt to reach a peer that nobody knows a way to yet.
const RETRY: Duration = Duration::from_millis(500);

impl Session {
    /// Does what is asked.
    pub(super) async fn act(&self, action: Action, events: Events) -> Result<(), Failure> {
        match action {
            Action::Id => Ok(()),
            Action::Peers => {
                self.join_with_peers().await?;
                let peers = texts(&self.peer.connected_peers());
                Ok(self.printer.print(&Report::Peers { peers })?)
            }
            Action::Ping {
                to,
                count,
                interval,
            } => {
                self.join_with_peers().await?;
                self.ping(to, count, interval.0).await
            }
            Action::Send(content) => {
                let payload = payload(&content)?;
                self.join_with_peers().await?;
                let to = content.to;
                let send = || {
                    self.peer
                        .send(to, content.protocol.clone(), payload.clone())
                };
                self.reach(to, send).await?;
                Ok(self.printer.print(&Report::Delivered { to })?)
            }
            Action::Request(content) => {
                let payload = payload(&content)?;
                self.join_with_peers().await?;
                let to = content.to;
                // The session's deadline ends it; the node takes it back when that is dropped.
                let patience = self.deadline.map_or(Duration::from_secs(3600), |deadline| {
                    deadline.saturating_duration_since(tokio::time::Instant::now())
                });
                let request = || {
                    let (protocol, payload) = (content.protocol.clone(), payload.clone());
                    self.peer.request(to, protocol, payload, patience)
                };
                let reply = self.reach(to, request).await?;
                let content = Shown::of(&reply);
                Ok(self.printer.print(&Report::Reply { from: to, content })?)
            }
            Action::Listen { protocol, count } => self.listen(protocol, count, events).await,
        }
    }

    /// Waits until as many peers are linked as the actions need.
    async fn join_with_peers(&self) -> Result<(), Failure> {
        self.join().await?;
        let least = self.min_peers.unwrap_or(1);
        match self.within(self.peer.connected_to(least)).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Failure::runtime("the peer has ended", error)),
            None => Err(Failure::Unreachable(format!(
                "{} of {least} peers are linked, and the time is up",
                self.peer.connected_peers().len()
            ))),
        }
    }

    /// Tries until it works or the time is up: a newcomer may not know a way to a peer yet.
    async fn reach<T, F: Future<Output = Result<T, PeerError>>>(
        &self,
        to: PeerId,
        attempt: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let mut last = None;
        let attempts = async {
            loop {
                match attempt().await {
                    Err(error @ PeerError::Undelivered(DeliveryError::Unreachable)) => {
                        last = Some(error);
                        sleep(RETRY).await;
                    }
                    result => return result,
                }
            }
        };
        match self.within(attempts).await {
            Some(Ok(value)) => Ok(value),
            Some(Err(
                error @ (PeerError::Refused(_) | PeerError::Invitation(_) | PeerError::Group(_)),
            )) => Err(Failure::Usage(error.to_string())),
            Some(Err(
                error @ (PeerError::Undelivered(_)
                | PeerError::NoLink(_)
                | PeerError::Put(_)
                | PeerError::Get(_)
                | PeerError::Fetch(_)),
            )) => Err(Failure::Unreachable(format!("peer {to}: {error}"))),
            Some(Err(error @ (PeerError::Disk(_) | PeerError::NoContentFolder))) => {
                Err(Failure::Runtime(error.to_string()))
            }
            Some(Err(PeerError::Closed)) => {
                Err(Failure::Runtime("the peer has ended by itself".to_owned()))
            }
            None => {
                let why = last.map_or("no answer in time".to_owned(), |error| error.to_string());
                Err(Failure::Unreachable(format!("peer {to}: {why}")))
            }
        }
    }

    /// Pings peers side by side, each of them `count` times.
    async fn ping(&self, to: Target, count: u64, interval: Duration) -> Result<(), Failure> {
        let targets = match to {
            Target::All => self.peer.connected_peers(),
            Target::One(peer) => vec![peer],
        };
        let mut results = JoinSet::new();
        for target in &targets {
            let (peer, target) = (self.peer.clone(), *target);
            let (printer, deadline) = (self.printer, self.deadline);
            results.spawn(async move {
                let mut answered = false;
                for seq in 1..=count {
                    if seq > 1 {
                        sleep(interval).await;
                    }
                    let result = ping_once(&peer, target, deadline).await;
                    let report = match result {
                        Ok(time) => {
                            answered = true;
                            Report::Pong {
                                from: target,
                                seq,
                                round_trip_ms: milliseconds(time),
                            }
                        }
                        Err(message) => Report::NoPong {
                            from: target,
                            seq,
                            message,
                        },
                    };
                    printer.print(&report)?;
                }
                std::io::Result::Ok(answered)
            });
        }
        let mut silent = 0;
        while let Some(result) = results.join_next().await {
            let answered =
                result.map_err(|error| Failure::runtime("a ping broke off", error))??;
            silent += usize::from(!answered);
        }
        if silent == 0 {
            Ok(())
        } else {
            Err(Failure::Unreachable(format!(
                "{silent} of {} peers did not answer",
                targets.len()
            )))
        }
    }

    /// Prints messages until there were enough.
    async fn listen(
        &self,
        protocol: Option<ProtocolName>,
        count: Option<u64>,
        mut events: Events,
    ) -> Result<(), Failure> {
        const GROUP: &str = "bopcast-protocol";
        let wants_group = protocol.as_ref().is_none_or(|name| name.as_str() == GROUP);
        if let Some(name) = protocol.as_ref().filter(|name| name.as_str() != GROUP) {
            self.peer
                .take_protocol(name.clone())
                .await
                .map_err(|error| Failure::Usage(error.to_string()))?;
        }
        let state = super::state_name(self.join().await?);
        let id = self.peer.id();
        if self.printer.json {
            self.printer.print(&Report::Joined { id, state })?;
        } else {
            eprintln!("listening as {id} ({state})");
        }
        let mut left = count;
        while left != Some(0) {
            let event = events.recv().await;
            let is_wanted = match &event {
                Ok(Event::Message { protocol: name, .. }) => {
                    protocol.as_ref().is_none_or(|wanted| wanted == name)
                }
                Ok(Event::GroupMessage { .. }) => wants_group,
                // Losses and the end are never kept quiet.
                Err(_) => true,
                Ok(
                    Event::StateChanged(_)
                    | Event::SignalingChanged { .. }
                    | Event::PeerConnected(_)
                    | Event::PeerDisconnected { .. }
                    | Event::Delivered(_)
                    | Event::Undelivered { .. }
                    | Event::Reply { .. }
                    | Event::Pong { .. }
                    | Event::Topology { .. }
                    | Event::Found { .. }
                    | Event::Put { .. }
                    | Event::Got { .. }
                    | Event::Listed { .. }
                    | Event::Content(_)
                    | Event::RingJoined
                    | Event::KeyMessage { .. }
                    | Event::Forward { .. }
                    | Event::NeighbourhoodChanged
                    | Event::GroupChanged { .. }
                    | Event::Group { .. }
                    | Event::Monitor { .. }
                    | Event::Refused { .. }
                    | Event::ServerError(_)
                    | Event::Invitation { .. }
                    | Event::InvitationLapsed(_)
                    | Event::InvitationAnswer { .. }
                    | Event::InvitationFailed { .. },
                ) => false,
            };
            let is_message = event.is_ok();
            if is_wanted && let Some(report) = report(event)? {
                self.printer.print(&report)?;
                left = left.map(|left| left - u64::from(is_message));
            }
        }
        Ok(())
    }
}

/// The round-trip time, or why there is none.
async fn ping_once(
    peer: &boplish_native::Peer,
    target: PeerId,
    deadline: Option<tokio::time::Instant>,
) -> Result<Duration, String> {
    loop {
        let is_late =
            || deadline.is_some_and(|deadline| tokio::time::Instant::now() + RETRY > deadline);
        match peer.ping(target).await {
            Ok(time) => return Ok(time),
            Err(PeerError::Undelivered(DeliveryError::Unreachable)) if !is_late() => {
                sleep(RETRY).await;
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The payload as it was given.
fn payload(content: &Content) -> Result<Payload, Failure> {
    let mut text = content.payload.clone();
    if text == "-" {
        text.clear();
        // One byte over the limit is enough to see that it is too long.
        std::io::stdin()
            .take(MAX_PAYLOAD as u64 + 1)
            .read_to_string(&mut text)
            .map_err(|error| Failure::runtime("can't read stdin", error))?;
    }
    if content.text {
        Payload::from_value(&text).map_err(|error| Failure::Usage(error.to_string()))
    } else {
        Payload::json(text)
            .map_err(|error| Failure::Usage(format!("{error}; --text sends plain text")))
    }
}
