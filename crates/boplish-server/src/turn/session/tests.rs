//! One client of the TURN server, message by message.

mod bounds;

use stun_types::attribute::{Nonce, Realm};
use stun_types::message::{BINDING, Method};
use turn_server_proto::types::attribute::{
    AdditionalAddressFamily, Data, Lifetime, RequestedTransport, XorRelayedAddress,
};
use turn_server_proto::types::channel::ChannelData;
use turn_server_proto::types::message::{DATA, SEND};

use super::super::config::TurnLimits;
use super::*;

const START: Duration = Duration::from_secs(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);
const SECRET: &str = "north";

fn address(text: &str) -> SocketAddr {
    text.parse().expect("this is an address")
}

fn peer() -> SocketAddr {
    address("203.0.113.9:4000")
}

fn rules(limits: TurnLimits) -> Arc<Rules> {
    rules_at("198.51.100.7:1", limits)
}

fn rules_at(public: &str, limits: TurnLimits) -> Arc<Rules> {
    let public = address(public).ip();
    Arc::new(Rules {
        secret: TurnSecret::new(SECRET),
        quotas: Quotas::new(limits),
        policy: Policy::new(false, vec![public]),
        public: vec![public],
    })
}

/// A client and its session.
struct World {
    session: Session,
    now: Duration,
    username: String,
    password: String,
    nonce: Option<String>,
    opened: u16,
    closed: Vec<SocketAddr>,
    to_peers: Vec<(SocketAddr, Vec<u8>)>,
}

impl World {
    fn new(rules: &Arc<Rules>, client: &str, peer: &str) -> Self {
        let username = format!("{}:{peer}", (START + SECOND * 3_600).as_secs());
        let listen = address("198.51.100.7:3478");
        Self {
            session: Session::new(SECOND, address(client), listen, rules.clone()),
            now: SECOND,
            password: TurnSecret::new(SECRET).password(&username),
            username,
            nonce: None,
            opened: 0,
            closed: Vec::new(),
            to_peers: Vec::new(),
        }
    }

    /// One that has an allocation.
    fn allocated(rules: &Arc<Rules>) -> Self {
        let mut world = Self::new(rules, "192.0.2.1:5000", "ada");
        assert_eq!(world.allocate(), Ok(()));
        world
    }

    fn request(&self, method: Method, add: impl Fn(&mut MessageWriteVec)) -> Vec<u8> {
        let mut request = Message::builder_request(method, MessageWriteVec::new());
        add(&mut request);
        if let Some(nonce) = &self.nonce {
            let name = Username::new(&self.username).expect("it is short");
            request.add_attribute(&name).expect("there is room");
            let realm = Realm::new(REALM).expect("it is short");
            request.add_attribute(&realm).expect("there is room");
            let nonce = Nonce::new(nonce).expect("it is the server's");
            request.add_attribute(&nonce).expect("there is room");
            let credentials = LongTermKeyCredentials::new(
                self.username.clone(),
                self.password.clone(),
                REALM.to_owned(),
            );
            request
                .add_message_integrity(&credentials.into(), IntegrityAlgorithm::Sha1)
                .expect("there is room");
        }
        request.finish()
    }

    /// Hands in what the client sends; gives what it hears.
    fn say(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let unix = START + self.now;
        self.session.handle_client(self.now, unix, bytes);
        self.collect()
    }

