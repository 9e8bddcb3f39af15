//! Who is connected: the tables, and the invariants between them.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use boplish_wire::bootstrap::{ClientId, NONCE};

use crate::bucket::Bucket;
use crate::io::ConnId;

/// One connection: who it is, and what it has left of its rates.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) address: IpAddr,
    /// When it connected.
    pub(crate) since: Duration,
    pub(crate) messages: Bucket,
    pub(crate) bytes: Bucket,
    pub(crate) strikes: Bucket,
}

impl Client {
    pub(crate) fn new(now: Duration, id: ClientId, address: IpAddr) -> Self {
        Self {
            id,
            address,
            since: now,
            messages: Bucket::full(now),
            bytes: Bucket::full(now),
            strikes: Bucket::full(now),
        }
    }
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It was challenged and must prove its id.
    Challenged {
        /// What it must sign.
        nonce: [u8; NONCE],
        /// Bits of the work that it must do.
        work: u8,
        /// Until when.
        deadline: Duration,
    },
    /// It is in the directory.
    Member {
        /// Its index among the members.
        place: usize,
        /// Whether it proved its id.
        proven: bool,
        /// Whether it introduces newcomers.
        part: Part,
    },
}

/// What a member does for newcomers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing: it has not said that it has joined the network.
    Guest,
    /// It is one of those that they are introduced to.
    Entry {
        /// Its index among them.
        place: usize,
    },
    /// Nothing any more: it is let go when those that it was introduced to have had their time.
    Retiring {
        /// Then.
        deadline: Duration,
    },
}

/// All connections. Invariants:
///
/// - `members` holds exactly the connections that are [`Standing::Member`], each at its `place`;
/// - `names` has exactly one entry for each of them;
/// - `entries` holds exactly the members that are [`Part::Entry`], each at its `place`;
/// - `retiring` has exactly one entry for each that is [`Part::Retiring`];
/// - `deadlines` has exactly one entry for each that is [`Standing::Challenged`];
/// - `per_network` counts the connections of each network, and has no zeros.
#[derive(Debug, Default)]
pub(crate) struct Table {
    connections: BTreeMap<ConnId, (Client, Standing)>,
    names: BTreeMap<ClientId, ConnId>,
    members: Vec<ConnId>,
    entries: Vec<ConnId>,
    retiring: BTreeSet<(Duration, ConnId)>,
    deadlines: BTreeSet<(Duration, ConnId)>,
    per_network: BTreeMap<IpAddr, usize>,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn members(&self) -> usize {
        self.members.len()
    }

    /// The member at an index.
    pub(crate) fn member(&self, index: usize) -> Option<ConnId> {
        self.members.get(index).copied()
    }

    pub(crate) fn all_members(&self) -> Vec<ConnId> {
        self.members.clone()
    }

    pub(crate) fn challenged(&self) -> usize {
        self.deadlines.len()
    }

    pub(crate) fn in_network_of(&self, address: IpAddr) -> usize {
        let count = self.per_network.get(&network_of(address));
        count.copied().unwrap_or_default()
    }

    pub(crate) fn get_mut(&mut self, conn: ConnId) -> Option<(&mut Client, Standing)> {
        let (client, standing) = self.connections.get_mut(&conn)?;
        Some((client, *standing))
    }

    /// The member with this id.
    pub(crate) fn named(&self, id: &ClientId) -> Option<ConnId> {
        self.names.get(id).copied()
    }

    /// The challenged connection with the earliest deadline.
    pub(crate) fn next_deadline(&self) -> Option<(Duration, ConnId)> {
        self.deadlines.first().copied()
    }

    /// All connections, from the oldest on.
    pub(crate) fn all(&self) -> impl Iterator<Item = (ConnId, &Client)> {
        let all = self.connections.iter();
        all.map(|(conn, (client, _))| (*conn, client))
    }

    /// The oldest connection.
    pub(crate) fn first(&self) -> Option<ConnId> {
        self.connections.keys().next().copied()
    }

