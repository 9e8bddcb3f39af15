//! The directory as one of several that act as one.
//!
//! While the engine can't be reached, this is a directory of its own; when it is back, all its
//! members appear there anew.

use core::time::Duration;
use std::collections::BTreeMap;

use boplish_wire::bootstrap::{ClientId, ErrorCode, Head};

use super::{Directory, To, nobody_else};
use crate::close::CloseReason;
use crate::cluster::frame::{Counts, Frame, Whom};
use crate::cluster::nodes::{ANNOUNCE_EVERY, ANNOUNCE_PAUSE, Nodes};
use crate::cluster::{Channel, Letter, News, NodeId, Order};
use crate::io::{ConnId, Output};
use crate::refusal::{Refusal, canonical};

/// What a directory knows of its cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    node: NodeId,
    /// Whether the engine is there.
    is_up: bool,
    nodes: Nodes,
    /// What was announced last, and when.
    announced: (Counts, Duration),
    announce_at: Duration,
    /// Peers that have gone to other servers, and when: the engine may bring messages for them
    /// still, which they get there.
    moved: BTreeMap<ClientId, Duration>,
}

/// Peers that are remembered as gone to other servers; a further one is not, and the sender of a
/// message for it may hear that it is unknown although it is not.
const MAX_MOVED: usize = 1_024;

/// So long they are remembered.
const MOVED_FOR: Duration = Duration::from_secs(5);

impl Cluster {
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            node,
            is_up: false,
            nodes: Nodes::default(),
            announced: Default::default(),
            announce_at: Duration::ZERO,
            moved: BTreeMap::new(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up
    }

    pub(super) fn others(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn next_announcement(&self) -> Option<Duration> {
        self.is_up.then_some(self.announce_at)
    }
}

impl Directory {
    /// Names this directory in its cluster.
    pub fn node(&self) -> NodeId {
        self.cluster.node
    }

    pub(super) fn handle_news(&mut self, now: Duration, news: News) {
        match news {
            News::Up => {
                self.cluster.is_up = true;
                self.cluster.announce_at = now;
                self.cluster.nodes = Nodes::default();
                for conn in self.table.all_members() {
                    self.appear(now, conn);
                }
            }
            News::Down => {
                self.cluster.is_up = false;
                self.cluster.nodes = Nodes::default();
            }
            News::Letter(letter) => self.handle_letter(now, letter),
            News::Undelivered(letter) => self.handle_undelivered(now, letter),
            News::NoRoom(letter) => self.handle_no_room(now, letter),
        }
    }

    /// Says what is new, when it is due; after each input.
    pub(super) fn announce_if_due(&mut self, now: Duration) {
        if !self.cluster.is_up {
            return;
        }
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let counts = Counts {
            members: count(self.table.members()),
            entries: count(self.table.entries()),
        };
        let (announced, last) = self.cluster.announced;
        if counts != announced {
            let soon = last.saturating_add(ANNOUNCE_PAUSE);
            self.cluster.announce_at = self.cluster.announce_at.min(soon);
        }
        if now < self.cluster.announce_at {
            return;
        }
        self.cluster.nodes.expire(now);
        let is_recent = |moved: Duration| now.saturating_sub(moved) < MOVED_FOR;
        self.cluster.moved.retain(|_, moved| is_recent(*moved));
        self.cluster.announced = (counts, now);
        self.cluster.announce_at = now.saturating_add(ANNOUNCE_EVERY);
        let node = self.cluster.node;
        self.publish(Channel::All, &Frame::Announce { node, counts });
    }

    /// A member is here from now on.
    pub(super) fn appear(&mut self, now: Duration, conn: ConnId) {
        if !self.cluster.is_up {
            return;
        }
        if let Some((id, claim)) = self.claim(now, conn) {
            self.cluster.moved.remove(&id);
            let claim = claim.encode();
            self.order(Order::Appear { id, claim });
        }
    }

    /// A member is here no more.
    pub(super) fn vanish(&mut self, id: &ClientId) {
        if self.cluster.is_up {
            self.order(Order::Vanish { id: id.clone() });
        }
    }

    fn claim(&mut self, now: Duration, conn: ConnId) -> Option<(ClientId, Frame)> {
        let proven = self.table.part_of(conn).is_some();
        let node = self.cluster.node;
        let (client, _) = self.table.get_mut(conn)?;
        let age = now.saturating_sub(client.since);
        Some((client.id.clone(), Frame::Claim { node, age, proven }))
    }

    /// Sends a member's message to where its receiver is.
    pub(super) fn send_elsewhere(&mut self, to: ElsewhereTo, text: String) {
        let origin = self.cluster.node;
        self.stats.sent_elsewhere += 1;
        match to {
            ElsewhereTo::Peer(id) => {
                self.publish(Channel::Peer(id), &Frame::Message { origin, text });
            }
            ElsewhereTo::Anyone(node, whom) => {
                self.publish(Channel::Node(node), &Frame::Anyone { origin, whom, text });
            }
        }
    }

