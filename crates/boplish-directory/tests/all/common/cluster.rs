//! Directories with an engine between them that delays, loses and fails.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use boplish_directory::{
    Channel, ClientId, CloseReason, Config, ConnId, Directory, Input, Letter, News, Order, Output,
};
use boplish_wire::bootstrap::{ErrorCode, FromServer, challenge_response, joined};

use super::{LOCALHOST, id, keypair};

/// Where a client is: the number of its server, and its connection there.
pub(crate) type Place = (usize, ConnId);

/// Servers, their clients, and the engine.
pub(crate) struct Cluster {
    pub(crate) now: Duration,
    nodes: Vec<Option<Node>>,
    /// Whether each server has a connection to the engine.
    linked: Vec<bool>,
    listening: BTreeMap<Channel, BTreeSet<usize>>,
    /// What is under way, by when it arrives.
    under_way: BTreeMap<(Duration, u64), Event>,
    sent: u64,
    /// What goes one way between a server and the engine keeps its order.
    last_up: Vec<Duration>,
    last_down: Vec<Duration>,
    random: u64,
    max_delay: Duration,
    /// Of 1,000 deliveries.
    losses: u64,
    connections: u64,
}

struct Node {
    directory: Directory,
    heard: BTreeMap<ConnId, Vec<String>>,
    closed: BTreeMap<ConnId, CloseReason>,
}

enum Event {
    ToEngine(usize, Order),
    ToNode(usize, News),
}

impl Cluster {
    pub(crate) fn new(servers: usize, seed: u64) -> Self {
        Self::with(servers, seed, Config::default())
    }

    pub(crate) fn with(servers: usize, seed: u64, config: Config) -> Self {
        let mut cluster = Self {
            now: Duration::ZERO,
            nodes: Vec::new(),
            linked: vec![false; servers],
            listening: BTreeMap::new(),
            under_way: BTreeMap::new(),
            sent: 0,
            last_up: vec![Duration::ZERO; servers],
            last_down: vec![Duration::ZERO; servers],
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            max_delay: Duration::from_micros(400),
            losses: 0,
            connections: 0,
        };
        for _ in 0..servers {
            let seed = [0; 4].map(|_: u64| cluster.draw(u64::MAX).to_be_bytes());
            cluster.nodes.push(Some(Node {
                directory: Directory::new(
                    config.clone(),
                    *seed.as_flattened().first_chunk().expect("32 bytes"),
                ),
                heard: BTreeMap::new(),
                closed: BTreeMap::new(),
            }));
        }
        for server in 0..servers {
            cluster.link(server);
        }
        cluster.settle();
        cluster
    }

