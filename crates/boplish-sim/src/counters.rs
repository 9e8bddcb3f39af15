//! What has crossed the virtual network, and what it cost.

use core::ops::{Index, Sub};

/// Messages and bytes of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a frame on a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameKind {
    /// The first frame of a channel.
    Hello,
    /// A sign of life, with what the router adds.
    Keepalive,
    /// A farewell.
    Close,
    /// A message of `signaling-protocol`.
    Signaling,
    /// A message of `discovery-protocol`.
    Discovery,
    /// A message of `ring-protocol`, or an acknowledgement of a hop.
    Ring,
    /// A message of `topo-protocol`, `ping-protocol` or `bopcast-protocol`.
    Report,
    /// An acknowledgement, or word that a peer is unreachable.
    Ack,
    /// Of the store: a record that is written, or a word of that.
    StoreWrite,
    /// Of the store: a question what there is, or its answer.
    StoreRead,
    /// Of the store: replicas compare what they have, and send what is missing.
    StoreRepair,
    /// Of a group: something that was said there.
    GroupPost,
    /// Of a group: who is where in its tree, and who has what.
    GroupUpkeep,
    /// Any other message: the application's.
    Application,
    /// A frame of another kind.
    Unknown,
}

impl FrameKind {
    /// All kinds, in their order.
    pub const ALL: [Self; 15] = [
        Self::Hello,
        Self::Keepalive,
        Self::Close,
        Self::Signaling,
        Self::Discovery,
        Self::Ring,
        Self::Report,
        Self::Ack,
        Self::StoreWrite,
        Self::StoreRead,
        Self::StoreRepair,
        Self::GroupPost,
        Self::GroupUpkeep,
        Self::Application,
        Self::Unknown,
    ];

    /// The kind stands in the second byte of a frame, behind its version.
    pub(crate) fn of(frame: &[u8]) -> Self {
        match frame.get(1) {
            Some(0) => Self::Hello,
            Some(1) => Self::Keepalive,
            Some(2) => Self::of_message(&frame[2..]),
            Some(3) => Self::Close,
            Some(4) => Self::Ring,
            Some(5..) | None => Self::Unknown,
        }
    }

    fn of_message(map: &[u8]) -> Self {
        let mut fields = Fields { left: map };
        fields.open();
        let (mut protocol, mut kind) = (&[][..], 0);
        let (mut payload, mut by_key) = (&[][..], false);
        while let Some((key, value)) = fields.next() {
            match key {
                3 => protocol = value,
                4 => kind = value.first().copied().unwrap_or(0),
                9 => payload = value,
                11 => by_key = true,
                18 if value == [0] => protocol = b"signaling-protocol",
                18 => protocol = b"ring-protocol",
                _ => {}
            }
            // Only of the store's and the groups' messages is it asked what is in them.
            let is_asked = protocol == b"store-protocol" || protocol == b"group-protocol";
            if key >= 4 && key != 18 && (!is_asked || key >= 11) {
                break;
            }
        }
        match (protocol, kind) {
            (_, 3 | 4) => Self::Ack,
            (b"signaling-protocol", _) => Self::Signaling,
            (b"discovery-protocol", _) => Self::Discovery,
            (b"ring-protocol", _) => Self::Ring,
            (b"topo-protocol" | b"ping-protocol" | b"bopcast-protocol", _) => Self::Report,
            (b"store-protocol", _) => Self::of_store(payload, by_key),
            (b"group-protocol", _) => Self::of_group(payload),
            (_, _) => Self::Application,
        }
    }

    /// By the number of a post (docs/protocol.md).
    fn of_group(map: &[u8]) -> Self {
        let mut fields = Fields { left: map };
        fields.open();
        match fields.next() {
            Some((0, [4])) => Self::GroupPost,
            Some(_) | None => Self::GroupUpkeep,
        }
    }

