//! The virtual WebRTC connection: what each side has described, and whether they match.

use boplish_core::io::IceState;
use boplish_core::wire::{
    Candidate, CandidateAddress, CandidateKind, Description, Fingerprint, SessionId, Setup,
    Transport,
};
use boplish_core::{ConnectionId, Time};

use crate::peer::PeerHandle;
use crate::pipe::Pipe;
use crate::random::Random;

/// Names one side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EndpointIndex(pub(crate) u32);

/// One side of a connection: an `RTCPeerConnection`.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) owner: PeerHandle,
    pub(crate) id: ConnectionId,
    pub(crate) session: SessionId,
    pub(crate) state: EndpointState,
    pub(crate) negotiation: Negotiation,
    /// Counts local descriptions; what was scheduled for an older one is void.
    pub(crate) generation: u32,
    pub(crate) local: Option<Credentials>,
    pub(crate) remote: Option<Remote>,
    /// Candidates of this generation, those still to be told included.
    pub(crate) gathered: Vec<Candidate>,
    /// Which of them the other side can really reach, as a bit set.
    pub(crate) working: u32,
    /// Remote candidates for the newest remote description.
    pub(crate) received: Vec<(CandidateAddress, u16)>,
    /// Whether the two sides have found each other in this generation.
    pub(crate) is_checking: bool,
    pub(crate) partner: Option<EndpointIndex>,
    pub(crate) ice: Option<IceState>,
    /// Whether packets get through to the partner; of established connections only.
    pub(crate) is_up: bool,
    /// Counts the changes of `is_up`; timers of ICE that are older are void.
    pub(crate) path_epoch: u32,
    /// What this side sends.
    pub(crate) out: Pipe<Item>,
    pub(crate) out_bytes: usize,
    /// When the last byte has left, where bandwidth is bounded.
    pub(crate) departed: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointState {
    /// Not connected yet.
    Setup,
    /// DTLS and SCTP are there; the core does not know yet.
    Established,
    /// The core knows that the channel is open.
    Open,
    /// Over, since then.
    Closed(Time),
}

/// The signaling state (JSEP, RFC 9429, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negotiation {
    /// An offer is being made.
    Offering,
    /// An offer is made and waits for its answer.
    Offered,
    /// An answer is being made.
    Answering,
    /// Both descriptions are set.
    Stable,
}

#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) ufrag: Box<str>,
    pub(crate) pwd: Box<str>,
}

/// The remote description, as it was signalled.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) ufrag: Box<str>,
    pub(crate) pwd: Box<str>,
    pub(crate) fingerprint: Fingerprint,
}

#[derive(Debug)]
pub(crate) enum Item {
    Message(Vec<u8>),
    /// The channel's end.
    Close,
}

impl Endpoint {
    pub(crate) fn new(
        owner: PeerHandle,
        id: ConnectionId,
        session: SessionId,
        negotiation: Negotiation,
    ) -> Self {
        Self {
            owner,
            id,
            session,
            state: EndpointState::Setup,
            negotiation,
            generation: 0,
            local: None,
            remote: None,
            gathered: Vec::new(),
            working: 0,
            received: Vec::new(),
            is_checking: false,
            partner: None,
            ice: None,
            is_up: false,
            path_epoch: 0,
            out: Pipe::new(),
            out_bytes: 0,
            departed: Time::START,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self.state {
            EndpointState::Closed(_) => true,
            EndpointState::Setup | EndpointState::Established | EndpointState::Open => false,
        }
    }

    /// Whether DTLS and SCTP are there and nobody here has ended them.
    pub(crate) fn is_established(&self) -> bool {
        match self.state {
            EndpointState::Established | EndpointState::Open => true,
            EndpointState::Setup | EndpointState::Closed(_) => false,
        }
    }

    pub(crate) fn set_remote(&mut self, description: &Description) {
        self.remote = Some(Remote {
            ufrag: description.ufrag.clone(),
            pwd: description.pwd.clone(),
            fingerprint: description.fingerprint,
        });
        self.received.clear();
        self.is_checking = false;
        self.add_candidates(&description.candidates);
    }

    pub(crate) fn add_candidates(&mut self, candidates: &[Candidate]) {
        let places = candidates.iter().map(|it| (it.address.clone(), it.port));
        self.received.extend(places);
    }

    /// Begins a new local description.
    pub(crate) fn regenerate(&mut self, random: &mut Random, most_candidates: u64) {
        self.generation += 1;
        self.is_checking = false;
        self.local = Some(Credentials {
            ufrag: random.ice_text(8),
            pwd: random.ice_text(24),
        });
        let count = 1 + random.below(most_candidates) as u16;
        let candidate = |index| candidate(self.owner, index, random);
        self.gathered = (0..count).map(candidate).collect();
        // The last one always works.
        self.working = random.word() as u32 | (1 << (count - 1));
    }

    pub(crate) fn description(&self, fingerprint: Fingerprint, known: usize) -> Description {
        let local = self.local.as_ref().expect("a description is being made");
        Description {
            session: self.session,
            ufrag: local.ufrag.clone(),
            pwd: local.pwd.clone(),
            fingerprint,
            setup: match self.negotiation {
                Negotiation::Offering | Negotiation::Offered => Setup::ActPass,
                Negotiation::Answering | Negotiation::Stable => Setup::Active,
            },
            candidates: self.gathered[..known].to_vec(),
        }
    }

    /// Whether ICE's checks between the two would be answered: each has the other's credentials,
    /// and one at least knows where the other is.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        let knows = |this: &Self, that: &Self| {
            let credentials = this.remote.as_ref().zip(that.local.as_ref());
            credentials.is_some_and(|(remote, local)| {
                remote.ufrag == local.ufrag && remote.pwd == local.pwd
            })
        };
        let finds = |this: &Self, that: &Self| {
            let mut places = this.received.iter();
            places.any(|(address, port)| {
                let is_it = |it: &Candidate| it.address == *address && it.port == *port;
                let index = that.gathered.iter().position(is_it);
                index.is_some_and(|index| that.working & (1 << index) != 0)
            })
        };
        knows(self, other) && knows(other, self) && (finds(self, other) || finds(other, self))
    }
}

fn candidate(owner: PeerHandle, index: u16, random: &mut Random) -> Candidate {
    let address = match random.chance(500) {
        true => CandidateAddress::Ip(address_of(owner)),
        false => CandidateAddress::Name(format!("{:016x}.local", random.word()).into()),
    };
    Candidate {
        foundation: (index + 1).to_string().into(),
        transport: Transport::Udp,
        priority: (126 << 24) - u32::from(index),
        address,
        port: 1024 + random.below(60_000) as u16,
        kind: CandidateKind::Host,
    }
}

/// Each peer has an address of its own.
pub(crate) fn address_of(peer: PeerHandle) -> core::net::IpAddr {
    core::net::IpAddr::V4(core::net::Ipv4Addr::from_bits((10 << 24) + peer.0 + 1))
}
