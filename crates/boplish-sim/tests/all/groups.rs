//! Groups: what one says all hear, once and in order, whoever comes and goes.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::collections::BTreeMap;

use crate::common::*;

use boplish_core::wire::{Keypair, Payload, PeerId};
use boplish_core::{Event, GroupAccess, GroupEvent};
use boplish_sim::{NetworkConfig, PeerHandle, World, replay};

/// A ring of peers, and what each has heard from whom, in the order in which it came.
struct Room {
    world: World,
    peers: Vec<PeerHandle>,
    access: GroupAccess,
    heard: BTreeMap<PeerHandle, BTreeMap<PeerId, Vec<u32>>>,
    members: BTreeMap<PeerHandle, (u32, Vec<PeerId>)>,
    said: BTreeMap<PeerHandle, u32>,
    directs: Vec<(PeerHandle, PeerId, Payload)>,
    /// How many posts each was told of that were said before it came.
    old: BTreeMap<PeerHandle, u32>,
}

impl Room {
    fn new(seed: u64, count: usize) -> Self {
        let mut room = Self {
            world: World::new(seed, NetworkConfig::internet()),
            peers: Vec::new(),
            access: GroupAccess::open("room").unwrap(),
            heard: BTreeMap::new(),
            members: BTreeMap::new(),
            said: BTreeMap::new(),
            directs: Vec::new(),
            old: BTreeMap::new(),
        };
        for _ in 0..count {
            room.add();
            room.world.run_for(millis(300));
        }
        room.world.run_for(secs(90));
        room
    }

    fn add(&mut self) -> PeerHandle {
        let peer = self.world.add_peer(ring_of_16_links());
        self.world.node(peer, |node, _| node.enable_groups());
        self.peers.push(peer);
        peer
    }

    fn join(&mut self, peer: PeerHandle, history: u32) {
        let access = self.access.clone();
        let joined = self
            .world
            .node(peer, |node, now| node.join_group(now, &access, history));
        joined.unwrap();
        self.heard.entry(peer).or_default();
    }

    fn say(&mut self, peer: PeerHandle) {
        let number = self.said.entry(peer).or_default();
        let payload = Payload::bytes(number.to_be_bytes()).unwrap();
        *number += 1;
        let group = self.access.key();
        let said = self.world.node(peer, |node, now| {
            node.publish_to_group(now, group, &payload)
        });
        said.unwrap();
    }

    fn run(&mut self, duration: core::time::Duration) {
        self.world.run_for(duration);
        for peer in self.heard.keys().copied().collect::<Vec<_>>() {
            for (_, event) in self.world.take_events(peer) {
                let Event::Group { group, event } = event else {
                    continue;
                };
                assert_eq!(group, self.access.key());
                match event {
                    GroupEvent::Post {
                        from,
                        payload,
                        is_old,
                    } => {
                        *self.old.entry(peer).or_default() += u32::from(is_old);
                        let number = u32::from_be_bytes(payload.as_bytes().try_into().unwrap());
                        let heard = self.heard.get_mut(&peer).unwrap();
                        heard.entry(from).or_default().push(number);
                    }
                    GroupEvent::Members { count, some } => {
                        self.members.insert(peer, (count, some));
                    }
                    GroupEvent::Direct { from, payload } => {
                        self.directs.push((peer, from, payload))
                    }
                    GroupEvent::Joined => {}
                }
            }
        }
    }

    /// Everybody has heard all that these have said since those numbers, once and in order.
    fn expect(&self, listeners: &[PeerHandle], since: &BTreeMap<PeerHandle, u32>) {
        let hint = replay::hint(self.world.seed());
        for (writer, said) in &self.said {
            let first = since.get(writer).copied().unwrap_or(0);
            let expected: Vec<u32> = (first..*said).collect();
            let id = self.world.id(*writer);
            for listener in listeners.iter().filter(|it| *it != writer) {
                let heard = self.heard[listener].get(&id).cloned().unwrap_or_default();
                let heard: Vec<u32> = heard.into_iter().filter(|it| *it >= first).collect();
                assert_eq!(heard, expected, "{listener:?} of {writer:?}\n{hint}");
            }
        }
    }
}

/// A group whose key that peer owns, among those others.
fn access_rooted_at(root: &PeerId, others: &[PeerId]) -> GroupAccess {
    let is_owned = |key: &PeerId| {
        let behind = |peer: &PeerId| (peer < key, *peer);
        others.iter().all(|other| behind(root) < behind(other))
    };
    let mut rooms = (0..).map(|number| GroupAccess::open(&format!("room {number}")).unwrap());
    rooms.find(|it| is_owned(&it.key())).unwrap()
}

