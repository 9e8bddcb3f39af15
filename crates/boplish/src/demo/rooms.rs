//! What the native peers of a demo do in the rooms of the site's pages (docs/protocol.md, "The demo
//! site's groups"): some talk in the chat's lobby and answer who talks there, some play.

use std::time::{Duration, SystemTime};

use boplish_native::core::{Event, GroupAccess, GroupEvent};
use boplish_native::wire::{Payload, PeerId};
use boplish_native::{Events, Peer};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::life::{between, next, random};

/// The rooms that the pages open by themselves.
const CHAT: &str = "chat/lobby";
const GAME: &str = "game/lobby";

/// So many talk, and so many play.
const TALKERS: usize = 3;
const PLAYERS: usize = 2;

/// Pause of the talkers between two lines: shortest and longest.
const BETWEEN_LINES: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(45));

/// Pause of a player between two moves of its dot.
const BETWEEN_MOVES: (Duration, Duration) = (Duration::from_millis(700), Duration::from_secs(3));

/// Of so many moves, one is the circle's.
const CIRCLE: u32 = 6;

/// Who talks is answered after this time.
const ANSWER_AFTER: Duration = Duration::from_millis(1_500);

/// Columns, and rows, of the game.
const BOARD: u32 = 15;

/// A clock that is further ahead than this is nobody's (docs/protocol.md).
const MAX_LEAP: u64 = 10_000_000;

/// What they say, in turn. It begins anew at the end.
const SMALL_TALK: [&str; 8] = [
    "This room is a tree along the ring: each of us sends a line to a few others only.",
    "If one of us goes, the others find another way within seconds.",
    "Who comes late is told what was said last.",
    "Drop a picture in here, and it comes from whoever has it.",
    "A room with a password is another room: nobody else even finds it.",
    "The server is not needed for any of this.",
    "The game has its own room. Somebody plays there already.",
    "Say something: one of us will answer.",
];

/// What the chat says and the game: both have these alone in common.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "lowercase")]
enum Said<'a> {
    Say {
        id: String,
        at: u64,
        name: &'a str,
        text: &'a str,
    },
    Here {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        dot: Option<Dot>,
        #[serde(skip_serializing_if = "Option::is_none")]
        circle: Option<Circle>,
    },
    Dot {
        #[serde(flatten)]
        dot: Dot,
        name: &'a str,
    },
    Circle {
        x: u32,
        y: u32,
        clock: u64,
    },
}