    /// Adds a connection that has to prove its id.
    pub(crate) fn challenge(
        &mut self,
        conn: ConnId,
        client: Client,
        nonce: [u8; NONCE],
        work: u8,
        deadline: Duration,
    ) {
        self.deadlines.insert((deadline, conn));
        let standing = Standing::Challenged {
            nonce,
            work,
            deadline,
        };
        self.insert(conn, client, standing);
    }

    /// Adds a connection as a member. Nobody may have its id.
    pub(crate) fn add_unproven(&mut self, conn: ConnId, client: Client) {
        let standing = self.join(conn, client.id.clone(), false);
        self.insert(conn, client, standing);
    }

    /// Makes a challenged connection a member. Nobody may have its id.
    pub(crate) fn admit_proven(&mut self, conn: ConnId) {
        let Some((client, standing)) = self.connections.get(&conn) else {
            return;
        };
        let id = client.id.clone();
        match *standing {
            Standing::Challenged { deadline, .. } => self.deadlines.remove(&(deadline, conn)),
            Standing::Member { .. } => return,
        };
        let joined = self.join(conn, id, true);
        if let Some((_, standing)) = self.connections.get_mut(&conn) {
            *standing = joined;
        }
    }

    fn join(&mut self, conn: ConnId, id: ClientId, proven: bool) -> Standing {
        let former = self.names.insert(id, conn);
        debug_assert_eq!(former, None, "an id belongs to one member");
        self.members.push(conn);
        Standing::Member {
            place: self.members.len() - 1,
            proven,
            part: Part::Guest,
        }
    }

    fn insert(&mut self, conn: ConnId, client: Client, standing: Standing) {
        *self
            .per_network
            .entry(network_of(client.address))
            .or_default() += 1;
        let former = self.connections.insert(conn, (client, standing));
        debug_assert!(former.is_none(), "a number is never used twice");
    }