    /// Who gets a message for anyone, wherever that is: all with the same probability, as far as
    /// the others have told how many they have.
    pub(super) fn anyone_anywhere_but(&mut self, conn: ConnId) -> Option<To> {
        if self.cluster.nodes.len() > 0 {
            let local = self.entries_but(conn);
            let remote = self.cluster.nodes.total(Whom::Entry);
            let is_proven = self.table.part_of(conn).is_some();
            let (local, remote, whom) = if is_proven && local + remote > 0 {
                (local, remote, Whom::Entry)
            } else {
                let remote = self.cluster.nodes.total(Whom::Member);
                (self.table.others(conn), remote, Whom::Member)
            };
            let draw = self.draw(local + remote);
            if let Some(node) = self.cluster.nodes.holder(whom, draw) {
                return Some(To::Elsewhere(ElsewhereTo::Anyone(node, whom)));
            }
        }
        self.anyone_but(conn).map(To::Client)
    }

    fn handle_letter(&mut self, now: Duration, letter: Letter) {
        let max_text = self.config.limits.message_bytes;
        let Ok(frame) = Frame::decode(&letter.frame, max_text) else {
            self.stats.letters_refused += 1;
            return;
        };
        let own = Channel::Node(self.cluster.node);
        match (letter.channel, frame) {
            (Channel::Peer(id), Frame::Message { origin, text }) => {
                self.handle_message_from_elsewhere(&id, origin, text);
            }
            (Channel::Peer(id), Frame::Claim { node, age, proven }) => {
                if node != self.cluster.node {
                    self.handle_claim(now, &id, node, age, proven);
                }
            }
            (channel, Frame::Anyone { origin, whom, text }) if channel == own => {
                self.handle_anyone_from_elsewhere(origin, whom, text);
            }
            (channel, Frame::Absent { text }) if channel == own => self.give_back(&text),
            (channel, Frame::Nobody { node, whom, text }) if channel == own => {
                self.cluster.nodes.empty(node, whom);
                self.try_again(now, text);
            }
            (channel, Frame::Taken { id }) if channel == own => self.handle_taken(&id),
            (Channel::All, Frame::Announce { node, counts }) => {
                if node != self.cluster.node && self.cluster.nodes.announce(now, node, counts) {
                    // It does not know of this one either.
                    self.cluster.announce_at = now;
                }
            }
            (Channel::All | Channel::Node(_) | Channel::Peer(_), _) => {
                self.stats.letters_refused += 1;
            }
        }
    }

    fn handle_message_from_elsewhere(&mut self, id: &ClientId, origin: NodeId, text: String) {
        let to = Head::parse(&text).ok().and_then(|head| head.to);
        if to.and_then(|to| canonical(&to)).as_ref() != Some(id) {
            self.stats.letters_refused += 1;
        } else if let Some(receiver) = self.table.named(id) {
            self.forward(receiver, text);
        } else if !self.cluster.moved.contains_key(id) {
            self.publish(Channel::Node(origin), &Frame::Absent { text });
        }
    }

    fn handle_anyone_from_elsewhere(&mut self, origin: NodeId, whom: Whom, text: String) {
        let head = Head::parse(&text).ok();
        let Some(from) = head
            .and_then(|head| head.from)
            .and_then(|from| canonical(&from))
        else {
            self.stats.letters_refused += 1;
            return;
        };
        let drawn = match whom {
            Whom::Entry => {
                let index = self.draw(self.table.entries());
                self.table.entry(index)
            }
            Whom::Member => {
                let index = self.draw(self.table.members());
                self.table.member(index)
            }
        };
        // The sender may have come here in the meantime.
        match drawn.filter(|drawn| self.table.named(&from) != Some(*drawn)) {
            Some(receiver) => self.forward(receiver, text),
            None => {
                let node = self.cluster.node;
                self.publish(Channel::Node(origin), &Frame::Nobody { node, whom, text });
            }
        }
    }

    /// Another server has a connection of this id. Of two with a proof, the one that connected last
    /// keeps it; ages are compared and not times, so that it does not matter what clocks say. What the claim's way takes makes
    /// the own connection look older, never younger: so there are never two that stay.
    fn handle_claim(
        &mut self,
        now: Duration,
        id: &ClientId,
        node: NodeId,
        age: Duration,
        proven: bool,
    ) {
        let Some(conn) = self.table.named(id) else {
            return;
        };
        let is_proven = self.table.part_of(conn).is_some();
        let Some((client, _)) = self.table.get_mut(conn) else {
            return;
        };
        let own_age = now.saturating_sub(client.since);
        let is_newer = (age, self.cluster.node) < (own_age, node);
        match (proven, is_proven) {
            (true, false) => self.leave_to_other(now, conn, id),
            (true, true) if is_newer => self.leave_to_other(now, conn, id),
            (true, true) => {
                // It claimed what it had while this one could not be heard.
                if let Some((id, claim)) = self.claim(now, conn) {
                    self.publish(Channel::Peer(id), &claim);
                }
            }
            (false, false) if !is_newer => self.close(conn, CloseReason::IdInUse),
            (false, true | false) => {
                let id = id.clone();
                self.publish(Channel::Node(node), &Frame::Taken { id });
            }
        }
    }

