//! What the peers of a Chord ring say to each other: ring-protocol messages, and the tables of
//! neighbours that ride on hellos and keepalives.
//!
//! Both are maps with numbers for keys, as the bodies of frames; docs/protocol.md lists them.

use crate::frame::cbor::{Reader, Writer, Wrong};
use crate::id::PeerId;
use crate::limits::{MAX_RING_LIST, MAX_WAYPOINTS};

/// The protocol's name.
pub const PROTOCOL: &str = "ring-protocol";

/// A message between peers of a ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RingMessage {
    /// The sender takes the receiver for its successor, or wants to know whether it may: Chord's
    /// stabilize and notify in one. Answered by `State`, or `Unchanged` if `known` is its
    /// [`RingState::checksum`].
    Stabilize {
        /// The checksum of the receiver's state as the sender knows it; 0 if it doesn't.
        known: u32,
        /// Whether the sender is a member of the ring already.
        member: bool,
    },
    /// The sender's place in the ring.
    State(RingState),
    /// The sender's state is still as the receiver knows it.
    Unchanged,
    /// Who owns the key that the message is for? Answered by `Found`.
    Find {
        /// Comes back in the answer.
        token: u32,
        /// How many places on either side of the owner the answer is to tell.
        places: u8,
    },
    /// The sender owns the key that was asked for.
    Found {
        /// That of the question.
        token: u32,
        /// The links that the question came over.
        hops: u8,
        /// Where the owner is.
        coordinates: Coordinates,
        /// The owner's place.
        state: RingState,
    },
    /// Over these peers there is a ring that the sender's ring has not been part of so far.
    Unify {
        /// The peers that lead there, the sender itself first.
        over: Vec<PeerId>,
    },
}

/// A peer's place in a ring.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RingState {
    /// Whether it is a member: others may have it as their successor.
    pub member: bool,
    /// Whether it leaves.
    pub leaving: bool,
    /// The peers before it, the nearest (its predecessor) first.
    pub predecessors: Vec<Place>,
    /// Its successor list, the nearest first.
    pub successors: Vec<Place>,
}

/// A peer, and where it is in the space of latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Who.
    pub peer: PeerId,
    /// Where.
    pub coordinates: Coordinates,
}

/// Where a peer is in the space of latencies (Dabek et al., Vivaldi, section 5.4): the latency
/// between two is their distance in the plane and both heights, one way, in units of 1/16 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coordinates {
    /// East.
    pub x: i16,
    /// North.
    pub y: i16,
    /// Above the plane: what the access to the network takes.
    pub height: u16,
}

/// What a router tells its neighbour in a hello or keepalive: all of it in a hello or with a full
/// table, later what is new.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Whether the sender is a member of a ring.
    pub member: bool,
    /// Where it is.
    pub coordinates: Option<Coordinates>,
    /// How far it is from its predecessor, in positions; 0 if it has none.
    pub gap: Option<u32>,
    /// The receiver acknowledges this number at once, so that the sender learns the round trip.
    pub number: Option<u32>,
    /// Whether `added` is all that the sender is linked to, not only what is new.
    pub full: bool,
    /// Peers that the sender is linked to now.
    pub added: Vec<TableEntry>,
    /// Positions of those that it is not linked to any more.
    pub removed: Vec<u32>,
}

/// A neighbour of a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableEntry {
    /// The first 32 bits of its id.
    pub position: u32,
    /// The latency of the link, as [`latency_code`] gives it.
    pub latency: u8,
    /// How far it is from its predecessor, as [`gap_code`] gives it: so much before it is its own.
    pub gap: u8,
}

/// One-way latency in units of 1/16 ms as a byte: below 1 ms exactly, above in steps of 6 %.
pub fn latency_code(latency: u16) -> u8 {
    let shift = (16 - latency.leading_zeros()).saturating_sub(5);
    match latency {
        0..16 => latency as u8,
        _ => ((shift as u8 + 1) << 4) | ((latency >> shift) & 15) as u8,
    }
}

/// The least latency in units of 1/16 ms that has this code; codes beyond 207 have that of 207.
pub fn latency_of(code: u8) -> u16 {
    let code = u16::from(code.min(207));
    match code {
        0..16 => code,
        _ => (16 | code & 15) << ((code >> 4) - 1),
    }
}

