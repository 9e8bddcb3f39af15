//! The state machine: who is admitted, who gets a message, who is refused.
//!
//! - `cluster`: what other servers have to do with it.
//! - `entries`: who is kept so that newcomers can be introduced to somebody.
//! - `renewals`: TURN credentials, and when they are made anew.

mod cluster;
mod entries;
mod renewals;

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::bootstrap::{
    self, ChallengeError, ClientId, ErrorCode, Head, JOINED, NONCE, verify_challenge_response,
};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use crate::close::CloseReason;
use crate::cluster::NodeId;
use crate::config::Config;
use crate::io::{ConnId, Event, Input, Output, What};
use crate::refusal::{CHALLENGE_RESPONSE, Refusal, Undelivered, canonical};
use crate::stats::Stats;
use crate::table::{Client, Standing, Table};
use crate::work::Difficulty;
use renewals::Renewals;

use self::cluster::{Cluster, ElsewhereTo, unknown_peer};

/// Who is connected to a bootstrap server.
pub struct Directory {
    config: Config,
    random: ChaCha12Rng,
    table: Table,
    renewals: Renewals,
    difficulty: Difficulty,
    outputs: VecDeque<Output>,
    stats: Stats,
    cluster: Cluster,
    is_shut_down: bool,
}

impl Directory {
    /// An empty directory. The seed must be secret: the challenges are drawn from it.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut random = ChaCha12Rng::from_seed(seed);
        Self {
            config,
            cluster: Cluster::new(NodeId(random.next_u64())),
            random,
            table: Table::default(),
            renewals: Renewals::default(),
            difficulty: Difficulty::default(),
            outputs: VecDeque::new(),
            stats: Stats::default(),
            is_shut_down: false,
        }
    }

    /// Takes what happened at `now`, which is counted from any fixed moment and never goes back.
    pub fn handle_input(&mut self, now: Duration, input: Input) {
        match input {
            Input::Connected {
                conn,
                id,
                address,
                wants_proof,
            } => self.handle_connected(now, conn, id, address, wants_proof),
            Input::Text { conn, text } => self.handle_text(now, conn, text),
            Input::Binary { conn } => {
                let message = "the server takes text only, this is a binary message";
                self.strike(now, conn, &Refusal::new(ErrorCode::Binary, message));
            }
            Input::TooLarge { conn } => {
                let refusal = self.too_large();
                self.refuse(conn, &refusal);
                self.close(conn, CloseReason::TooLarge);
            }
            Input::NoSeat {
                conn,
                id,
                address,
                reason,
            } => {
                let id = canonical(id.as_str()).unwrap_or(id);
                self.turn_away(conn, Client::new(now, id, address), reason);
            }
            Input::SlowReader { conn } => self.close(conn, CloseReason::SlowReader),
            Input::Idle { conn } => self.close(conn, CloseReason::Idle),
            Input::Banned { conn } => self.close(conn, CloseReason::Banned),
            Input::Disconnected { conn } => {
                self.renewals.forget(conn);
                if let Some((client, standing)) = self.table.remove(conn) {
                    if let Standing::Member { .. } = standing {
                        self.vanish(&client.id);
                    }
                    self.log(conn, client, What::Left);
                }
            }
            Input::UnixTime(unix) => {
                self.renewals.set_unix(now, unix);
                self.renew(now);
            }
            Input::Engine(news) => self.handle_news(now, news),
            Input::Timeout => self.handle_timeout(now),
            Input::Shutdown => self.handle_shutdown(),
        }
        self.announce_if_due(now);
    }

    /// What is to be done next; `None` when all is done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let deadlines = [self.table.next_deadline(), self.table.next_release()];
        let deadlines = deadlines.into_iter().flatten();
        let deadlines = deadlines.map(|(deadline, _)| deadline);
        let deadlines = deadlines.chain(self.renewals.next());
        deadlines.chain(self.cluster.next_announcement()).min()
    }

    /// How many are connected, and what was counted so far.
    pub fn stats(&self) -> Stats {
        Stats {
            connected: self.table.members() as u64,
            unproven: self.table.challenged() as u64,
            entry_peers: self.table.entries() as u64,
            other_servers: self.cluster.others() as u64,
            ..self.stats
        }
    }

    /// Who is connected, whether proven or not, and from where: for the operator's bans.
    pub fn clients(&self) -> impl Iterator<Item = (ConnId, &ClientId, IpAddr)> {
        let all = self.table.all();
        all.map(|(conn, client)| (conn, &client.id, client.address))
    }

    /// Checks the tables against each other: for tests and the simulator.
    ///
    /// # Panics
    ///
    /// When an invariant is broken.
    pub fn check_invariants(&self) {
        self.table.check();
    }

    fn handle_connected(
        &mut self,
        now: Duration,
        conn: ConnId,
        id: ClientId,
        address: IpAddr,
        wants_proof: bool,
    ) {
        let id = canonical(id.as_str()).unwrap_or(id);
        let work = self.difficulty.of_newcomer(now, &self.config);
        let limits = &self.config.limits;
        let refusal = if self.is_shut_down {
            Some(CloseReason::Shutdown)
        } else if self.table.len() >= limits.connections {
            Some(CloseReason::ServerFull)
        } else if self.table.in_network_of(address) >= limits.connections_per_address {
            Some(CloseReason::AddressFull)
        } else if wants_proof {
            id.as_peer_id()
                .is_none()
                .then_some(CloseReason::IdNotProvable)
        } else if !self.config.open_ids {
            Some(CloseReason::ProofNeeded)
        } else if work > 0 {
            // A client of the report knows no challenge; it must not be the way around the work.
            Some(CloseReason::WorkNeeded)
        } else {
            self.table.named(&id).map(|_| CloseReason::IdInUse)
        };
        let client = Client::new(now, id, address);
        if let Some(reason) = refusal {
            self.turn_away(conn, client, reason);
        } else if wants_proof {
            self.challenge(now, conn, client, work);
        } else {
            let id = client.id.clone();
            self.table.add_unproven(conn, client);
            self.appear(now, conn);
            self.welcome(now, conn, &id, address, false);
        }
    }

    fn turn_away(&mut self, conn: ConnId, client: Client, reason: CloseReason) {
        self.stats.refused += 1;
        self.stats.refused_for.count(reason);
        self.outputs.push_back(Output::Close { conn, reason });
        self.log(conn, client, What::Refused(reason));
    }

    fn challenge(&mut self, now: Duration, conn: ConnId, client: Client, work: u8) {
        if self.table.challenged() >= self.config.limits.unproven
            && let Some((_, oldest)) = self.table.next_deadline()
        {
            self.close(oldest, CloseReason::Crowded);
        }
        let mut nonce = [0; NONCE];
        self.random.fill_bytes(&mut nonce);
        self.send(conn, bootstrap::challenge(client.id.as_str(), &nonce, work));
        let limits = &self.config.limits;
        let mut deadline = now.saturating_add(limits.proof_timeout);
        if work > 0 {
            deadline = deadline.saturating_add(limits.work_timeout);
        }
        self.table.challenge(conn, client, nonce, work, deadline);
    }

    fn handle_proof(
        &mut self,
        now: Duration,
        conn: ConnId,
        id: &ClientId,
        address: IpAddr,
        (nonce, work): (&[u8; NONCE], u8),
        text: &str,
    ) {
        let proof = match id.as_peer_id() {
            Some(peer) => verify_challenge_response(text, peer, nonce, work).map_err(|error| {
                let reason = match error {
                    ChallengeError::WorkNeeded(_) => CloseReason::WorkNeeded,
                    ChallengeError::Json(_)
                    | ChallengeError::NotAResponse(_)
                    | ChallengeError::WrongFrom(..)
                    | ChallengeError::Unproven(_) => CloseReason::BadProof,
                };
                (error.to_string(), reason)
            }),
            None => Err(("the id has no key".to_owned(), CloseReason::BadProof)),
        };
        match proof {
            Ok(()) => {
                if let Some(former) = self.table.named(id) {
                    self.close(former, CloseReason::Replaced);
                }
                self.table.admit_proven(conn);
                self.appear(now, conn);
                self.welcome(now, conn, id, address, true);
            }
            Err((message, reason)) => {
                self.refuse(conn, &Refusal::new(ErrorCode::Unproven, &message));
                self.close(conn, reason);
            }
        }
    }

    fn welcome(
        &mut self,
        now: Duration,
        conn: ConnId,
        id: &ClientId,
        address: IpAddr,
        proven: bool,
    ) {
        self.stats.admitted += 1;
        // A client of the report knows no welcome; it may speak at once.
        if proven {
            let ice_servers = self.ice_servers_for(now, conn, id.as_str());
            let network = self.config.network.as_ref();
            let text = bootstrap::welcome(id.as_str(), &ice_servers, network);
            self.send(conn, text);
        }
        self.outputs.push_back(Output::Event(Event {
            conn,
            id: id.clone(),
            address,
            what: What::Admitted { proven },
        }));
    }

    fn handle_text(&mut self, now: Duration, conn: ConnId, text: String) {
        let limits = &self.config.limits;
        let Some((client, standing)) = self.table.get_mut(conn) else {
            return;
        };
        let is_within_rate = client.messages.take(now, &limits.messages, 1)
            && client.bytes.take(now, &limits.bytes, text.len());
        if !is_within_rate {
            let message = "too many messages in a short time, this one was dropped";
            return self.strike(now, conn, &Refusal::new(ErrorCode::RateLimited, message));
        }
        if text.len() > limits.message_bytes {
            let refusal = self.too_large();
            return self.strike(now, conn, &refusal);
        }
        let (id, address) = (client.id.clone(), client.address);
        match standing {
            Standing::Challenged { nonce, work, .. } => {
                self.handle_proof(now, conn, &id, address, (&nonce, work), &text);
            }
            Standing::Member { .. } => self.handle_message(now, conn, &id, text),
        }
    }

    fn handle_message(&mut self, now: Duration, conn: ConnId, id: &ClientId, text: String) {
        let receiver = self.receiver_of(conn, id, &text);
        self.deliver(now, conn, id, text, receiver);
    }

    fn deliver(
        &mut self,
        now: Duration,
        conn: ConnId,
        id: &ClientId,
        text: String,
        receiver: Result<To, Undelivered>,
    ) {
        match receiver {
            Ok(To::Server) => self.handle_joined(now, conn),
            Ok(To::Client(receiver)) => self.forward(receiver, text),
            Ok(To::Elsewhere(to)) => self.send_elsewhere(to, text),
            Err(Undelivered::Denied { offer }) => {
                self.stats.denied += 1;
                self.send(conn, bootstrap::denied(id.as_str(), offer.as_deref()));
            }
            Err(Undelivered::Unlucky(refusal)) => self.refuse(conn, &refusal),
            Err(Undelivered::Wrong(refusal)) => self.strike(now, conn, &refusal),
        }
    }

    fn forward(&mut self, receiver: ConnId, text: String) {
        self.stats.forwarded += 1;
        self.stats.forwarded_bytes += text.len() as u64;
        self.send(receiver, text);
    }

    /// Who gets a member's message.
    fn receiver_of(&mut self, conn: ConnId, id: &ClientId, text: &str) -> Result<To, Undelivered> {
        let head = Head::parse(text)
            .map_err(|error| Undelivered::Wrong(Refusal::new(error.code(), &error.to_string())))?;
        let wrong = |code, message: &str| Undelivered::Wrong(Refusal::new(code, message).of(&head));
        let is_sender = |from: &str| from == id.as_str() || canonical(from).as_ref() == Some(id);
        if !head.from.as_deref().is_some_and(is_sender) {
            return Err(wrong(
                ErrorCode::WrongFrom,
                &format!("`from` must be the id of this connection, {id}"),
            ));
        }
        if head.kind.as_deref() == Some(CHALLENGE_RESPONSE) {
            return Err(wrong(
                ErrorCode::Malformed,
                "there is no challenge to answer",
            ));
        }
        let Some(to) = head.to.as_deref() else {
            if head.kind.as_deref() == Some(JOINED) && self.table.part_of(conn).is_some() {
                return Ok(To::Server);
            }
            let receiver = self.anyone_anywhere_but(conn);
            return receiver.ok_or_else(|| nobody_else(&head));
        };
        let receiver = canonical(to);
        if receiver.as_ref() == Some(id) {
            return Err(wrong(ErrorCode::Malformed, "`to` is the sender itself"));
        }
        let unknown = || Undelivered::Unlucky(unknown_peer(to, &head));
        let receiver = receiver.ok_or_else(unknown)?;
        match self.table.named(&receiver) {
            Some(conn) => Ok(To::Client(conn)),
            None if self.cluster.is_up() => Ok(To::Elsewhere(ElsewhereTo::Peer(receiver))),
            None => Err(unknown()),
        }
    }

    fn handle_timeout(&mut self, now: Duration) {
        while let Some((deadline, conn)) = self.table.next_deadline()
            && deadline <= now
        {
            self.close(conn, CloseReason::ProofTimeout);
        }
        self.release(now);
        self.renew(now);
    }

    fn handle_shutdown(&mut self) {
        self.is_shut_down = true;
        while let Some(conn) = self.table.first() {
            if let Some((client, _)) = self.table.get_mut(conn) {
                let text = bootstrap::shutdown(client.id.as_str(), CloseReason::Shutdown.text());
                self.send(conn, text);
            }
            self.close(conn, CloseReason::Shutdown);
        }
    }

    fn too_large(&self) -> Refusal {
        let limit = self.config.limits.message_bytes;
        Refusal::new(
            ErrorCode::TooLarge,
            &format!("a message has at most {limit} bytes"),
        )
    }

    /// Refuses a message by which a client broke the rules.
    fn strike(&mut self, now: Duration, conn: ConnId, refusal: &Refusal) {
        self.refuse(conn, refusal);
        if let Some((client, _)) = self.table.get_mut(conn)
            && !client.strikes.take(now, &self.config.limits.strikes, 1)
        {
            self.close(conn, CloseReason::TooManyErrors);
        }
    }

    fn refuse(&mut self, conn: ConnId, refusal: &Refusal) {
        let Some((client, _)) = self.table.get_mut(conn) else {
            return;
        };
        let (id, address) = (client.id.clone(), client.address);
        self.stats.errors += 1;
        let text = bootstrap::error(
            id.as_str(),
            &refusal.code,
            &refusal.message,
            refusal.peer.as_deref(),
            refusal.id.as_deref(),
        );
        self.send(conn, text);
        let what = What::Message(refusal.code.clone());
        self.outputs.push_back(Output::Event(Event {
            conn,
            id,
            address,
            what,
        }));
    }

    fn close(&mut self, conn: ConnId, reason: CloseReason) {
        self.renewals.forget(conn);
        let Some((client, standing)) = self.table.remove(conn) else {
            return;
        };
        self.outputs.push_back(Output::Close { conn, reason });
        let what = match standing {
            Standing::Challenged { .. } => {
                self.stats.refused += 1;
                self.stats.refused_for.count(reason);
                What::Refused(reason)
            }
            Standing::Member { .. } => {
                self.stats.closed += 1;
                self.stats.closed_for.count(reason);
                self.vanish(&client.id);
                What::Closed(reason)
            }
        };
        self.log(conn, client, what);
    }

    fn send(&mut self, conn: ConnId, text: String) {
        self.outputs.push_back(Output::Send { conn, text });
    }

    fn log(&mut self, conn: ConnId, client: Client, what: What) {
        self.outputs.push_back(Output::Event(Event {
            conn,
            id: client.id,
            address: client.address,
            what,
        }));
    }
}

/// What becomes of a message for anyone if its sender is alone.
fn nobody_else(head: &Head<'_>) -> Undelivered {
    if head.is_offer {
        let offer = head.id.as_deref().map(str::to_owned);
        return Undelivered::Denied { offer };
    }
    let message = "nobody else is connected";
    Undelivered::Unlucky(Refusal::new(ErrorCode::NoRecipient, message).of(head))
}

/// Who gets a member's message.
enum To {
    Server,
    Client(ConnId),
    Elsewhere(ElsewhereTo),
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