    /// By the numbers of the store's messages (docs/protocol.md). What is written has a token, what
    /// is repaired has none, but for a record that goes to the owner of its key.
    fn of_store(map: &[u8], by_key: bool) -> Self {
        let mut fields = Fields { left: map };
        fields.open();
        let (mut kind, mut token) = (&[][..], &[][..]);
        while let Some((key @ 0..=1, value)) = fields.next() {
            match key {
                0 => kind = value,
                _ => token = value,
            }
        }
        match kind {
            [0 | 2 | 6] => Self::StoreWrite,
            [4] if token != [0] && !by_key => Self::StoreWrite,
            [1 | 3 | 5 | 10 | 11] => Self::StoreRead,
            _ => Self::StoreRepair,
        }
    }
}

/// The fields of a CBOR map (RFC 8949) whose keys are small numbers, as far as they can be read;
/// faster than to make a message of it.
struct Fields<'a> {
    left: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Steps over the map's own head.
    fn open(&mut self) {
        self.head();
    }

    /// The next key, and the bytes of its value: of a text or byte string what is in it, of a
    /// number all of it, which is one byte if it is small.
    fn next(&mut self) -> Option<(u64, &'a [u8])> {
        let (_, key, _) = self.head()?;
        let before = self.left;
        let (major, number, read) = self.head()?;
        match major {
            2 | 3 => {
                let (value, left) = self.left.split_at_checked(usize::try_from(number).ok()?)?;
                self.left = left;
                Some((key, value))
            }
            0 => Some((key, &before[..read])),
            7 => Some((key, &[])),
            _ => None,
        }
    }

    /// The major type and the number of the next item, and the bytes of both.
    fn head(&mut self) -> Option<(u8, u64, usize)> {
        let (first, rest) = self.left.split_first()?;
        let (number, bytes) = match first & 31 {
            short @ 0..24 => (u64::from(short), 0),
            long @ 24..28 => {
                let bytes = 1 << (long - 24);
                let digits = rest.get(..bytes)?.iter();
                let number = digits.fold(0, |sum, digit| sum << 8 | u64::from(*digit));
                (number, bytes)
            }
            // A map of indefinite length, or an end.
            _ => (0, 0),
        };
        self.left = &rest[bytes..];
        Some((first >> 5, number, 1 + bytes))
    }
}

/// What has crossed the virtual network, and what it cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// WebSockets that peers have tried to open, ever.
    pub sockets: u64,
    /// Texts from peers to the bootstrap server.
    pub to_server: Count,
    /// Texts from the bootstrap server to peers.
    pub from_server: Count,
    /// Frames on channels, of each kind.
    frames: [Count; FrameKind::ALL.len()],
    /// WebRTC connections made (one side each), ever.
    pub connections: u64,
    /// WebRTC connections between two peers that have opened, ever.
    pub opened: u64,
    /// Steps of the simulation.
    pub steps: u64,
}

/// What a world holds at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Population {
    /// Peers that have not vanished.
    pub nodes: usize,
    /// Sides of connections.
    pub endpoints: usize,
    /// Those of them that are being set up or restarted.
    pub setups: usize,
    /// Frames on their way.
    pub frames: usize,
    /// WebSockets.
    pub sockets: usize,
    /// Steps that are yet to happen.
    pub steps: usize,
    /// Events that nobody has taken yet from the world's queue.
    pub events: usize,
}

impl Count {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            messages: self.messages - earlier.messages,
            bytes: self.bytes - earlier.bytes,
        }
    }
}

impl Counters {
    pub(crate) fn frame(&mut self, frame: &[u8]) {
        self.frames[FrameKind::of(frame) as usize].add(frame.len());
    }

    /// All frames on channels.
    pub fn frames(&self) -> Count {
        self.frames.iter().fold(Count::default(), |sum, it| Count {
            messages: sum.messages + it.messages,
            bytes: sum.bytes + it.bytes,
        })
    }
}

impl Index<FrameKind> for Counters {
    type Output = Count;

