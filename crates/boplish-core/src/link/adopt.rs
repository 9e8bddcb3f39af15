//! Links that the simulator makes without a handshake.

use super::handshake::{Remote, Role};
use super::open::{Link, Liveness};
use super::retry::random_below;
use super::{Links, ShortId};
use crate::io::ConnectionId;
use crate::node::AdoptedLink;
use crate::table::Table;
use crate::time::Time;

impl Links {
    /// Opens links as if both sides had just been heard, in the order of the ids; there are none
    /// so far. Keepalives go out together, at a random moment of their interval.
    pub(crate) fn adopt(&mut self, now: Time, links: &[AdoptedLink<'_>]) {
        let interval = self.config.keepalive_interval;
        let next_keepalive = now + random_below(interval, &mut self.rng);
        let open = (0..).zip(links).map(|(number, adopted)| {
            let role = match adopted.offered {
                true => Role::Offerer,
                false => Role::Answerer,
            };
            let remote = Remote {
                fingerprint: adopted.fingerprint,
                ufrag: adopted.ufrag.into(),
            };
            let mut liveness = Liveness::new(now, &self.config, self.hidden);
            liveness.next_keepalive = next_keepalive;
            let connection = ConnectionId(number);
            let link = Link::at_rest(connection, role, adopted.session, remote, liveness);
            (adopted.peer, Box::new(link))
        });
        self.open = Table::from_sorted(open.collect::<Vec<_>>().into_iter());
        let owners = links.iter().enumerate();
        let owners = owners.map(|(number, adopted)| (ShortId(number as u32), adopted.peer));
        self.owners = Table::from_sorted(owners);
        self.next_connection = links.len() as u64;
        self.earliest.set(None);
    }
}