/// A distance in positions as a byte: below 8 exactly, above in steps of 1/8 octave.
pub fn gap_code(gap: u32) -> u8 {
    let shift = (32 - gap.leading_zeros()).saturating_sub(4);
    match gap {
        0..8 => gap as u8,
        _ => ((shift as u8 + 1) << 3) | ((gap >> shift) & 7) as u8,
    }
}

/// The least distance that has this code; codes beyond 239 have that of 239.
pub fn gap_of(code: u8) -> u32 {
    let code = u32::from(code.min(239));
    match code {
        0..8 => code,
        _ => (8 | code & 7) << ((code >> 3) - 1),
    }
}

impl Coordinates {
    const BYTES: usize = 6;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let (x, y, height) = (
            self.x.to_be_bytes(),
            self.y.to_be_bytes(),
            self.height.to_be_bytes(),
        );
        [x[0], x[1], y[0], y[1], height[0], height[1]]
    }

    fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [x0, x1, y0, y1, h0, h1] = bytes;
        Self {
            x: i16::from_be_bytes([x0, x1]),
            y: i16::from_be_bytes([y0, y1]),
            height: u16::from_be_bytes([h0, h1]),
        }
    }
}

impl RingState {
    /// Tells states apart: FNV-1a over flags and ids. Coordinates don't count. Never 0.
    pub fn checksum(&self) -> u32 {
        let flags = u8::from(self.member) | u8::from(self.leaving) << 1;
        let mut hash = (0x811c_9dc5 ^ u32::from(flags)).wrapping_mul(FNV_PRIME);
        for list in [&self.predecessors, &self.successors] {
            hash = (hash ^ list.len() as u32).wrapping_mul(FNV_PRIME);
            for byte in list.iter().flat_map(|place| place.peer.as_bytes()) {
                hash = (hash ^ u32::from(*byte)).wrapping_mul(FNV_PRIME);
            }
        }
        hash.max(1)
    }

    fn write(&self, map: &mut Writer) {
        map.flag_field(2, self.member);
        map.flag_field(3, self.leaving);
        for (key, list) in [(4, &self.predecessors), (5, &self.successors)] {
            if !list.is_empty() {
                map.field(key).bytes(&pack_places(list));
            }
        }
    }
}

const FNV_PRIME: u32 = 0x0100_0193;

/// Bytes of a place: its id and its coordinates.
const PLACE: usize = PeerId::BYTES + Coordinates::BYTES;

fn pack_places(places: &[Place]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(places.len() * PLACE);
    for place in places {
        bytes.extend_from_slice(place.peer.as_bytes());
        bytes.extend_from_slice(&place.coordinates.to_bytes());
    }
    bytes
}

fn places(reader: &mut Reader<'_>) -> Result<Vec<Place>, Wrong> {
    let (places, rest) = reader.bytes()?.as_chunks::<PLACE>();
    if !rest.is_empty() || places.len() > MAX_RING_LIST {
        return Err(reader.wrong());
    }
    let place = |bytes: &[u8; PLACE]| {
        let (id, coordinates) = bytes.split_first_chunk()?;
        Some(Place {
            peer: PeerId::from_bytes(*id),
            coordinates: Coordinates::from_bytes(*coordinates.first_chunk()?),
        })
    };
    Ok(places.iter().filter_map(place).collect())
}

const STABILIZE: u64 = 0;
const STATE: u64 = 1;
const UNCHANGED: u64 = 2;
const FIND: u64 = 3;
const FOUND: u64 = 4;
const UNIFY: u64 = 5;