    fn collect(&mut self) -> Vec<Vec<u8>> {
        let mut heard = Vec::new();
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::ToClient(bytes) => heard.push(bytes),
                Output::ToPeer { peer, bytes, .. } => self.to_peers.push((peer, bytes)),
                Output::Open(family) => {
                    self.opened += 1;
                    let public = self.session.rules.public_of(family);
                    let relay = public.map(|ip| SocketAddr::new(ip, 50_000 + self.opened));
                    self.session.opened(self.now, family, relay);
                }
                Output::Close(relay) => self.closed.push(relay),
            }
        }
        heard
    }

    /// Whether a request succeeds; else the code.
    fn ask(&mut self, request: &[u8]) -> Result<(), u16> {
        let heard = self.say(request);
        let [response] = &heard[..] else {
            panic!("not one answer: {heard:?}");
        };
        let response = Message::from_bytes(response).expect("this is STUN");
        if let Ok(nonce) = response.attribute::<Nonce>() {
            self.nonce = Some(nonce.nonce().to_owned());
        }
        match response.attribute::<ErrorCode>() {
            Ok(error) => Err(error.code()),
            Err(_) => Ok(()),
        }
    }

    fn allocate_request(&self) -> Vec<u8> {
        self.request(ALLOCATE, |request| {
            let transport = RequestedTransport::new(RequestedTransport::UDP);
            request.add_attribute(&transport).expect("there is room");
        })
    }

    /// Asks for relays of both kinds.
    fn allocate_both(&mut self) -> Result<(), u16> {
        let request = |world: &Self| {
            world.request(ALLOCATE, |request| {
                let transport = RequestedTransport::new(RequestedTransport::UDP);
                request.add_attribute(&transport).expect("there is room");
                let additional = AdditionalAddressFamily::new(AddressFamily::IPV6);
                request.add_attribute(&additional).expect("there is room");
            })
        };
        assert_eq!(self.ask(&request(self)), Err(401));
        self.ask(&request(self))
    }

    fn allocate(&mut self) -> Result<(), u16> {
        if self.nonce.is_none() {
            assert_eq!(self.ask(&self.allocate_request()), Err(401));
            assert!(self.nonce.is_some(), "the server asks for a password");
        }
        self.ask(&self.allocate_request())
    }

    fn refresh(&mut self, lifetime: u32) -> Result<(), u16> {
        let request = |world: &Self| {
            world.request(REFRESH, |request| {
                let lifetime = Lifetime::new(lifetime);
                request.add_attribute(&lifetime).expect("there is room");
            })
        };
        match self.ask(&request(self)) {
            // The nonce is old: now there is a new one.
            Err(438) => self.ask(&request(self)),
            result => result,
        }
    }

    fn permit(&mut self, peer: SocketAddr) -> Result<(), u16> {
        self.ask(&self.request(CREATE_PERMISSION, |request| {
            let peer = XorPeerAddress::new(peer, request.transaction_id());
            request.add_attribute(&peer).expect("there is room");
        }))
    }

    fn bind(&mut self, channel: u16, peer: SocketAddr) -> Result<(), u16> {
        self.ask(&self.request(CHANNEL_BIND, |request| {
            let peer = XorPeerAddress::new(peer, request.transaction_id());
            request.add_attribute(&peer).expect("there is room");
            let channel = ChannelNumber::new(channel);
            request.add_attribute(&channel).expect("there is room");
        }))
    }

    fn send(&mut self, peer: SocketAddr, bytes: &[u8]) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut send = Message::builder_indication(SEND, MessageWriteVec::new());
        let to = XorPeerAddress::new(peer, send.transaction_id());
        send.add_attribute(&to).expect("there is room");
        send.add_attribute(&Data::new(bytes))
            .expect("there is room");
        assert!(self.say(&send.finish()).is_empty());
        std::mem::take(&mut self.to_peers)
    }

    /// What the client hears of what a peer sends to its relay.
    fn heard_of_peer(&mut self, peer: SocketAddr, bytes: &[u8]) -> Vec<Vec<u8>> {
        let relay = self.session.relays[0];
        self.session.handle_peer(self.now, relay, peer, bytes);
        self.collect()
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.session.handle_timeout(self.now);
        assert!(self.collect().is_empty());
    }
}