    /// Forgets a connection.
    pub(crate) fn remove(&mut self, conn: ConnId) -> Option<(Client, Standing)> {
        let (client, standing) = self.connections.remove(&conn)?;
        match standing {
            Standing::Challenged { deadline, .. } => {
                self.deadlines.remove(&(deadline, conn));
            }
            Standing::Member { place, part, .. } => {
                self.names.remove(&client.id);
                self.leave(place);
                self.end(conn, part);
            }
        }
        let network = network_of(client.address);
        if let Some(count) = self.per_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.per_network.remove(&network);
            }
        }
        Some((client, standing))
    }

    /// Frees a place, which the last member takes.
    fn leave(&mut self, free: usize) {
        self.members.swap_remove(free);
        let Some(moved) = self.members.get(free) else {
            return;
        };
        match self.connections.get_mut(moved) {
            Some((_, Standing::Member { place, .. })) => *place = free,
            Some((_, Standing::Challenged { .. })) | None => {
                unreachable!("members are connections that are members")
            }
        }
    }

    /// Peers that newcomers are introduced to.
    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The entry peer at an index.
    pub(crate) fn entry(&self, index: usize) -> Option<ConnId> {
        self.entries.get(index).copied()
    }

    /// The retiring member that is to be let go first, and when.
    pub(crate) fn next_release(&self) -> Option<(Duration, ConnId)> {
        self.retiring.first().copied()
    }

    /// What a member does for newcomers; `None` if it is none, or unproven.
    pub(crate) fn part_of(&self, conn: ConnId) -> Option<Part> {
        match self.connections.get(&conn)?.1 {
            Standing::Member { proven, part, .. } => proven.then_some(part),
            Standing::Challenged { .. } => None,
        }
    }

    /// Makes a member an entry peer.
    pub(crate) fn enter(&mut self, conn: ConnId) {
        let place = self.entries.len();
        self.play(conn, Part::Entry { place });
    }

    /// Lets a member do nothing more for newcomers until the deadline.
    pub(crate) fn retire(&mut self, conn: ConnId, deadline: Duration) {
        self.play(conn, Part::Retiring { deadline });
    }

    fn play(&mut self, conn: ConnId, new: Part) {
        let Some(former) = self.part_of(conn) else {
            return;
        };
        if let Part::Entry { .. } = new
            && let Part::Entry { .. } = former
        {
            return;
        }
        self.end(conn, former);
        match new {
            Part::Guest => {}
            Part::Entry { .. } => self.entries.push(conn),
            Part::Retiring { deadline } => {
                self.retiring.insert((deadline, conn));
            }
        }
        self.set_part(conn, new);
    }

    /// Takes a member that plays this part out of the tables of its like.
    fn end(&mut self, conn: ConnId, part: Part) {
        match part {
            Part::Guest => {}
            Part::Entry { place } => {
                self.entries.swap_remove(place);
                if let Some(moved) = self.entry(place) {
                    self.set_part(moved, Part::Entry { place });
                }
            }
            Part::Retiring { deadline } => {
                self.retiring.remove(&(deadline, conn));
            }
        }
    }

    fn set_part(&mut self, conn: ConnId, new: Part) {
        match self.connections.get_mut(&conn) {
            Some((_, Standing::Member { part, .. })) => *part = new,
            Some((_, Standing::Challenged { .. })) | None => {
                unreachable!("only members play a part")
            }
        }
    }

    /// How many members there are besides `conn`.
    pub(crate) fn others(&self, conn: ConnId) -> usize {
        self.members.len() - usize::from(self.place_of(conn).is_some())
    }

    /// The member at `draw`, counted without `conn`; there is one if `draw` is below
    /// [`others`](Self::others).
    pub(crate) fn other_than(&self, conn: ConnId, draw: usize) -> Option<ConnId> {
        let own = self.place_of(conn).unwrap_or(usize::MAX);
        self.members.get(draw + usize::from(draw >= own)).copied()
    }

    fn place_of(&self, conn: ConnId) -> Option<usize> {
        match self.connections.get(&conn)?.1 {
            Standing::Member { place, .. } => Some(place),
            Standing::Challenged { .. } => None,
        }
    }

    /// Panics where an invariant is broken.
    pub(crate) fn check(&self) {
        let (mut members, mut challenged, mut entries, mut retiring) = (0, 0, 0, 0);
        let mut per_network = BTreeMap::<IpAddr, usize>::new();
        for (conn, (client, standing)) in &self.connections {
            *per_network.entry(network_of(client.address)).or_default() += 1;
            match standing {
                Standing::Member { place, part, .. } => {
                    members += 1;
                    assert_eq!(self.members.get(*place), Some(conn), "place of {conn:?}");
                    assert_eq!(self.names.get(&client.id), Some(conn), "name of {conn:?}");
                    match part {
                        Part::Guest => {}
                        Part::Entry { place } => {
                            entries += 1;
                            assert_eq!(self.entries.get(*place), Some(conn), "entry {conn:?}");
                        }
                        Part::Retiring { deadline } => {
                            retiring += 1;
                            assert!(self.retiring.contains(&(*deadline, *conn)), "{conn:?}");
                        }
                    }
                }
                Standing::Challenged { deadline, .. } => {
                    challenged += 1;
                    assert!(self.deadlines.contains(&(*deadline, *conn)), "{conn:?}");
                }
            }
        }
        assert_eq!(self.members.len(), members, "members");
        assert_eq!(self.names.len(), members, "names");
        assert_eq!(self.entries.len(), entries, "entry peers");
        assert_eq!(self.retiring.len(), retiring, "retiring peers");
        assert_eq!(self.deadlines.len(), challenged, "deadlines");
        assert_eq!(self.per_network, per_network, "connections per network");
    }
}

/// What counts as one address: an IPv4 address, or the /64 network that one IPv6 host commonly has
/// for itself.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
    }
}
