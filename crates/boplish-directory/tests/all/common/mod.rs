//! A directory and the clients that are connected to it.

pub(crate) mod cluster;

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;

use boplish_directory::{
    ClientId, CloseReason, Config, ConnId, Directory, ErrorCode, Event, Input, Output,
};
use boplish_wire::Keypair;
use boplish_wire::bootstrap::{FromServer, challenge_response};

pub(crate) const LOCALHOST: IpAddr = IpAddr::V4(core::net::Ipv4Addr::LOCALHOST);

/// A key pair that belongs to a number.
pub(crate) fn keypair(number: u8) -> Keypair {
    Keypair::from_secret(&[number; 32])
}

/// The id of [`keypair`] with the same number.
pub(crate) fn id(number: u8) -> String {
    keypair(number).id().to_string()
}

pub(crate) fn text(from: &str, to: &str) -> String {
    format!(r#"{{"type":"chat","from":"{from}","to":"{to}","payload":"hello"}}"#)
}

pub(crate) fn offer(from: &str) -> String {
    format!(
        r#"{{"type":"signaling-protocol","from":"{from}","to":"","id":"17","payload":{{"type":"offer"}}}}"#
    )
}

/// A directory whose outputs are sorted by client.
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) now: Duration,
    pub(crate) events: Vec<Event>,
    /// Texts that clients were sent.
    pub(crate) sent: u64,
    connections: u64,
    heard: BTreeMap<ConnId, Vec<String>>,
    closed: BTreeMap<ConnId, CloseReason>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            directory: Directory::new(config, [1; 32]),
            now: Duration::ZERO,
            events: Vec::new(),
            sent: 0,
            connections: 0,
            heard: BTreeMap::new(),
            closed: BTreeMap::new(),
        }
    }

    /// A directory that admits the report's clients.
    pub(crate) fn open() -> Self {
        Self::new(Config {
            open_ids: true,
            ..Config::default()
        })
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.directory.handle_input(self.now, input);
        while let Some(output) = self.directory.poll_output() {
            match output {
                Output::Send { conn, text } => {
                    self.sent += 1;
                    self.heard.entry(conn).or_default().push(text);
                }
                Output::Close { conn, reason } => {
                    let former = self.closed.insert(conn, reason);
                    assert_eq!(former, None, "{conn:?} is closed once");
                }
                Output::Engine(order) => panic!("{order:?} without an engine"),
                Output::Event(event) => self.events.push(event),
            }
        }
        self.directory.check_invariants();
    }

    pub(crate) fn connect_from(&mut self, id: &str, address: IpAddr, wants_proof: bool) -> ConnId {
        self.connections += 1;
        let conn = ConnId(self.connections);
        self.input(Input::Connected {
            conn,
            id: ClientId::new(id).expect("tests use valid ids"),
            address,
            wants_proof,
        });
        conn
    }

    /// Connects one of the report's clients.
    pub(crate) fn connect(&mut self, id: &str) -> ConnId {
        self.connect_from(id, LOCALHOST, false)
    }

    /// Connects a client that is going to prove its id, and gives its challenge.
    pub(crate) fn challenge(&mut self, number: u8) -> (ConnId, [u8; 32]) {
        self.challenge_peer(&keypair(number))
    }

    fn challenge_peer(&mut self, keypair: &Keypair) -> (ConnId, [u8; 32]) {
        let conn = self.connect_from(&keypair.id().to_string(), LOCALHOST, true);
        let heard = self.take(conn);
        let Some(Ok(FromServer::Challenge { nonce, .. })) =
            heard.first().map(|text| FromServer::parse(text))
        else {
            panic!("no challenge: {heard:?}, {:?}", self.closed(conn));
        };
        (conn, nonce)
    }

    /// Connects a client and proves its id.
    pub(crate) fn admit(&mut self, number: u8) -> ConnId {
        self.admit_peer(&keypair(number))
    }

    /// Connects a client and proves its id, which is that of any key pair.
    pub(crate) fn admit_peer(&mut self, keypair: &Keypair) -> ConnId {
        let (conn, nonce) = self.challenge_peer(keypair);
        self.say(conn, &challenge_response(keypair, &nonce));
        let heard = self.take(conn);
        assert!(
            matches!(
                heard.first().map(|text| FromServer::parse(text)),
                Some(Ok(FromServer::Welcome { .. }))
            ),
            "no welcome: {heard:?}"
        );
        conn
    }

    pub(crate) fn say(&mut self, conn: ConnId, text: &str) {
        self.input(Input::Text {
            conn,
            text: text.to_owned(),
        });
    }

    /// What a client heard since it was last asked.
    pub(crate) fn take(&mut self, conn: ConnId) -> Vec<String> {
        self.heard.remove(&conn).unwrap_or_default()
    }

    /// The error that a client heard last, and nothing else since it was last asked.
    pub(crate) fn take_error(&mut self, conn: ConnId) -> boplish_wire::bootstrap::ServerError {
        let heard = self.take(conn);
        match heard
            .iter()
            .map(|text| FromServer::parse(text))
            .collect::<Vec<_>>()
            .as_slice()
        {
            [Ok(FromServer::Error(error))] => error.clone(),
            other => panic!("not one error: {other:?}"),
        }
    }

    pub(crate) fn assert_refused(&mut self, conn: ConnId, code: &ErrorCode) {
        assert_eq!(&self.take_error(conn).code, code);
        assert_eq!(self.closed(conn), None);
    }

    /// Why a client was closed, if it was.
    pub(crate) fn closed(&self, conn: ConnId) -> Option<CloseReason> {
        self.closed.get(&conn).copied()
    }

    pub(crate) fn connected(&self) -> u64 {
        self.directory.stats().connected
    }
}