    fn index(&self, kind: FrameKind) -> &Count {
        &self.frames[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use boplish_core::wire::group::{self, GroupMessage, Saying};
    use boplish_core::wire::store::{self, Client, StoreMessage};
    use boplish_core::wire::{
        Frame, Keypair, Kind, Message, MessageId, Payload, ProtocolName, Way,
    };

    use super::*;

    fn kind_of(protocol: &str, kind: Kind) -> FrameKind {
        let payload = Payload::json("[1]").unwrap();
        kind_of_message(protocol, kind, payload, false)
    }

    fn kind_of_message(protocol: &str, kind: Kind, payload: Payload, by_key: bool) -> FrameKind {
        let from = Keypair::from_secret(&[1; 32]).id();
        let message = Message {
            way: Way {
                by_key,
                ..Way::default()
            },
            id: MessageId(u64::MAX),
            from,
            to: Some(from),
            protocol: ProtocolName::new(protocol).unwrap(),
            kind,
            wants_ack: true,
            hops: 3,
            payload,
            proof: None,
        };
        FrameKind::of(&Frame::Message(message).encode())
    }

    #[test]
    fn messages_are_told_apart_by_their_protocol() {
        let of = MessageId(7);
        assert_eq!(
            kind_of("signaling-protocol", Kind::Plain),
            FrameKind::Signaling
        );
        assert_eq!(
            kind_of("discovery-protocol", Kind::Request),
            FrameKind::Discovery
        );
        assert_eq!(kind_of("ping-protocol", Kind::Plain), FrameKind::Report);
        assert_eq!(kind_of("mine", Kind::Reply { of }), FrameKind::Application);
        assert_eq!(kind_of("mine", Kind::Ack { of }), FrameKind::Ack);
    }

    fn kind_of_store(message: &StoreMessage, by_key: bool) -> FrameKind {
        let payload = Payload::bytes(message.encode()).unwrap();
        kind_of_message(store::PROTOCOL, Kind::Plain, payload, by_key)
    }

    #[test]
    fn messages_of_the_store_are_told_apart_by_what_they_are_for() {
        let key = Keypair::from_secret(&[1; 32]).id();
        let store = |token| StoreMessage::Store {
            token,
            ballot: 7,
            record: vec![1; 300],
        };
        for token in [1, 0x100, u32::MAX] {
            assert_eq!(kind_of_store(&store(token), false), FrameKind::StoreWrite);
        }
        assert_eq!(kind_of_store(&store(0), false), FrameKind::StoreRepair);
        assert_eq!(kind_of_store(&store(9), true), FrameKind::StoreRepair);
        let client = Client::WRITER;
        let (token, quick) = (1 << 31, true);
        let get = StoreMessage::Get {
            token,
            client,
            key,
            quick,
        };
        assert_eq!(kind_of_store(&get, true), FrameKind::StoreRead);
        let put = StoreMessage::Put {
            token,
            client,
            record: vec![1; 300],
            expected: None,
        };
        assert_eq!(kind_of_store(&put, true), FrameKind::StoreWrite);
        let summary = StoreMessage::Summary {
            from: key,
            to: key,
            digest: 1,
        };
        assert_eq!(kind_of_store(&summary, false), FrameKind::StoreRepair);
    }

    #[test]
    fn posts_of_groups_are_told_apart_from_what_keeps_the_tree() {
        let kind_of = |saying| {
            let group = Keypair::from_secret(&[1; 32]).id();
            let payload = Payload::bytes(GroupMessage { group, saying }.encode()).unwrap();
            kind_of_message(group::PROTOCOL, Kind::Plain, payload, false)
        };
        let (post, old) = (vec![1; 300], false);
        assert_eq!(kind_of(Saying::Post { post, old }), FrameKind::GroupPost);
        assert_eq!(kind_of(Saying::Join), FrameKind::GroupUpkeep);
        assert_eq!(kind_of(Saying::Last { count: 4 }), FrameKind::GroupUpkeep);
    }

    #[test]
    fn nonsense_is_counted_too() {
        let mut counters = Counters::default();
        for frame in [
            &[][..],
            &[1],
            &[1, 2],
            &[1, 2, 0xBF, 3],
            &[1, 9, 9],
            &[1, 2, 0xA1, 3, 0x7B],
        ] {
            counters.frame(frame);
        }
        assert_eq!(counters.frames().messages, 6);
    }
}
