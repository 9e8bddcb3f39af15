//! The virtual WebRTC connection: what each side has described, and whether they match.

use boplish_core::io::IceState;
use boplish_core::wire::Setup as DtlsSetup;
use boplish_core::wire::{
    Candidate, CandidateAddress, CandidateKind, Description, Fingerprint, SessionId, Transport,
};
use boplish_core::{ConnectionId, Time};

use crate::arena::Index;
use crate::lanes::Lane;
use crate::moment;
use crate::peer::PeerHandle;
use crate::random::Random;

/// Names one side of a connection.
pub(crate) type EndpointIndex = Index<Endpoint>;

/// One side of a connection: an `RTCPeerConnection`. There are tens of millions of them, so what
/// only the set-up needs is elsewhere.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) owner: PeerHandle,
    pub(crate) state: EndpointState,
    pub(crate) ice: Option<IceState>,
    /// Whether packets get through to the partner; of established connections only.
    pub(crate) is_up: bool,
    /// Whether what is sent waits for the path.
    pub(crate) is_stalled: bool,
    /// Its number, which the core counts up from 0.
    number: u32,
    pub(crate) partner: Option<EndpointIndex>,
    /// What this side has sent and the other has not received.
    pub(crate) out: Lane,
    pub(crate) out_bytes: u32,
    /// What was sent since the core was last told how much waits.
    pub(crate) untold: u32,
    /// Counts the changes of the path; deliveries and timers of ICE that are older are void.
    pub(crate) epoch: u32,
    /// When the latest item arrives, in nanoseconds: later ones don't overtake it.
    pub(crate) last_arrival: u64,
    /// Since when something waits for the path, as a [`stamp`]; [`NEVER`] if nothing does.
    pub(crate) waits_since: u32,
    /// When it was closed, as a [`stamp`].
    pub(crate) closed_at: u32,
    /// Of a connection that is being set up or restarted only.
    pub(crate) setup: Option<Box<Setup>>,
}

/// No moment.
pub(crate) const NEVER: u32 = u32::MAX;

/// A moment in units of 2^20 ns, about a millisecond.
pub(crate) fn stamp(at: Time) -> u32 {
    (moment::nanos(at) >> 20) as u32
}

/// The moment of a stamp.
pub(crate) fn stamped(stamp: u32) -> Time {
    moment::time(u64::from(stamp) << 20)
}

/// What is known of a connection while its two sides are looking for each other.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) session: SessionId,
    pub(crate) negotiation: Negotiation,
    /// Names the local description, in the whole world; what was scheduled for another is void.
    pub(crate) generation: u32,
    pub(crate) local: Option<Credentials>,
    pub(crate) remote: Option<Remote>,
    /// Candidates of this generation, those still to be told included.
    pub(crate) gathered: Vec<Candidate>,
    /// Which of them the other side can really reach, as a bit set.
    pub(crate) working: u32,
    /// Whether the core knows all of them.
    pub(crate) is_gathered: bool,
    /// Remote candidates for the newest remote description.
    pub(crate) received: Vec<(CandidateAddress, u16)>,
    /// Whether the two sides have found each other in this generation,
    pub(crate) is_checking: bool,
    /// and the core knows it.
    pub(crate) is_checked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointState {
    /// Not connected yet.
    Setup,
    /// DTLS and SCTP are there; the core does not know yet.
    Established,
    /// The core knows that the channel is open.
    Open,
    /// Over.
    Closed,
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

impl Item {
    /// Its bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Message(frame) => frame.len(),
            Self::Close => 0,
        }
    }
}

impl Endpoint {
    /// A side that has nothing yet.
    pub(crate) fn new(owner: PeerHandle, id: ConnectionId, setup: Option<Setup>) -> Self {
        Self {
            owner,
            state: EndpointState::Setup,
            ice: None,
            is_up: false,
            is_stalled: false,
            number: id.0 as u32,
            partner: None,
            out: Lane::EMPTY,
            out_bytes: 0,
            untold: 0,
            epoch: 0,
            last_arrival: 0,
            waits_since: NEVER,
            closed_at: 0,
            setup: setup.map(Box::new),
        }
    }

    /// A side whose set-up is long over.
    pub(crate) fn at_rest(owner: PeerHandle, id: ConnectionId) -> Self {
        Self {
            state: EndpointState::Open,
            ice: Some(IceState::Connected),
            is_up: true,
            ..Self::new(owner, id, None)
        }
    }

    pub(crate) fn id(&self) -> ConnectionId {
        ConnectionId(u64::from(self.number))
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self.state {
            EndpointState::Closed => true,
            EndpointState::Setup | EndpointState::Established | EndpointState::Open => false,
        }
    }