#[test]
fn a_credential_gets_an_address_that_carries_both_ways() {
    let mut world = World::new(&rules(TurnLimits::default()), "192.0.2.1:5000", "ada");
    assert_eq!(world.ask(&world.allocate_request()), Err(401));
    let request = world.allocate_request();
    let heard = world.say(&request);
    let response = Message::from_bytes(&heard[0]).expect("this is STUN");
    let relayed: XorRelayedAddress = response.attribute().expect("it is there");
    let relay = relayed.addr(response.transaction_id());
    assert_eq!(relay, world.session.relays[0]);
    world.wait(SECOND);

    assert_eq!(world.send(peer(), b"early"), []);
    assert_eq!(world.permit(peer()), Ok(()));
    assert_eq!(world.send(peer(), b"there"), [(peer(), b"there".to_vec())]);
    let heard = world.heard_of_peer(peer(), b"back");
    let data = Message::from_bytes(&heard[0]).expect("this is STUN");
    assert!(data.has_method(DATA));
    assert_eq!(
        data.attribute::<Data>().expect("it is there").data(),
        b"back"
    );
    assert!(
        world
            .heard_of_peer(address("203.0.113.10:1"), b"x")
            .is_empty()
    );

    assert_eq!(world.bind(0x4000, peer()), Ok(()));
    let mut channel = vec![0; 4 + 5];
    ChannelData::new(0x4000, b"there").write_into_unchecked(&mut channel);
    assert!(world.say(&channel).is_empty());
    assert_eq!(world.to_peers, [(peer(), b"there".to_vec())]);
    let heard = world.heard_of_peer(peer(), b"back");
    let channel = ChannelData::parse(&heard[0]).expect("this is channel data");
    assert_eq!((channel.id(), channel.data()), (0x4000, &b"back"[..]));
}

#[test]
fn an_expired_or_a_forged_credential_is_refused() {
    let rules = rules(TurnLimits::default());
    let mut expired = World::new(&rules, "192.0.2.1:5000", "ada");
    expired.username = format!("{}:ada", START.as_secs());
    expired.password = TurnSecret::new(SECRET).password(&expired.username);
    assert_eq!(expired.allocate(), Err(401));

    let mut forged = World::new(&rules, "192.0.2.2:5000", "ada");
    forged.password = TurnSecret::new("south").password(&forged.username);
    assert_eq!(forged.allocate(), Err(401));

    // A longer life, under the password of the shorter one.
    let mut prolonged = World::new(&rules, "192.0.2.3:5000", "ada");
    prolonged.username = format!("9{}", prolonged.username);
    assert_eq!(prolonged.allocate(), Err(401));

    let mut no_time = World::new(&rules, "192.0.2.4:5000", "ada");
    no_time.username = "ada".to_owned();
    no_time.password = TurnSecret::new(SECRET).password("ada");
    assert_eq!(no_time.allocate(), Err(401));

    for world in [expired, forged, prolonged, no_time] {
        assert_eq!(world.opened, 0);
        assert!(!world.session.has_relay());
    }
}

#[test]
fn a_request_that_is_replayed_from_elsewhere_is_refused() {
    let rules = rules(TurnLimits::default());
    let mut world = World::new(&rules, "192.0.2.1:5000", "ada");
    assert_eq!(world.ask(&world.allocate_request()), Err(401));
    let request = world.allocate_request();
    assert_eq!(world.ask(&request), Ok(()));
    let mut thief = World::new(&rules, "192.0.2.66:5000", "eve");
    assert_eq!(thief.ask(&request), Err(438));
    assert_eq!(thief.opened, 0);
    assert!(!thief.session.has_relay());
}

#[test]
fn another_credential_does_not_take_an_allocation_over() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    world.username = world.username.replace("ada", "eve");
    world.password = TurnSecret::new(SECRET).password(&world.username);
    assert_eq!(world.refresh(0), Err(441));
    assert_eq!(world.permit(peer()), Err(441));
    assert_eq!(world.closed, []);
}

