//! Runs real peers, in whichever process: takes orders and tells news.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use boplish_native::core::{Config, Event, RingView};
use boplish_native::wire::{Payload, PeerId, ProtocolName};
use boplish_native::{Engine, EngineConfig, Events, EventsError, Peer, PeerConfig};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::statistics::samples::{Count, TripKind};
use super::orders::{News, Order, Seen, TripNumber};

/// The protocol of the messages of the workload.
const PROTOCOL: &str = "emulation";

/// A trip's number and its start, in microseconds since 1970, stand first in a payload: all
/// processes of a machine have one clock.
const HEAD_BYTES: usize = 16;

/// How long the peers may take to say goodbye at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where news go.
pub(super) type NewsSender = mpsc::UnboundedSender<News>;

/// Does what it is told until it is told to end, or nobody tells it anything any more.
pub(super) async fn run(mut orders: mpsc::UnboundedReceiver<Order>, news: NewsSender) {
    let mut crew: Option<Crew> = None;
    while let Some(order) = orders.recv().await {
        let result = match (&mut crew, order) {
            (_, Order::End) => break,
            (crew @ None, begin) => Crew::begin(begin, &news).map(|begun| *crew = Some(begun)),
            (Some(crew), order) => crew.obey(order),
        };
        if let Err(why) = result {
            // Nobody listens any more: then the crew ends with the next order.
            let _ = news.send(News::Failed { why });
        }
    }
    if let Some(crew) = crew {
        crew.end().await;
    }
}

struct Crew {
    engine: Engine,
    config: PeerConfig,
    protocol: ProtocolName,
    peers: BTreeMap<u32, Peer>,
    news: NewsSender,
}

impl Crew {
    fn begin(order: Order, news: &NewsSender) -> Result<Self, String> {
        let Order::Begin {
            bootstrap,
            router,
            loopback,
        } = order
        else {
            return Err("the first order must be begin".to_owned());
        };
        let config = EngineConfig {
            addresses: loopback.then(|| vec![Ipv4Addr::LOCALHOST.into()]),
            mdns: false,
            ..EngineConfig::default()
        };
        let engine = Engine::new(&config).map_err(|error| error.to_string())?;
        let bootstrap = bootstrap
            .parse()
            .map_err(|error| format!("bootstrap {bootstrap}: {error}"))?;
        Ok(Self {
            engine,
            config: PeerConfig {
                bootstrap: Some(bootstrap),
                core: Config {
                    router: router.config(),
                    ..Config::default()
                },
                ..PeerConfig::default()
            },
            protocol: ProtocolName::new(PROTOCOL).map_err(|error| error.to_string())?,
            peers: BTreeMap::new(),
            news: news.clone(),
        })
    }

    fn obey(&mut self, order: Order) -> Result<(), String> {
        match order {
            Order::Begin { .. } | Order::End => Err("this has been said before".to_owned()),
            Order::Join { number } => self.join(number),
            Order::Depart {
                number,
                says_goodbye,
            } => {
                if let Some(peer) = self.peers.remove(&number) {
                    tokio::spawn(depart(peer, says_goodbye));
                }
                Ok(())
            }
            Order::Invite { host, newcomer } => {
                self.with(host, move |peer, news| async move {
                    // Who can't invite invites nobody; the newcomer stays outside.
                    if let Ok(invitation) = peer.invite().await {
                        let _ = news.send(News::Invited {
                            host,
                            newcomer,
                            invitation,
                        });
                    }
                });
                Ok(())
            }
            Order::Accept {
                newcomer,
                host,
                invitation,
            } => {
                self.with(newcomer, move |peer, news| async move {
                    if let Ok(accepted) = peer.accept_invitation(&invitation).await {
                        let answer = accepted.answer;
                        let _ = news.send(News::Accepted { host, answer });
                    }
                });
                Ok(())
            }
            Order::Complete { host, answer } => {
                self.with(host, move |peer, _| async move {
                    // The link is news by itself.
                    let _ = peer.complete_invitation(&answer).await;
                });
                Ok(())
            }
            Order::Trip {
                trip,
                kind,
                from,
                to,
                bytes,
            } => {
                let id = to.parse().map_err(|error| format!("peer {to}: {error}"))?;
                let protocol = self.protocol.clone();
                self.with(from, move |peer, news| async move {
                    let ended = travel(&peer, trip, kind, id, protocol, bytes).await;
                    let _ = news.send(ended);
                });
                Ok(())
            }
            Order::Survey { round } => {
                let peers = self.peers.iter();
                let peers = peers.map(|(number, it)| (*number, it.clone()));
                tokio::spawn(survey(round, peers.collect(), self.news.clone()));
                Ok(())
            }
        }
    }

    /// Lets something happen to a peer, if it is still there.
    fn with<F>(&self, number: u32, act: impl FnOnce(Peer, NewsSender) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(peer) = self.peers.get(&number) {
            tokio::spawn(act(peer.clone(), self.news.clone()));
        }
    }

    fn join(&mut self, number: u32) -> Result<(), String> {
        let config = self.config.clone();
        let (peer, events) = Peer::spawn_with_events(&self.engine, config)
            .map_err(|error| format!("peer {number} can't start: {error}"))?;
        let id = peer.id().to_string();
        let _ = self.news.send(News::Started { number, id });
        tokio::spawn(watch(number, events, self.news.clone()));
        self.peers.insert(number, peer);
        Ok(())
    }

    async fn end(self) {
        let mut leaving = JoinSet::new();
        for peer in self.peers.into_values() {
            leaving.spawn(async move { peer.close().await });
        }
        // Whoever has not left by then is dropped.
        let _ = tokio::time::timeout(FAREWELL, leaving.join_all()).await;
    }
}