#[test]
fn what_is_said_is_heard_by_all_once_and_in_order() {
    for seed in replay::seeds(0..6) {
        let mut room = Room::new(seed, 40);
        let members: Vec<PeerHandle> = room.peers.iter().copied().step_by(2).collect();
        for peer in &members {
            room.join(*peer, 0);
        }
        room.run(secs(10));
        for _ in 0..5 {
            for peer in &members {
                room.say(*peer);
                room.run(millis(20));
            }
        }
        room.run(secs(10));
        room.expect(&members, &BTreeMap::new());
        let mut all: Vec<PeerId> = members.iter().map(|it| room.world.id(*it)).collect();
        all.sort_unstable();
        let is_known = |room: &Room, peer: &PeerHandle| {
            let (count, mut some) = room.members[peer].clone();
            some.sort_unstable();
            count == 20 && some == all
        };
        // While the tree still follows the ring's routes, some are not counted for a moment.
        for _ in 0..60 {
            if !members.iter().all(|peer| is_known(&room, peer)) {
                room.run(secs(1));
            }
        }
        for peer in &members {
            let hint = replay::hint(seed);
            assert!(is_known(&room, peer), "{:?}\n{hint}", room.members[peer]);
        }
        // The others have heard nothing.
        assert_eq!(room.heard.len(), members.len());
    }
}

#[test]
fn who_comes_late_hears_the_last_that_was_said() {
    for seed in replay::seeds(0..6) {
        let mut room = Room::new(seed, 20);
        let writer = room.peers[3];
        room.join(writer, 0);
        room.run(secs(5));
        for _ in 0..10 {
            room.say(writer);
            room.run(millis(100));
        }
        room.run(secs(2));
        let late = [room.peers[7], room.peers[12]];
        for peer in late {
            room.join(peer, 4);
        }
        room.run(secs(10));
        for peer in late {
            let heard = &room.heard[&peer][&room.world.id(writer)];
            assert_eq!(*heard, [6, 7, 8, 9], "{}", replay::hint(seed));
        }
    }
}

#[test]
fn history_comes_whole_and_before_what_is_new() {
    for seed in replay::seeds(0..6) {
        let mut room = Room::new(seed, 20);
        let writers = [room.peers[3], room.peers[8], room.peers[15]];
        for writer in writers {
            room.join(writer, 0);
        }
        room.run(secs(5));
        for _ in 0..30 {
            for writer in writers {
                room.say(writer);
            }
            room.run(millis(100));
        }
        // They go on while somebody comes.
        let late = room.peers[11];
        room.join(late, 60);
        for _ in 0..30 {
            for writer in writers {
                room.say(writer);
            }
            room.run(millis(100));
        }
        room.run(secs(20));
        let hint = replay::hint(seed);
        for writer in writers {
            let heard = &room.heard[&late][&room.world.id(writer)];
            let first = heard[0];
            assert!((8..=20).contains(&first), "from {first} on\n{hint}");
            let expected: Vec<u32> = (first..60).collect();
            assert_eq!(*heard, expected, "{hint}");
        }
        let old = room.old.get(&late).copied().unwrap_or_default();
        assert!((40..=60).contains(&old), "{old} old ones\n{hint}");
    }
}

#[test]
fn what_somebody_is_told_of_the_past_is_not_told_to_others_as_new() {
    for seed in replay::seeds(0..12) {
        let mut room = Room::new(seed, 40);
        let writers = [room.peers[3], room.peers[8], room.peers[15]];
        for writer in writers {
            room.join(writer, 0);
        }
        room.run(secs(5));
        for _ in 0..10 {
            for writer in writers {
                room.say(writer);
            }
            room.run(millis(100));
        }
        room.run(secs(60));
        let late: Vec<PeerHandle> = (16..28).map(|it| room.peers[it]).collect();
        for peer in &late {
            room.join(*peer, 0);
        }
        room.run(secs(10));
        // Those above fetch what was said before, too.
        for peer in 28..40 {
            room.join(room.peers[peer], 20);
        }
        room.run(secs(20));
        for peer in &late {
            assert!(room.heard[peer].is_empty(), "{}", replay::hint(seed));
        }
        let told: u32 = room.old.values().sum();
        assert_eq!(told, 12 * 20, "{}", replay::hint(seed));
    }
}

#[test]
fn a_newcomer_that_is_the_root_hears_the_last_that_was_said() {
    for seed in replay::seeds(0..12) {
        let mut room = Room::new(seed, 20);
        let others: Vec<PeerId> = room.peers.iter().map(|it| room.world.id(*it)).collect();
        // It takes some seconds to become a member of the ring.
        let newcomer = room.add();
        let id = room.world.id(newcomer);
        room.access = access_rooted_at(&id, &others);
        let [writer, other] = [room.peers[3], room.peers[8]];
        room.join(writer, 0);
        room.join(other, 0);
        room.run(secs(1));
        for _ in 0..10 {
            room.say(writer);
            room.run(millis(50));
        }
        room.run(secs(30));
        room.join(newcomer, 4);
        room.run(secs(15));
        let writer_id = room.world.id(writer);
        let hint = replay::hint(seed);
        assert_eq!(room.heard[&newcomer][&writer_id], [6, 7, 8, 9], "{hint}");
        room.say(writer);
        room.run(secs(5));
        for peer in [newcomer, other] {
            assert_eq!(room.heard[&peer][&writer_id].last(), Some(&10), "{hint}");
        }
    }
}