/// What they listen to.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
enum Heard {
    Say {
        name: Option<String>,
    },
    Here {
        #[serde(default)]
        asks: bool,
        circle: Option<Circle>,
    },
    Circle {
        x: u32,
        y: u32,
        clock: u64,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Dot {
    x: u32,
    y: u32,
    count: u64,
}

/// Where the circle is, by whose move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Circle {
    x: u32,
    y: u32,
    clock: u64,
    by: String,
}

/// Lives until it is dropped.
pub(super) async fn run(peers: &[Peer]) {
    let mut tasks = JoinSet::new();
    let own: Vec<PeerId> = peers.iter().map(Peer::id).collect();
    for (index, peer) in peers.iter().take(TALKERS).enumerate() {
        tasks.spawn(talk(
            peer.clone(),
            format!("native {}", index + 1),
            own.clone(),
            index == 0,
        ));
    }
    for (index, peer) in peers.iter().rev().take(PLAYERS).enumerate() {
        tasks.spawn(play(
            peer.clone(),
            format!("native {}", peers.len() - index),
        ));
    }
    tasks.join_all().await;
}

/// Joins a room; what is told of it from then on comes.
async fn join(peer: &Peer, name: &str) -> Option<(PeerId, Events)> {
    let access = GroupAccess::open(name).ok()?;
    let (group, events) = (access.key(), peer.events());
    match peer.join_group(access, 0).await {
        Ok(()) => Some((group, events)),
        Err(error) => {
            tracing::warn!(peer = %peer.id(), name, %error, "can't join a room");
            None
        }
    }
}

/// Talks in the lobby; the host answers others.
async fn talk(peer: Peer, name: String, own: Vec<PeerId>, is_host: bool) {
    let Some((group, mut events)) = join(&peer, CHAT).await else {
        return;
    };
    let mut lines = SMALL_TALK
        .iter()
        .cycle()
        .skip(random() as usize % SMALL_TALK.len());
    loop {
        let event = tokio::select! {
            event = next_in(&mut events, group) => event,
            () = sleep(between(BETWEEN_LINES) * TALKERS as u32) => {
                if let Some(line) = lines.next() {
                    say(&peer, group, &name, line).await;
                }
                continue;
            }
        };
        let Some((from, heard)) = event else {
            return;
        };
        match heard {
            Heard::Here { asks: true, .. } => {
                let (dot, circle) = (None, None);
                let here = Said::Here {
                    name: &name,
                    dot,
                    circle,
                };
                tell(&peer, group, from, &here).await;
            }
            Heard::Say { name: who } if is_host && !own.contains(&from) => {
                sleep(ANSWER_AFTER).await;
                let who = who.unwrap_or_else(|| from.short().to_string());
                let text = format!("{who}, that has come here without any server.");
                say(&peer, group, &name, &text).await;
            }
            Heard::Here { .. } | Heard::Say { .. } | Heard::Circle { .. } | Heard::Other => {}
        }
    }
}

/// Moves a dot, and now and then the circle.
async fn play(peer: Peer, name: String) {
    let Some((group, mut events)) = join(&peer, GAME).await else {
        return;
    };
    let mut dot = Dot {
        x: random() % BOARD,
        y: random() % BOARD,
        count: millis(),
    };
    let mut circle: Option<Circle> = None;
    loop {
        let event = tokio::select! {
            event = next_in(&mut events, group) => event,
            () = sleep(between(BETWEEN_MOVES)) => {
                let said = match random() % CIRCLE {
                    0 => Said::from(move_circle(&mut circle, peer.id())),
                    _ => {
                        (dot.x, dot.y) = step((dot.x, dot.y));
                        dot.count = millis().max(dot.count + 1);
                        Said::Dot { dot, name: &name }
                    }
                };
                publish(&peer, group, &said).await;
                continue;
            }
        };
        let Some((from, heard)) = event else {
            return;
        };
        match heard {
            Heard::Here { asks, circle: told } => {
                if let Some(told) = told {
                    take_circle(&mut circle, told);
                }
                if asks {
                    let (dot, circle) = (Some(dot), circle.clone());
                    let here = Said::Here {
                        name: &name,
                        dot,
                        circle,
                    };
                    tell(&peer, group, from, &here).await;
                }
            }
            Heard::Circle { x, y, clock } => {
                let by = from.to_string();
                take_circle(&mut circle, Circle { x, y, clock, by });
            }
            Heard::Say { .. } | Heard::Other => {}
        }
    }
}

impl From<Circle> for Said<'_> {
    fn from(Circle { x, y, clock, .. }: Circle) -> Self {
        Self::Circle { x, y, clock }
    }
}

/// The circle goes a step on, from where it is known to be.
fn move_circle(circle: &mut Option<Circle>, own: PeerId) -> Circle {
    let middle = BOARD / 2;
    let (from, clock) = match circle {
        Some(circle) => ((circle.x, circle.y), circle.clock),
        None => ((middle, middle), 0),
    };
    let (x, y) = step(from);
    let (clock, by) = (clock + 1, own.to_string());
    let moved = Circle { x, y, clock, by };
    *circle = Some(moved.clone());
    moved
}