    fn leave_to_other(&mut self, now: Duration, conn: ConnId, id: &ClientId) {
        self.close(conn, CloseReason::Replaced);
        if self.cluster.moved.len() < MAX_MOVED {
            self.cluster.moved.insert(id.clone(), now);
        }
    }

    fn handle_taken(&mut self, id: &ClientId) {
        if let Some(conn) = self.table.named(id)
            && self.table.part_of(conn).is_none()
        {
            self.close(conn, CloseReason::IdInUse);
        }
    }

    fn handle_undelivered(&mut self, now: Duration, letter: Letter) {
        let max_text = self.config.limits.message_bytes;
        match (letter.channel, Frame::decode(&letter.frame, max_text)) {
            (Channel::Peer(_), Ok(Frame::Message { text, .. })) => self.give_back(&text),
            (Channel::Node(node), Ok(frame)) => {
                self.cluster.nodes.remove(node);
                if let Frame::Anyone { text, .. } = frame {
                    self.try_again(now, text);
                }
            }
            // Nobody waits for an answer to these.
            (Channel::All | Channel::Peer(_) | Channel::Node(_), _) => {}
        }
    }

    /// A letter did not even get to the engine.
    fn handle_no_room(&mut self, now: Duration, letter: Letter) {
        let max_text = self.config.limits.message_bytes;
        match Frame::decode(&letter.frame, max_text) {
            Ok(Frame::Message { text, .. }) => self.give_back(&text),
            Ok(Frame::Anyone { text, .. }) => self.keep_here(now, text),
            // Nobody waits for an answer to these.
            Ok(
                Frame::Absent { .. }
                | Frame::Nobody { .. }
                | Frame::Claim { .. }
                | Frame::Taken { .. }
                | Frame::Announce { .. },
            )
            | Err(_) => {}
        }
    }

    /// Tells the sender of a message that its receiver is nowhere.
    fn give_back(&mut self, text: &str) {
        let Ok(head) = Head::parse(text) else {
            return;
        };
        if let Some(conn) = self.sender_of(&head)
            && let Some(to) = &head.to
        {
            self.stats.returned += 1;
            self.refuse(conn, &unknown_peer(to, &head));
        }
    }

    /// Finds another receiver for a message for anyone.
    fn try_again(&mut self, now: Duration, text: String) {
        let Ok(head) = Head::parse(&text) else {
            return;
        };
        if let Some((conn, id)) = self.returned_for_anyone(&head) {
            self.handle_message(now, conn, &id, text);
        }
    }

    /// Finds a receiver at this server for a message for anyone.
    fn keep_here(&mut self, now: Duration, text: String) {
        let Ok(head) = Head::parse(&text) else {
            return;
        };
        if let Some((conn, id)) = self.returned_for_anyone(&head) {
            let receiver = self.anyone_but(conn).map(To::Client);
            let receiver = receiver.ok_or_else(|| nobody_else(&head));
            self.deliver(now, conn, &id, text, receiver);
        }
    }

    /// Counts a message for anyone that has come back, if it is one; gives its sender.
    fn returned_for_anyone(&mut self, head: &Head<'_>) -> Option<(ConnId, ClientId)> {
        let conn = self.sender_of(head).filter(|_| head.to.is_none())?;
        let (client, _) = self.table.get_mut(conn)?;
        self.stats.returned += 1;
        Some((conn, client.id.clone()))
    }

    fn sender_of(&self, head: &Head<'_>) -> Option<ConnId> {
        let from = head.from.as_deref().and_then(canonical)?;
        self.table.named(&from)
    }

    fn publish(&mut self, channel: Channel, frame: &Frame) {
        let frame = frame.encode();
        self.order(Order::Publish(Letter { channel, frame }));
    }

    fn order(&mut self, order: Order) {
        self.outputs.push_back(Output::Engine(order));
    }
}

/// Where a message goes that goes to another server.
pub(super) enum ElsewhereTo {
    /// Wherever the peer is.
    Peer(ClientId),
    /// To one of those of a server.
    Anyone(NodeId, Whom),
}

pub(super) fn unknown_peer(to: &str, head: &Head<'_>) -> Refusal {
    let message = "this peer is not connected";
    let mut refusal = Refusal::new(ErrorCode::UnknownPeer, message).of(head);
    refusal.peer = Some(to.to_owned());
    refusal
}