    /// Whether DTLS and SCTP are there and nobody here has ended them.
    pub(crate) fn is_established(&self) -> bool {
        match self.state {
            EndpointState::Established | EndpointState::Open => true,
            EndpointState::Setup | EndpointState::Closed => false,
        }
    }

    /// The generation of the local description; `None` when all is settled.
    pub(crate) fn generation(&self) -> Option<u32> {
        self.setup.as_ref().map(|setup| setup.generation)
    }

    pub(crate) fn negotiation(&self) -> Negotiation {
        let negotiation = self.setup.as_ref().map(|setup| setup.negotiation);
        negotiation.unwrap_or(Negotiation::Stable)
    }

    pub(crate) fn is_checking(&self) -> bool {
        self.setup.as_ref().is_some_and(|setup| setup.is_checking)
    }

    pub(crate) fn stop_checking(&mut self) {
        if let Some(setup) = &mut self.setup {
            setup.is_checking = false;
        }
    }

    /// Whether nothing of the set-up is needed any more.
    pub(crate) fn is_settled(&self) -> bool {
        let is_done = |setup: &Setup| {
            setup.negotiation == Negotiation::Stable && setup.is_gathered && setup.is_checked
        };
        self.state == EndpointState::Open && self.setup.as_ref().is_none_or(|it| is_done(it))
    }

    /// The path is cut: what is on its way is lost and will be sent again.
    pub(crate) fn stall(&mut self, now: Time) {
        if !self.is_stalled {
            self.is_stalled = true;
            self.epoch = self.epoch.wrapping_add(1);
            self.waits_since = match self.out.is_empty() {
                true => NEVER,
                false => stamp(now),
            };
        }
    }

    /// The path has healed. The answer is since when something waits for its retransmission;
    /// `None` if nothing does, and the channel flows again at once.
    pub(crate) fn heal(&mut self) -> Option<Time> {
        let waits = self.is_stalled && self.waits_since != NEVER && !self.out.is_empty();
        match waits {
            true => Some(stamped(self.waits_since)),
            false => {
                self.is_stalled = false;
                None
            }
        }
    }
}

impl Setup {
    pub(crate) fn new(session: SessionId, negotiation: Negotiation) -> Self {
        Self {
            session,
            negotiation,
            generation: 0,
            local: None,
            remote: None,
            gathered: Vec::new(),
            working: 0,
            is_gathered: false,
            received: Vec::new(),
            is_checking: false,
            is_checked: false,
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

    /// Begins a new local description, which this endpoint's `ufrag` leads to.
    pub(crate) fn regenerate(
        &mut self,
        (owner, slot): (PeerHandle, u32),
        generation: u32,
        random: &mut Random,
        most_candidates: u64,
    ) {
        self.generation = generation;
        self.is_gathered = false;
        self.is_checking = false;
        self.is_checked = false;
        self.local = Some(Credentials {
            ufrag: ufrag(slot, random),
            pwd: random.ice_text(24),
        });
        let count = 1 + random.below(most_candidates) as u16;
        let candidate = |index| candidate(owner, index, random);
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
                Negotiation::Offering | Negotiation::Offered => DtlsSetup::ActPass,
                Negotiation::Answering | Negotiation::Stable => DtlsSetup::Active,
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

/// Digits of a number with six bits each: all that a `ufrag` may consist of.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A user name fragment of eight digits: the endpoint's slot, so that it is found without a
/// table, and 16 random bits.
fn ufrag(slot: u32, random: &mut Random) -> Box<str> {
    let number = u64::from(slot) << 16 | (random.word() & 0xFFFF);
    let digit = |place| char::from(DIGITS[(number >> (6 * place)) as usize % 64]);
    (0..8).map(digit).collect::<String>().into()
}

/// The slot of the endpoint that a user name fragment leads to, if there is one.
pub(crate) fn slot_of(ufrag: &str) -> Option<u32> {
    let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
    let mut number = 0;
    for byte in ufrag.bytes().rev() {
        number = number << 6 | value(byte)? as u64;
    }
    (ufrag.len() == 8).then_some((number >> 16) as u32)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_small() {
        assert!(size_of::<Endpoint>() <= 64);
        assert_eq!(size_of::<Option<Endpoint>>(), size_of::<Endpoint>());
    }

    #[test]
    fn a_ufrag_leads_to_its_endpoint() {
        let mut random = Random::new(1);
        for slot in [0, 1, 77, 1 << 20, u32::MAX] {
            assert_eq!(slot_of(&ufrag(slot, &mut random)), Some(slot));
        }
        assert_eq!(slot_of("short"), None);
        assert_eq!(slot_of("umlauts€"), None);
    }
}