impl RingMessage {
    /// The bytes of a payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Writer::map_behind(Vec::new());
        map.field(0).uint(match self {
            Self::Stabilize { .. } => STABILIZE,
            Self::State(_) => STATE,
            Self::Unchanged => UNCHANGED,
            Self::Find { .. } => FIND,
            Self::Found { .. } => FOUND,
            Self::Unify { .. } => UNIFY,
        });
        match self {
            Self::Stabilize { known, member } => {
                map.field(1).uint((*known).into());
                map.flag_field(2, *member);
            }
            Self::State(state) => state.write(&mut map),
            Self::Unchanged => {}
            Self::Find { token, places } => {
                map.field(1).uint((*token).into());
                if *places > 0 {
                    map.field(8).uint((*places).into());
                }
            }
            Self::Found {
                token,
                hops,
                coordinates,
                state,
            } => {
                map.field(1).uint((*token).into());
                state.write(&mut map);
                map.field(6).uint((*hops).into());
                map.field(9).bytes(&coordinates.to_bytes());
            }
            Self::Unify { over } => map.field(7).bytes(&PeerId::concat(over)),
        }
        map.into_bytes()
    }

    /// The message with these bytes, `None` if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let message = Self::read(&mut reader).ok()?;
        (reader.left() == 0).then_some(message)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Wrong> {
        let (mut kind, mut number, mut hops, mut places_wanted) = (None, 0, 0, 0);
        let mut state = RingState::default();
        let mut over = Vec::new();
        let mut coordinates = Coordinates::default();
        reader.map(&mut |key, reader| {
            match key {
                0 => kind = Some(reader.uint()?),
                1 => number = reader.small()?,
                2 => state.member = reader.flag()?,
                3 => state.leaving = reader.flag()?,
                4 => state.predecessors = places(reader)?,
                5 => state.successors = places(reader)?,
                6 => hops = reader.small()?,
                7 => over = PeerId::split(reader.bytes()?).ok_or(reader.wrong())?,
                8 => places_wanted = reader.small()?,
                9 => coordinates = Coordinates::from_bytes(reader.exactly()?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        if over.len() > MAX_WAYPOINTS {
            return Err(reader.wrong());
        }
        Ok(match kind.ok_or(Wrong::Missing(0))? {
            STABILIZE => Self::Stabilize {
                known: number,
                member: state.member,
            },
            STATE => Self::State(state),
            UNCHANGED => Self::Unchanged,
            FIND => Self::Find {
                token: number,
                places: places_wanted,
            },
            FOUND => Self::Found {
                token: number,
                hops,
                coordinates,
                state,
            },
            UNIFY => Self::Unify { over },
            _ => return Err(reader.wrong()),
        })
    }
}

/// Bytes of an entry.
const ENTRY: usize = 6;

impl Table {
    /// The bytes, for a hello or keepalive.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Writer::map_behind(Vec::new());
        map.flag_field(0, self.member);
        if let Some(coordinates) = self.coordinates {
            map.field(1).bytes(&coordinates.to_bytes());
        }
        for (key, number) in [(2, self.number), (6, self.gap)] {
            if let Some(number) = number {
                map.field(key).uint(number.into());
            }
        }
        map.flag_field(3, self.full);
        if !self.added.is_empty() {
            let entry = |entry: &TableEntry| {
                let [a, b, c, d] = entry.position.to_be_bytes();
                [a, b, c, d, entry.latency, entry.gap]
            };
            let entries: Vec<u8> = self.added.iter().flat_map(entry).collect();
            map.field(4).bytes(&entries);
        }
        if !self.removed.is_empty() {
            let removed = self.removed.iter().flat_map(|it| it.to_be_bytes());
            map.field(5).bytes(&removed.collect::<Vec<u8>>());
        }
        map.into_bytes()
    }

    /// The table with these bytes, `None` if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let table = Self::read(&mut reader).ok()?;
        (reader.left() == 0).then_some(table)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Wrong> {
        let mut table = Self::default();
        reader.map(&mut |key, reader| {
            match key {
                0 => table.member = reader.flag()?,
                1 => table.coordinates = Some(Coordinates::from_bytes(reader.exactly()?)),
                2 => table.number = Some(reader.small()?),
                6 => table.gap = Some(reader.small()?),
                3 => table.full = reader.flag()?,
                4 => {
                    let (entries, rest) = reader.bytes()?.as_chunks::<ENTRY>();
                    if !rest.is_empty() {
                        return Err(reader.wrong());
                    }
                    let entry = |[a, b, c, d, latency, gap]: &[u8; ENTRY]| TableEntry {
                        position: u32::from_be_bytes([*a, *b, *c, *d]),
                        latency: *latency,
                        gap: *gap,
                    };
                    table.added = entries.iter().map(entry).collect();
                }
                5 => {
                    let (removed, rest) = reader.bytes()?.as_chunks::<4>();
                    if !rest.is_empty() {
                        return Err(reader.wrong());
                    }
                    table.removed = removed.iter().copied().map(u32::from_be_bytes).collect();
                }
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        Ok(table)
    }
}

/// Whether a payload of ring-protocol must be proven to be from its writer: all but questions for
/// the owner of a key and their answers, which change nothing by themselves.
pub fn needs_proof(payload: &[u8]) -> bool {
    !matches!(
        RingMessage::decode(payload),
        Some(RingMessage::Find { .. } | RingMessage::Found { .. })
    )
}
