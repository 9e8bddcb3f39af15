//! How peers are attached to the network: what their address translators let through, and how
//! many bytes per second.

use crate::random::Random;

/// What the network translation in front of a peer does (RFC 4787 in the older words of RFC 3489,
/// which everybody uses).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// A public address.
    Open,
    /// One mapping, open to all.
    FullCone,
    /// One mapping, open to addresses that were sent to.
    Restricted,
    /// One mapping, open to addresses and ports that were sent to.
    PortRestricted,
    /// A mapping for each destination.
    Symmetric,
    /// No UDP at all.
    Blocked,
}

/// How common each kind is, in parts per thousand; the rest has public addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NatShares {
    /// [`Nat::FullCone`].
    pub full_cone: u32,
    /// [`Nat::Restricted`].
    pub restricted: u32,
    /// [`Nat::PortRestricted`].
    pub port_restricted: u32,
    /// [`Nat::Symmetric`].
    pub symmetric: u32,
    /// [`Nat::Blocked`].
    pub blocked: u32,
}

/// Bytes per second; between the two bounds their logarithm is equally likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth {
    /// What a peer can send, at least and at most.
    pub up: [u32; 2],
    /// What a peer can receive, at least and at most.
    pub down: [u32; 2],
}

impl Nat {
    /// Whether ICE with STUN and without a relay connects two peers (RFC 5128, section 3.4).
    pub fn connects(self, other: Self) -> bool {
        match (self, other) {
            (Self::Blocked, _) | (_, Self::Blocked) => false,
            (Self::Symmetric, Self::Symmetric | Self::PortRestricted)
            | (Self::PortRestricted, Self::Symmetric) => false,
            (
                Self::Open
                | Self::FullCone
                | Self::Restricted
                | Self::PortRestricted
                | Self::Symmetric,
                Self::Open
                | Self::FullCone
                | Self::Restricted
                | Self::PortRestricted
                | Self::Symmetric,
            ) => true,
        }
    }
}

impl NatShares {
    /// Most home routers, some carriers and offices: one pair in eight can't connect.
    pub const fn typical() -> Self {
        Self {
            full_cone: 120,
            restricted: 130,
            port_restricted: 540,
            symmetric: 95,
            blocked: 5,
        }
    }

    pub(crate) fn draw(&self, random: &mut Random) -> Nat {
        let mut drawn = random.below(1000) as u32;
        let kinds = [
            (self.full_cone, Nat::FullCone),
            (self.restricted, Nat::Restricted),
            (self.port_restricted, Nat::PortRestricted),
            (self.symmetric, Nat::Symmetric),
            (self.blocked, Nat::Blocked),
        ];
        for (share, nat) in kinds {
            match drawn.checked_sub(share) {
                Some(rest) => drawn = rest,
                None => return nat,
            }
        }
        Nat::Open
    }
}

impl Bandwidth {
    /// From a bad mobile connection to a good one at home.
    pub const fn typical() -> Self {
        Self {
            up: [50_000, 5_000_000],
            down: [200_000, 30_000_000],
        }
    }

    pub(crate) fn draw(&self, random: &mut Random) -> [u32; 2] {
        [self.up, self.down].map(|[least, most]| {
            let (least, most) = (f64::from(least.max(1)), f64::from(most.max(1)));
            (least * (most / least).powf(random.unit())) as u32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typical_translators_keep_one_pair_in_eight_apart() {
        let (shares, mut random) = (NatShares::typical(), Random::new(1));
        let mut fails = || !shares.draw(&mut random).connects(shares.draw(&mut random));
        let failed = (0..100_000).filter(|_| fails()).count();
        assert!((11_500..13_500).contains(&failed), "{failed} of 100,000");
    }
}
