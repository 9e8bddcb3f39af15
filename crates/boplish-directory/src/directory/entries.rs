//! Entry peers: the members that newcomers are introduced to. Everybody else who has joined the
//! network is told to hang up, so that the server's load grows with the joins and not with the
//! network.

use core::time::Duration;

use boplish_wire::bootstrap;
use rand_core::Rng;

use super::Directory;
use crate::close::CloseReason;
use crate::io::{ConnId, Event, Output, What};
use crate::table::Part;

impl Directory {
    /// A proven member has joined the network.
    pub(super) fn handle_joined(&mut self, now: Duration, conn: ConnId) {
        if self.table.part_of(conn) != Some(Part::Guest) {
            return;
        }
        self.table.enter(conn);
        self.stats.joined += 1;
        if let Some((client, _)) = self.table.get_mut(conn) {
            let (id, address) = (client.id.clone(), client.address);
            self.outputs.push_back(Output::Event(Event {
                conn,
                id,
                address,
                what: What::Joined,
            }));
        }
        self.retire_surplus(now);
    }

    /// Chooses by lot who is to be released, when there are too many: so those who stay are of
    /// every age, and neither one crowd of newcomers nor the oldest peers alone.
    fn retire_surplus(&mut self, now: Duration) {
        if self.table.entries() <= self.config.limits.entry_peers.get() {
            return;
        }
        let deadline = now.saturating_add(self.config.limits.release_after);
        while self.table.entries() > self.least_entries() {
            let index = self.draw(self.table.entries());
            let Some(conn) = self.table.entry(index) else {
                return;
            };
            self.table.retire(conn, deadline);
        }
    }

    /// How many entry peers stay when some are retired: an eighth less than there may be, so that
    /// one does not have to go for each that comes.
    fn least_entries(&self) -> usize {
        let most = self.config.limits.entry_peers.get();
        most - most / 8
    }

    /// Lets go who is due; but who is needed again stays.
    pub(super) fn release(&mut self, now: Duration) {
        while let Some((deadline, conn)) = self.table.next_release()
            && deadline <= now
        {
            if self.table.entries() < self.least_entries() {
                self.table.enter(conn);
                continue;
            }
            let within = self.credentials_end(now, conn);
            if let Some((client, _)) = self.table.get_mut(conn) {
                let entry_peers = self.config.limits.entry_peers.get();
                let text = bootstrap::release(client.id.as_str(), entry_peers, within);
                self.send(conn, text);
            }
            self.stats.released += 1;
            self.close(conn, CloseReason::Released);
        }
    }

    /// Whom a message for anyone goes to: from a proven peer to one of the entry peers, each with
    /// the same probability; without any, and from the report's clients, to one of all others.
    pub(super) fn anyone_but(&mut self, conn: ConnId) -> Option<ConnId> {
        let entries = self.entries_but(conn);
        if entries > 0 {
            let index = self.draw(entries);
            // The last one stands in for the sender, which the draw leaves out.
            let drawn = self.table.entry(index).filter(|drawn| *drawn != conn);
            return drawn.or_else(|| self.table.entry(entries));
        }
        let others = self.table.others(conn);
        let index = self.draw(others);
        self.table.other_than(conn, index).filter(|_| others > 0)
    }

    /// How many entry peers a message of this member for anyone may go to: none if it is one of the
    /// report's clients.
    pub(super) fn entries_but(&self, conn: ConnId) -> usize {
        match self.table.part_of(conn) {
            Some(Part::Entry { .. }) => self.table.entries() - 1,
            Some(Part::Guest | Part::Retiring { .. }) => self.table.entries(),
            None => 0,
        }
    }

    /// A number below `bound`, each with the same probability; 0 if that is 0.
    pub(super) fn draw(&mut self, bound: usize) -> usize {
        // For 100,000 numbers the bias is below 2^-47.
        let draw = (u128::from(self.random.next_u64()) * bound as u128) >> 64;
        draw as usize
    }
}