/// The later of two moves counts; of two at the same time, that of the greater id.
fn take_circle(circle: &mut Option<Circle>, told: Circle) {
    let known = circle
        .as_ref()
        .map_or((0, ""), |it| (it.clock, it.by.as_str()));
    let is_later = (told.clock, told.by.as_str()) > known;
    let is_possible = told.x < BOARD && told.y < BOARD && told.clock <= known.0 + MAX_LEAP;
    if is_later && is_possible {
        *circle = Some(told);
    }
}

/// One field up, down, left or right, as far as the board goes.
fn step((x, y): (u32, u32)) -> (u32, u32) {
    let last = BOARD - 1;
    match random() % 4 {
        0 => (x.saturating_sub(1), y),
        1 => ((x + 1).min(last), y),
        2 => (x, y.saturating_sub(1)),
        _ => (x, (y + 1).min(last)),
    }
}

/// What is said next in a group, to all or to this peer alone; `None` when the peer is closed.
async fn next_in(events: &mut Events, wanted: PeerId) -> Option<(PeerId, Heard)> {
    loop {
        let Some(Event::Group { group, event }) = next(events).await? else {
            continue;
        };
        let (from, payload) = match event {
            GroupEvent::Post {
                from,
                payload,
                is_old: false,
            } => (from, payload),
            GroupEvent::Direct { from, payload } => (from, payload),
            GroupEvent::Post { .. } | GroupEvent::Joined | GroupEvent::Members { .. } => continue,
        };
        if group == wanted
            && let Ok(heard) = serde_json::from_slice(payload.as_bytes())
        {
            return Some((from, heard));
        }
    }
}

async fn say(peer: &Peer, group: PeerId, name: &str, text: &str) {
    let (id, at) = (format!("{:08x}{:08x}", random(), random()), millis());
    publish(peer, group, &Said::Say { id, at, name, text }).await;
}

async fn publish(peer: &Peer, group: PeerId, said: &Said<'_>) {
    if let Ok(payload) = Payload::from_value(said)
        && let Err(error) = peer.publish_to_group(group, payload).await
    {
        tracing::info!(from = %peer.id(), %error, "not said");
    }
}

async fn tell(peer: &Peer, group: PeerId, to: PeerId, said: &Said<'_>) {
    if let Ok(payload) = Payload::from_value(said)
        && let Err(error) = peer.send_to_member(group, to, payload).await
    {
        tracing::info!(from = %peer.id(), %to, %error, "not told");
    }
}

/// Milliseconds since 1970.
fn millis() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(x: u32, clock: u64, by: &str) -> Circle {
        let by = by.to_owned();
        Circle { x, y: 0, clock, by }
    }

    #[test]
    fn of_two_moves_the_later_counts_whichever_comes_first() {
        let [first, second, third] = [circle(1, 1, "b"), circle(2, 2, "a"), circle(3, 2, "b")];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut known = None;
            for index in order {
                let moves = [&first, &second, &third];
                take_circle(&mut known, moves[index].clone());
            }
            assert_eq!(known, Some(third.clone()));
        }
    }

    #[test]
    fn nonsense_moves_nothing() {
        let mut known = Some(circle(1, 1, "b"));
        take_circle(&mut known, circle(15, 2, "b"));
        take_circle(&mut known, circle(2, 2 + MAX_LEAP, "b"));
        assert_eq!(known, Some(circle(1, 1, "b")));
    }

    #[test]
    fn what_is_said_has_the_shape_of_the_pages() {
        let said = Said::Dot {
            dot: Dot {
                x: 1,
                y: 2,
                count: 3,
            },
            name: "native 1",
        };
        let json = serde_json::to_value(&said).unwrap();
        let expected =
            serde_json::json!({"t": "dot", "x": 1, "y": 2, "count": 3, "name": "native 1"});
        assert_eq!(json, expected);
        let heard: Heard = serde_json::from_str(r#"{"t":"wave","with":"hands"}"#).unwrap();
        assert!(matches!(heard, Heard::Other));
    }
}
