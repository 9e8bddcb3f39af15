//! Network coordinates: where this peer is in the space of latencies (Dabek, Cox, Kaashoek,
//! Morris: "Vivaldi: a decentralized network coordinate system", 2004; the adaptive time step of
//! section 3.4, the height vectors of section 5.4).

use boplish_wire::ring::Coordinates;

/// Units of a coordinate in a millisecond.
const PER_MILLI: f32 = 16.0;

/// The constants c_c and c_e of the paper.
const STEP: f32 = 0.25;

/// No access to the network takes less, in milliseconds.
const LEAST_HEIGHT: f32 = 0.1;

/// Neighbours are told when the coordinates have moved by so many milliseconds.
const MOVED: f32 = 8.0;

/// This peer's coordinates, in milliseconds one way.
#[derive(Debug)]
pub(super) struct Vivaldi {
    x: f32,
    y: f32,
    height: f32,
    /// How wrong they are, relatively: 1 at first.
    error: f32,
    /// What neighbours were told.
    told: Coordinates,
}

impl Vivaldi {
    pub(super) fn new() -> Self {
        Self {
            x: 0.0,
            y: 0.0,
            height: 10.0,
            error: 1.0,
            told: Coordinates::default(),
        }
    }

    /// Whether they are no longer about where neighbours take them to be.
    pub(super) fn has_moved(&self) -> bool {
        let (now, told) = (self.coordinates(), self.told);
        let by = [
            now.x.abs_diff(told.x),
            now.y.abs_diff(told.y),
            now.height.abs_diff(told.height),
        ];
        by.into_iter().any(|it| f32::from(it) > MOVED * PER_MILLI)
    }

    /// Neighbours are told where they are now.
    pub(super) fn set_told(&mut self) {
        self.told = self.coordinates();
    }

    /// What others are told.
    pub(super) fn coordinates(&self) -> Coordinates {
        // A float becomes the nearest number that fits.
        Coordinates {
            x: (self.x * PER_MILLI) as i16,
            y: (self.y * PER_MILLI) as i16,
            height: (self.height * PER_MILLI) as u16,
        }
    }

    /// The latency to another peer in units of 1/16 ms, by its coordinates.
    pub(super) fn predict(&self, other: Coordinates) -> u16 {
        let (.., distance) = self.towards(other);
        (distance * PER_MILLI) as u16
    }

    /// The latency to another peer was measured, in milliseconds one way. `angle`, any number,
    /// says where to go if both are in one place.
    pub(super) fn update(&mut self, other: Coordinates, measured: f32, angle: u64) {
        let measured = measured.max(0.1);
        let (mut dx, mut dy, distance) = self.towards(other);
        let relative = ((distance - measured).abs() / measured).min(2.0);
        // Others don't tell their errors: they count as much as the own one.
        let weight = 0.5;
        self.error =
            (relative * STEP * weight + self.error * (1.0 - STEP * weight)).clamp(0.05, 1.0);
        let step = STEP * (0.5 + self.error);
        let plane = (dx * dx + dy * dy).sqrt();
        let plane = if plane < 0.01 {
            dx = if angle & 1 == 0 { 1.0 } else { -1.0 };
            dy = if angle & 2 == 0 { 1.0 } else { -1.0 };
            core::f32::consts::SQRT_2
        } else {
            plane
        };
        // The unit vector of the force ends in the height: both are shared out by their length.
        let force = step * (measured - distance);
        let whole = plane + self.height + f32::from(other.height) / PER_MILLI;
        self.x -= force * dx / whole.max(plane);
        self.y -= force * dy / whole.max(plane);
        self.height = (self.height + force * self.height / whole).clamp(LEAST_HEIGHT, 2_000.0);
    }

    /// The vector to another peer, and the predicted latency, in milliseconds.
    fn towards(&self, other: Coordinates) -> (f32, f32, f32) {
        let dx = f32::from(other.x) / PER_MILLI - self.x;
        let dy = f32::from(other.y) / PER_MILLI - self.y;
        let heights = f32::from(other.height) / PER_MILLI + self.height;
        (dx, dy, (dx * dx + dy * dy).sqrt() + heights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Peers on a line learn their distances by measuring a few.
    #[test]
    fn predictions_come_near_to_what_is_measured() {
        let places = [0.0_f32, 20.0, 60.0, 110.0, 150.0];
        let mut peers: Vec<Vivaldi> = places.iter().map(|_| Vivaldi::new()).collect();
        let latency = |a: usize, b: usize| 4.0 + (places[a] - places[b]).abs();
        let mut word = 7_u64;
        for _ in 0..4_000 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (a, b) = ((word >> 33) as usize % 5, (word >> 48) as usize % 5);
            if a != b {
                let other = peers[b].coordinates();
                peers[a].update(other, latency(a, b), word >> 20);
            }
        }
        for a in 0..5 {
            for b in (0..5).filter(|b| *b != a) {
                let predicted = f32::from(peers[a].predict(peers[b].coordinates())) / 16.0;
                let measured = latency(a, b);
                assert!(
                    (predicted - measured).abs() < 0.25 * measured + 3.0,
                    "{a} to {b}: {predicted} ms instead of {measured} ms"
                );
            }
        }
    }
}
