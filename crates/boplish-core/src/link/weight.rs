//! What links weigh: a million peers have to fit into the simulator.

use core::time::Duration;

use boplish_wire::sdp::candidate_from_sdp;
use boplish_wire::{Candidate, Description, Fingerprint, Keypair, PeerId, SessionId, Setup};
use cap::Cap;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{LinkOutput, Links};
use crate::config::LinkConfig;
use crate::io::{ConnectionCommand, ConnectionId, ConnectionInput};
use crate::table::Table;
use crate::time::Time;

#[global_allocator]
static ALLOCATOR: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

/// The links of one peer, and the shell that they believe to have.
struct End {
    links: Links,
    fingerprint: Fingerprint,
    rng: Xoshiro256PlusPlus,
}

/// Peers that are linked each to each.
struct Ends {
    now: Time,
    ends: Table<PeerId, End>,
    /// The ends of each data channel: an answer's `ufrag` names its offer's connection here.
    channels: Table<(PeerId, ConnectionId), (PeerId, ConnectionId)>,
    offers: Table<SessionId, (PeerId, ConnectionId)>,
}

impl Ends {
    fn new(count: u8) -> Self {
        let now = Time::START;
        let ends = (0..count).map(|seed| {
            let keypair = Keypair::from_secret(&[seed; 32]);
            let mut rng = Xoshiro256PlusPlus::from_seed([seed + 1; 32]);
            let id = keypair.id();
            let links_rng = Xoshiro256PlusPlus::from_rng(&mut rng);
            let links = Links::new(LinkConfig::default().into(), keypair.into(), links_rng, now);
            let fingerprint = Fingerprint([seed; 32]);
            (
                id,
                End {
                    links,
                    fingerprint,
                    rng,
                },
            )
        });
        Self {
            now,
            ends: ends.collect(),
            channels: Table::new(),
            offers: Table::new(),
        }
    }

    /// Every peer connects to those behind it.
    fn connect_all(&mut self) {
        let ids: Vec<PeerId> = self.ends.keys().copied().collect();
        for (index, from) in ids.iter().enumerate() {
            for to in &ids[index + 1..] {
                let now = self.now;
                if let Some(end) = self.ends.get_mut(from) {
                    end.links.connect(now, *to);
                }
                self.settle();
            }
        }
        // Until trickling is over.
        for _ in 0..40 {
            self.now += Duration::from_millis(100);
            for id in &ids {
                if let Some(end) = self.ends.get_mut(id) {
                    end.links.handle_timeout(self.now);
                }
                self.settle();
            }
        }
    }

    fn settle(&mut self) {
        loop {
            let mut ends = (&mut self.ends).into_iter();
            let next = ends.find_map(|(id, end)| Some((*id, end.links.poll_output()?)));
            match next {
                Some((id, output)) => self.carry(id, output),
                None => break,
            }
        }
    }

    fn carry(&mut self, from: PeerId, output: LinkOutput) {
        if let LinkOutput::Signal { to, payload } = output {
            let now = self.now;
            if let Some(end) = to.and_then(|to| self.ends.get_mut(&to)) {
                end.links.handle_signal(now, from, to, &payload, true);
            }
        } else if let LinkOutput::Command(connection, command) = output {
            self.command(from, connection, command);
        }
    }

    fn command(&mut self, id: PeerId, connection: ConnectionId, command: ConnectionCommand) {
        match command {
            ConnectionCommand::CreateOffer => {
                let description = self.describe(id, Setup::ActPass);
                if let Some(description) = description {
                    self.offers.insert(description.session, (id, connection));
                    self.input(
                        id,
                        connection,
                        ConnectionInput::LocalDescription(description),
                    );
                }
                self.gather(id, connection);
            }
            ConnectionCommand::CreateAnswer { offer } => {
                if let Some(offerer) = self.offers.remove(&offer.session) {
                    self.channels.insert((id, connection), offerer);
                    self.channels.insert(offerer, (id, connection));
                }
                if let Some(description) = self.describe(id, Setup::Active) {
                    self.input(
                        id,
                        connection,
                        ConnectionInput::LocalDescription(description),
                    );
                }
                self.gather(id, connection);
            }
            ConnectionCommand::AcceptAnswer(_) => {
                if let Some((other, theirs)) = self.channels.get(&(id, connection)).copied() {
                    self.input(id, connection, ConnectionInput::Opened);
                    self.input(other, theirs, ConnectionInput::Opened);
                }
            }
            ConnectionCommand::Send(bytes) => {
                if let Some((other, theirs)) = self.channels.get(&(id, connection)).copied() {
                    self.input(other, theirs, ConnectionInput::Message(bytes));
                    self.input(id, connection, ConnectionInput::BufferedAmount(0));
                }
            }
            ConnectionCommand::AddCandidates(_)
            | ConnectionCommand::RestartIce
            | ConnectionCommand::AnswerRestart { .. }
            | ConnectionCommand::Close => {}
        }
    }

    fn gather(&mut self, id: PeerId, connection: ConnectionId) {
        let line = "candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host";
        let candidate = candidate_from_sdp(line).unwrap().unwrap();
        self.input(id, connection, ConnectionInput::LocalCandidate(candidate));
        self.input(id, connection, ConnectionInput::LocalCandidatesDone);
    }

    fn describe(&mut self, id: PeerId, setup: Setup) -> Option<Description> {
        let end = self.ends.get_mut(&id)?;
        Some(Description {
            session: SessionId(end.rng.next_u64() >> 1),
            ufrag: "abcdefgh".into(),
            pwd: "0123456789012345678901".into(),
            fingerprint: end.fingerprint,
            setup,
            candidates: Vec::<Candidate>::new(),
        })
    }

    fn input(&mut self, id: PeerId, connection: ConnectionId, input: ConnectionInput) {
        if let Some(end) = self.ends.get_mut(&id) {
            end.links.handle_connection(self.now, connection, input);
        }
    }

    fn open_links(&self) -> usize {
        let count = |end: &End| end.links.linked_peers().count();
        self.ends.values().map(count).sum()
    }
}

/// Bytes of an open link and of the links of a peer that has none. Other tests that run at the
/// same time count, too.
fn measure() -> (isize, isize) {
    const PEERS: u8 = 35;
    let allocated = || ALLOCATOR.allocated().cast_signed();
    let before = allocated();
    let mut ends = Ends::new(PEERS);
    let idle = allocated();
    ends.connect_all();
    let peers = isize::from(PEERS);
    let links = ends.open_links().cast_signed();
    assert_eq!(links, peers * (peers - 1));
    (ends.channels, ends.offers) = (Table::new(), Table::new());
    ((allocated() - idle) / links, (idle - before) / peers)
}

#[test]
fn an_open_link_weighs_at_most_200_bytes() {
    // Two in a row that agree were measured while nothing else went on.
    let mut last = measure();
    let settled = (0..100).find_map(|_| {
        let before = core::mem::replace(&mut last, measure());
        (before == last).then_some(last)
    });
    let (weight, idle) = settled.expect("other tests come to an end");
    println!("an open link: {weight} bytes; idle links: {idle} bytes");
    assert!((1..=200).contains(&weight), "{weight} bytes");
}