#[test]
fn history_is_whole_whenever_a_newcomer_that_becomes_the_root_asks_for_it() {
    let newcomer = Keypair::from_secret(&[9; 32]);
    for seed in replay::seeds(0..100) {
        let mut room = Room::new(seed, 3);
        let others: Vec<PeerId> = room.peers.iter().map(|it| room.world.id(*it)).collect();
        room.access = access_rooted_at(&newcomer.id(), &others);
        let members = room.peers.clone();
        for member in &members {
            room.join(*member, 0);
        }
        room.run(secs(5));
        let writer = members[0];
        for _ in 0..5 {
            room.say(writer);
            room.run(millis(30));
        }
        let late = room
            .world
            .add_peer_with(ring_of_16_links(), newcomer.clone());
        room.world.node(late, |node, _| node.enable_groups());
        // The others may have made it the root before it wants to hear anything itself.
        room.run(millis(60 * seed));
        room.join(late, 3);
        room.run(secs(15));
        room.say(writer);
        room.run(secs(5));
        let hint = replay::hint(seed);
        let writer_id = room.world.id(writer);
        let heard = room.heard[&late].get(&writer_id);
        assert_eq!(heard, Some(&vec![2, 3, 4, 5]), "{hint}");
        assert_eq!(room.old.get(&late), Some(&3), "{hint}");
    }
}

#[test]
fn a_group_goes_on_whoever_dies() {
    for seed in replay::seeds(0..6) {
        let mut room = Room::new(seed, 40);
        let mut members = room.peers.clone();
        for peer in &members {
            room.join(*peer, 0);
        }
        room.run(secs(15));
        // The root, and every fourth.
        let root = room.access.key();
        let is_root = |room: &Room, peer: &PeerHandle| {
            let node = room.world.look(*peer).unwrap();
            node.local_lookup(&root, 1).first() == Some(&node.id())
        };
        let dying: Vec<PeerHandle> = members
            .iter()
            .enumerate()
            .filter(|(index, peer)| index % 4 == 1 || is_root(&room, peer))
            .map(|it| *it.1)
            .collect();
        members.retain(|peer| !dying.contains(peer));
        for peer in &dying {
            room.world.vanish(*peer);
            room.heard.remove(peer);
        }
        for _ in 0..20 {
            room.say(members[0]);
            room.say(members[9]);
            room.run(secs(1));
        }
        room.run(secs(15));
        room.expect(&members, &BTreeMap::new());
    }
}

#[test]
fn who_does_not_know_the_password_reads_nothing() {
    let mut room = Room::new(1, 12);
    room.access = GroupAccess::with_password("room", "sesame").unwrap();
    let members = [room.peers[1], room.peers[5], room.peers[9]];
    for peer in members {
        room.join(peer, 0);
    }
    // Another password, and none, lead elsewhere.
    let others = [
        (room.peers[2], GroupAccess::with_password("room", "Sesame")),
        (room.peers[6], GroupAccess::open("room")),
    ];
    for (peer, access) in others {
        let access = access.unwrap();
        assert_ne!(access.key(), room.access.key());
        room.world
            .node(peer, |node, now| node.join_group(now, &access, 64).unwrap());
    }
    room.run(secs(10));
    for peer in members {
        room.say(peer);
    }
    room.run(secs(10));
    room.expect(&members, &BTreeMap::new());
    for peer in [room.peers[2], room.peers[6]] {
        let posts = room.world.take_events(peer);
        let is_post = |event: &Event| {
            matches!(
                event,
                Event::Group {
                    event: GroupEvent::Post { .. },
                    ..
                }
            )
        };
        assert!(!posts.iter().any(|(_, event)| is_post(event)));
    }
}

#[test]
fn a_word_to_one_member_reaches_that_one_alone() {
    for password in [None, Some("sesame")] {
        let mut room = Room::new(2, 12);
        if let Some(password) = password {
            room.access = GroupAccess::with_password("room", password).unwrap();
        }
        let [from, to, other] = [room.peers[1], room.peers[5], room.peers[9]];
        for peer in [from, to, other] {
            room.join(peer, 0);
        }
        room.run(secs(10));
        let (group, receiver) = (room.access.key(), room.world.id(to));
        let word = Payload::json("{\"text\":\"psst\"}").unwrap();
        room.world.node(from, |node, now| {
            node.send_to_member(now, group, receiver, &word).unwrap();
        });
        room.run(secs(5));
        assert_eq!(room.directs, [(to, room.world.id(from), word)]);
    }
}