#[test]
fn an_allocation_outlives_its_credential_as_long_as_it_is_refreshed() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    for _ in 0..20 {
        world.wait(SECOND * 599);
        assert_eq!(world.refresh(600), Ok(()));
    }
    assert_eq!(world.closed, []);
    assert_eq!(world.refresh(0), Ok(()));
    assert_eq!(world.closed.len(), 1);
    // A new one needs a new credential.
    assert_eq!(world.allocate(), Err(401));
}

#[test]
fn an_allocation_that_is_not_refreshed_ends() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    let relay = world.session.relays[0];
    world.wait(SECOND * 599);
    assert_eq!(world.closed, []);
    assert!(!world.session.is_over(world.now));
    assert!(world.session.poll_timeout() <= world.now + SECOND * 2);
    world.wait(SECOND * 2);
    assert_eq!(world.closed, [relay]);
    assert!(world.session.is_over(world.now));
}

#[test]
fn a_permission_ends_after_five_minutes() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    assert_eq!(world.permit(peer()), Ok(()));
    world.wait(SECOND * 299);
    assert_eq!(world.send(peer(), b"x").len(), 1);
    assert_eq!(world.heard_of_peer(peer(), b"x").len(), 1);
    world.wait(SECOND * 2);
    assert_eq!(world.send(peer(), b"x"), []);
    assert!(world.heard_of_peer(peer(), b"x").is_empty());
}

#[test]
fn a_stranger_has_ten_seconds() {
    let mut world = World::new(&rules(TurnLimits::default()), "192.0.2.1:5000", "ada");
    assert_eq!(world.ask(&world.allocate_request()), Err(401));
    assert!(!world.session.is_over(world.now + SECOND * 9));
    assert!(world.session.is_over(world.now + SECOND * 10));
}

#[test]
fn relays_do_not_lead_into_the_servers_network() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    for private in [
        "127.0.0.1:80",
        "10.0.0.1:80",
        "169.254.169.254:80",
        "224.0.0.251:5353",
    ] {
        assert_eq!(world.permit(address(private)), Err(403), "{private}");
        assert_eq!(world.bind(0x4001, address(private)), Err(403), "{private}");
        assert_eq!(world.send(address(private), b"x"), []);
    }
    // But to each other: what is no relay there is refused when it is sent to.
    assert_eq!(world.permit(address("198.51.100.7:50002")), Ok(()));
}

#[test]
fn garbage_is_not_answered_and_disturbs_nothing() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    assert_eq!(world.permit(peer()), Ok(()));
    world.wait(SECOND);
    let good = world.request(REFRESH, |_| {});
    let mut garbage: Vec<Vec<u8>> = (0..=255_u8)
        .map(|first| vec![first; usize::from(first) * 5])
        .collect();
    garbage.extend((0..good.len()).map(|end| good[..end].to_vec()));
    garbage.push(vec![0x40, 0, 0xff, 0xff, 1]);
    for bytes in &garbage {
        assert!(world.say(bytes).is_empty(), "{bytes:?}");
        assert_eq!(world.to_peers, []);
    }
    // Whatever bit is turned, there is at most a refusal.
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let heard = world.say(&bytes);
        assert!(
            heard.iter().map(Vec::len).sum::<usize>() <= 200,
            "bit {bit}"
        );
    }
    assert_eq!(world.closed, []);
    assert_eq!(world.send(peer(), b"there").len(), 1);
}

#[test]
fn a_refusal_is_not_much_longer_than_what_it_refuses() {
    let mut world = World::new(&rules(TurnLimits::default()), "192.0.2.1:5000", "ada");
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND, BINDING] {
        let request = world.request(method, |_| {});
        let heard = world.say(&request);
        assert!(
            heard.iter().map(Vec::len).sum::<usize>() <= 160,
            "{method}: {heard:?}"
        );
    }
    assert_eq!(world.opened, 0);
}