    pub(crate) fn draw(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    pub(crate) fn set_losses(&mut self, per_mille: u64) {
        self.losses = per_mille;
    }

    pub(crate) fn directory(&self, server: usize) -> &Directory {
        &self.nodes[server]
            .as_ref()
            .expect("the server runs")
            .directory
    }

    /// Connects a server to the engine.
    pub(crate) fn link(&mut self, server: usize) {
        self.linked[server] = true;
        let node = Channel::Node(self.directory(server).node());
        for channel in [Channel::All, node] {
            self.listening.entry(channel).or_default().insert(server);
        }
        self.input(server, Input::Engine(News::Up));
    }

    /// Takes the engine from a server; what is under way is lost.
    pub(crate) fn unlink(&mut self, server: usize) {
        self.forget(server);
        self.input(server, Input::Engine(News::Down));
    }

    /// Kills a server.
    pub(crate) fn crash(&mut self, server: usize) {
        self.forget(server);
        self.nodes[server] = None;
    }

    fn forget(&mut self, server: usize) {
        self.linked[server] = false;
        for listening in self.listening.values_mut() {
            listening.remove(&server);
        }
        self.under_way.retain(|_, event| match event {
            Event::ToEngine(of, _) | Event::ToNode(of, _) => *of != server,
        });
    }

    pub(crate) fn input(&mut self, server: usize, input: Input) {
        let now = self.now;
        let Some(node) = &mut self.nodes[server] else {
            return;
        };
        node.directory.handle_input(now, input);
        let mut orders = Vec::new();
        while let Some(output) = node.directory.poll_output() {
            match output {
                Output::Send { conn, text } => node.heard.entry(conn).or_default().push(text),
                Output::Close { conn, reason } => {
                    assert_eq!(node.closed.insert(conn, reason), None, "closed once");
                }
                Output::Engine(order) => orders.push(order),
                Output::Event(_) => {}
            }
        }
        node.directory.check_invariants();
        for order in orders {
            assert!(self.linked[server], "{order:?} without an engine");
            let at = self.arrival(|it| &mut it.last_up[server]);
            self.under_way.insert(at, Event::ToEngine(server, order));
        }
    }

    fn arrival(&mut self, last: impl Fn(&mut Self) -> &mut Duration) -> (Duration, u64) {
        let most = u64::try_from(self.max_delay.as_micros()).expect("a short delay");
        let at = self.now + Duration::from_micros(self.draw(most + 1));
        let last = last(self);
        *last = at.max(*last);
        let at = *last;
        self.sent += 1;
        (at, self.sent)
    }

    /// Lets time pass, and everything happen that is due in it.
    pub(crate) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let timers = (0..self.nodes.len()).filter_map(|server| {
                let directory = &self.nodes[server].as_ref()?.directory;
                Some((directory.poll_timeout()?, server))
            });
            let timer = timers.min();
            let event = self.under_way.first_key_value().map(|(at, _)| *at);
            match (event, timer) {
                (Some(at), timer)
                    if at.0 <= until && timer.is_none_or(|(timer, _)| at.0 <= timer) =>
                {
                    self.now = self.now.max(at.0);
                    if let Some(event) = self.under_way.remove(&at) {
                        self.carry_out(event);
                    }
                }
                (_, Some((timer, server))) if timer <= until => {
                    self.now = self.now.max(timer);
                    self.input(server, Input::Timeout);
                }
                (_, _) => break,
            }
        }
        self.now = until;
    }

    /// Long enough for whatever is under way, and for announcements.
    pub(crate) fn settle(&mut self) {
        self.run(Duration::from_millis(300));
    }

    fn carry_out(&mut self, event: Event) {
        match event {
            Event::ToNode(server, news) => self.input(server, Input::Engine(news)),
            Event::ToEngine(server, Order::Appear { id, claim }) => {
                let channel = Channel::Peer(id);
                let listening = self.listening.entry(channel.clone()).or_default();
                listening.insert(server);
                self.publish(
                    server,
                    Letter {
                        channel,
                        frame: claim,
                    },
                );
            }
            Event::ToEngine(server, Order::Vanish { id }) => {
                if let Some(listening) = self.listening.get_mut(&Channel::Peer(id)) {
                    listening.remove(&server);
                }
            }
            Event::ToEngine(server, Order::Publish(letter)) => self.publish(server, letter),
        }
    }

    fn publish(&mut self, from: usize, letter: Letter) {
        let listening = self
            .listening
            .get(&letter.channel)
            .cloned()
            .unwrap_or_default();
        if listening.is_empty() {
            let at = self.arrival(|it| &mut it.last_down[from]);
            let news = News::Undelivered(letter);
            self.under_way.insert(at, Event::ToNode(from, news));
            return;
        }
        for server in listening {
            if self.draw(1_000) >= self.losses {
                let at = self.arrival(|it| &mut it.last_down[server]);
                let news = News::Letter(letter.clone());
                self.under_way.insert(at, Event::ToNode(server, news));
            }
        }
    }

    pub(crate) fn connect(&mut self, server: usize, number: u8, wants_proof: bool) -> Place {
        self.connections += 1;
        let conn = ConnId(self.connections);
        let id = ClientId::new(&id(number)).expect("a peer id is a client id");
        let address = LOCALHOST;
        self.input(
            server,
            Input::Connected {
                conn,
                id,
                address,
                wants_proof,
            },
        );
        (server, conn)
    }

    /// Connects a client that proves its id.
    pub(crate) fn admit(&mut self, server: usize, number: u8) -> Place {
        let place = self.connect(server, number, true);
        let heard = self.take(place);
        let Some(Ok(FromServer::Challenge { nonce, .. })) =
            heard.first().map(|text| FromServer::parse(text))
        else {
            panic!("no challenge: {heard:?}");
        };
        self.say(place, &challenge_response(&keypair(number), &nonce));
        self.take(place);
        place
    }

    /// Connects a client that proves its id and has joined the network.
    pub(crate) fn join(&mut self, server: usize, number: u8) -> Place {
        let place = self.admit(server, number);
        self.say(place, &joined(keypair(number).id()));
        place
    }

    pub(crate) fn leave(&mut self, (server, conn): Place) {
        self.input(server, Input::Disconnected { conn });
    }

    pub(crate) fn say(&mut self, (server, conn): Place, text: &str) {
        let text = text.to_owned();
        self.input(server, Input::Text { conn, text });
    }

    /// What a client heard since it was last asked.
    pub(crate) fn take(&mut self, (server, conn): Place) -> Vec<String> {
        let node = self.nodes[server].as_mut();
        node.and_then(|node| node.heard.remove(&conn))
            .unwrap_or_default()
    }

    /// The code of the only error that a client heard, and of nothing else.
    pub(crate) fn take_error(&mut self, place: Place) -> ErrorCode {
        let heard = self.take(place);
        let parsed: Vec<_> = heard.iter().map(|text| FromServer::parse(text)).collect();
        match parsed.as_slice() {
            [Ok(FromServer::Error(error))] => error.code.clone(),
            other => panic!("not one error: {other:?}"),
        }
    }

    pub(crate) fn closed(&self, (server, conn): Place) -> Option<CloseReason> {
        let node = self.nodes[server].as_ref()?;
        node.closed.get(&conn).copied()
    }
}
