//! What the native peers of a demo do so that a newcomer sees a network that lives: now and then
//! a ping, a line of small talk to the group, a word to a newcomer.

use std::time::Duration;

use boplish_native::core::Event;
use boplish_native::wire::{Payload, PeerId};
use boplish_native::{Events, EventsError, Peer};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Pause of a peer between two pings: shortest and longest.
const BETWEEN_PINGS: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(12));

/// Pause of the group between two lines.
const BETWEEN_LINES: (Duration, Duration) = (Duration::from_secs(8), Duration::from_secs(16));

/// How long a peer waits to be let into the group.
const REGISTERING: Duration = Duration::from_secs(10);

/// A newcomer is pinged and a visitor answered after this time, and no more often than that.
const ANSWER_AFTER: Duration = Duration::from_millis(1_500);

/// What they say, in turn. It begins anew at the end.
const SMALL_TALK: [&str; 10] = [
    "Everybody still here?",
    "Yes, and every one of us has a link to every other.",
    "Nobody in the middle, and it works.",
    "I have lost count of the pings I got.",
    "The server has not heard of me since I joined.",
    "You could switch it off now, and we would go on talking.",
    "Somebody will come in by the browser sooner or later.",
    "Then we will say hello.",
    "Is a native peer as good as a tab?",
    "It is the same code, so neither of us could tell.",
];

/// The shape that the pages show.
#[derive(Debug, Serialize)]
struct Line<'a> {
    text: &'a str,
}

/// Lives until it is dropped.
pub(super) async fn run(peers: &[Peer]) {
    let mut tasks = JoinSet::new();
    let own: Vec<PeerId> = peers.iter().map(Peer::id).collect();
    for peer in peers {
        tasks.spawn(ping_now_and_then(peer.clone()));
        tasks.spawn(greet(peer.clone(), own.clone()));
    }
    if let Some(host) = peers.first() {
        tasks.spawn(answer_visitors(host.clone(), own.clone()));
    }
    small_talk(peers).await;
}

/// Makes one group of all, as in the report's figure 4.2: each registers with one that is a
/// member already.
pub(super) async fn form_group(peers: &[Peer]) {
    for (index, pair) in peers.windows(2).enumerate() {
        let [member, newcomer] = pair else { continue };
        let mut events = newcomer.events();
        let register = async {
            newcomer.register_in_group(member.id()).await.ok()?;
            while let Some(event) = next(&mut events).await {
                // The member itself, and those before it.
                if let Some(Event::GroupChanged { members }) = event
                    && members.len() > index
                {
                    break;
                }
            }
            Some(())
        };
        if !matches!(timeout(REGISTERING, register).await, Ok(Some(()))) {
            tracing::warn!(peer = %newcomer.id(), "not all of the group has answered");
        }
    }
}

async fn ping_now_and_then(peer: Peer) {
    loop {
        sleep(between(BETWEEN_PINGS)).await;
        let others = peer.connected_peers();
        if let Some(other) = pick(&others) {
            ping(&peer, *other).await;
        }
    }
}

async fn ping(peer: &Peer, other: PeerId) {
    if let Err(error) = peer.ping(other).await {
        tracing::info!(from = %peer.id(), to = %other, %error, "no pong");
    }
}

async fn small_talk(peers: &[Peer]) {
    for line in SMALL_TALK.iter().cycle() {
        sleep(between(BETWEEN_LINES)).await;
        if let Some(peer) = pick(peers) {
            say(peer, line).await;
        }
    }
}

/// Pings those who come later, once.
async fn greet(peer: Peer, own: Vec<PeerId>) {
    let mut events = peer.events();
    while let Some(event) = next(&mut events).await {
        if let Some(Event::PeerConnected(newcomer)) = event
            && !own.contains(&newcomer)
        {
            sleep(ANSWER_AFTER).await;
            ping(&peer, newcomer).await;
        }
    }
}

/// Welcomes visitors to the group, and answers what they say.
async fn answer_visitors(host: Peer, own: Vec<PeerId>) {
    let mut events = host.events();
    let mut known = own.clone();
    let mut last = Instant::now();
    while let Some(event) = next(&mut events).await {
        let text = match event {
            Some(Event::GroupChanged { members }) => {
                let newcomer = members.iter().find(|member| !known.contains(member));
                let text = newcomer.map(|id| format!("Welcome, {}!", id.short()));
                known = own.clone();
                known.extend(members);
                text
            }
            Some(Event::GroupMessage { from, .. }) if !own.contains(&from) => {
                let members = host.group_members().len() + 1;
                Some(format!(
                    "{}, all {members} of us have read that.",
                    from.short()
                ))
            }
            Some(_) | None => None,
        };
        if let Some(text) = text
            && last.elapsed() > ANSWER_AFTER
        {
            sleep(ANSWER_AFTER).await;
            say(&host, &text).await;
            last = Instant::now();
        }
    }
}

async fn say(peer: &Peer, text: &str) {
    let Ok(payload) = Payload::from_value(&Line { text }) else {
        return;
    };
    if let Err(error) = peer.send_to_group(payload).await {
        tracing::info!(from = %peer.id(), %error, "not said");
    }
}

/// The next event; `Some(None)` when some were lost, None when the peer is closed.
pub(super) async fn next(events: &mut Events) -> Option<Option<Event>> {
    match events.recv().await {
        Ok(event) => Some(Some(event)),
        Err(EventsError::Lagged(_)) => Some(None),
        Err(EventsError::Closed) => None,
    }
}

/// A time between the shortest and the longest.
pub(super) fn between((shortest, longest): (Duration, Duration)) -> Duration {
    let span = longest.saturating_sub(shortest);
    shortest + span.mul_f64(random() as f64 / f64::from(u32::MAX))
}

fn pick<T>(all: &[T]) -> Option<&T> {
    all.get(random() as usize % all.len().max(1))
}

/// Not for secrets: without randomness, the demo is only less varied.
pub(super) fn random() -> u32 {
    getrandom::u32().unwrap_or_default()
}