/// Looks at every peer of a crew.
async fn survey(round: u64, all: Vec<(u32, Peer)>, news: NewsSender) {
    let mut peers = Vec::new();
    for (number, peer) in all {
        // A peer that has just ended is seen no more.
        if let Ok(ring) = peer.ring().await {
            peers.push(seen(number, &peer, ring));
        }
    }
    let _ = news.send(News::Surveyed { round, peers });
}

fn seen(number: u32, peer: &Peer, ring: Option<RingView>) -> Seen {
    let (links, traffic) = (peer.connected_peers(), peer.traffic());
    let place = ring.as_ref().filter(|ring| ring.member);
    let successor = place.and_then(|ring| ring.successors.first());
    Seen {
        number,
        is_member: match &ring {
            Some(ring) => ring.member,
            None => !links.is_empty(),
        },
        predecessor: place.and_then(|ring| Some(ring.predecessor?.to_string())),
        successor: successor.map(PeerId::to_string),
        links: links.iter().map(PeerId::to_string).collect(),
        is_on_server: peer.is_signaling_open(),
        sent: Some(Count {
            messages: traffic.messages_sent,
            bytes: traffic.bytes_sent,
        }),
        received: Some(Count {
            messages: traffic.messages_received,
            bytes: traffic.bytes_received,
        }),
    }
}

async fn depart(peer: Peer, says_goodbye: bool) {
    match says_goodbye {
        true => peer.close().await,
        false => peer.vanish().await,
    }
}

/// One trip, as its origin sees it.
async fn travel(
    peer: &Peer,
    trip: TripNumber,
    kind: TripKind,
    to: PeerId,
    protocol: ProtocolName,
    bytes: usize,
) -> News {
    let began = Instant::now();
    let result = match kind {
        TripKind::Ping => peer.ping(to).await.map(|_| None),
        TripKind::Message => {
            let sent = peer.send(to, protocol, payload(trip, bytes)).await;
            sent.map(|()| None)
        }
        TripKind::Lookup => peer.lookup(to).await.map(Some),
        // A scenario in which real peers store was refused.
        TripKind::Publish | TripKind::Refresh | TripKind::Resolve | TripKind::Read => Ok(None),
    };
    let (found, error) = match result {
        Ok(found) => (found, None),
        Err(error) => (None, Some(error.to_string())),
    };
    News::Ended {
        trip,
        latency: began.elapsed().as_secs_f64(),
        hops: found.map(|found| found.hops),
        owner: found.map(|found| found.owner.to_string()),
        error,
    }
}

/// Tells what a peer goes through, until it ends.
async fn watch(number: u32, mut events: Events, news: NewsSender) {
    let began = Instant::now();
    let mut is_linked = false;
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(EventsError::Lagged(_)) => continue,
            Err(EventsError::Closed) => return,
        };
        let after = began.elapsed().as_secs_f64();
        let told = match event {
            Event::PeerConnected(_) if !is_linked => {
                is_linked = true;
                Some(News::Linked { number, after })
            }
            Event::RingJoined => Some(News::Member { number, after }),
            Event::Message { payload, hops, .. } => head(&payload).map(|(trip, sent)| {
                let latency = micros().saturating_sub(sent) as f64 / 1e6;
                News::Arrived {
                    trip,
                    latency,
                    hops,
                }
            }),
            Event::PeerConnected(_)
            | Event::StateChanged(_)
            | Event::SignalingChanged { .. }
            | Event::PeerDisconnected { .. }
            | Event::Delivered(_)
            | Event::Undelivered { .. }
            | Event::Reply { .. }
            | Event::Found { .. }
            | Event::Put { .. }
            | Event::Got { .. }
            | Event::Listed { .. }
            | Event::Content(_)
            | Event::Pong { .. }
            | Event::Topology { .. }
            | Event::KeyMessage { .. }
            | Event::Forward { .. }
            | Event::NeighbourhoodChanged
            | Event::GroupChanged { .. }
            | Event::GroupMessage { .. }
            | Event::Group { .. }
            | Event::Monitor { .. }
            | Event::Refused { .. }
            | Event::ServerError(_)
            | Event::Invitation { .. }
            | Event::InvitationLapsed(_)
            | Event::InvitationAnswer { .. }
            | Event::InvitationFailed { .. } => None,
        };
        if told.is_some_and(|told| news.send(told).is_err()) {
            return;
        }
    }
}

/// A payload of so many bytes, if its head fits into them.
fn payload(trip: TripNumber, bytes: usize) -> Payload {
    let mut payload = vec![0; bytes.max(HEAD_BYTES)];
    let (number, sent) = payload.split_at_mut(HEAD_BYTES / 2);
    number.copy_from_slice(&trip.to_le_bytes());
    sent[..HEAD_BYTES / 2].copy_from_slice(&micros().to_le_bytes());
    Payload::Bytes(payload.into())
}

/// The trip that a payload belongs to, and when it began.
fn head(payload: &Payload) -> Option<(TripNumber, u64)> {
    match payload {
        Payload::Bytes(bytes) => {
            let number = bytes.first_chunk()?;
            let sent = bytes[number.len()..].first_chunk()?;
            Some((
                TripNumber::from_le_bytes(*number),
                u64::from_le_bytes(*sent),
            ))
        }
        Payload::Json(_) => None,
    }
}

fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_says_which_trip_it_is_and_when_it_began() {
        for bytes in [0, 100] {
            let (trip, sent) = head(&payload(77, bytes)).unwrap();
            assert_eq!(trip, 77);
            assert!(micros() - sent < 60_000_000);
        }
        assert_eq!(head(&Payload::Bytes([1; 15].into())), None);
    }
}
