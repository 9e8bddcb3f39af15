//! Where peers are, and what that costs: the synthetic latency of the design.

use core::f64::consts::TAU;
use core::time::Duration;

use crate::random::Random;

/// Peers as points on the Earth, weighted by population. What a packet takes is the great circle
/// times the inflation of paths, at the speed of light in glass, and the delays of both accesses;
/// some pairs take a detour, which violates the triangle inequality. It is computed from the two
/// places and their names, so that no pair costs memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Geography {
    /// How much longer a path is than the great circle.
    pub inflation: f64,
    /// The median delay of a peer's access, one way.
    pub access: Duration,
    /// Standard deviation of the logarithm of the access delay.
    pub access_spread: f64,
    /// Pairs of peers whose packets take a detour, in parts per thousand,
    pub detours: u32,
    /// and how much longer that is at most.
    pub longest_detour: f64,
}

/// Where a peer is: a point on the unit sphere, and its access delay in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    point: [f32; 3],
    access: f32,
}

/// Where people are: the share of all in parts per thousand, latitude and longitude of the middle
/// and the standard deviation around it, in degrees.
const REGIONS: [(u64, f64, f64, f64); 10] = [
    // East Asia
    (210, 34.0, 114.0, 7.0),
    // Japan and Korea
    (40, 36.0, 134.0, 3.0),
    // South Asia
    (220, 23.0, 79.0, 6.0),
    // South-East Asia
    (95, 5.0, 108.0, 8.0),
    // Europe
    (145, 50.0, 11.0, 8.0),
    // Near East
    (60, 31.0, 44.0, 7.0),
    // West and Central Africa
    (60, 8.0, 6.0, 7.0),
    // East and Southern Africa
    (40, -8.0, 33.0, 9.0),
    // North America
    (75, 38.0, -92.0, 11.0),
    // Latin America
    (55, -10.0, -62.0, 14.0),
];

const EARTH_RADIUS_KM: f64 = 6_371.0;
/// Light in glass.
const KM_PER_MILLISECOND: f64 = 200.0;

impl Default for Geography {
    /// A one-way median of 79 ms between random peers.
    fn default() -> Self {
        Self {
            inflation: 1.6,
            access: Duration::from_millis(11),
            access_spread: 0.6,
            detours: 150,
            longest_detour: 2.0,
        }
    }
}

impl Geography {
    pub(crate) fn place(&self, random: &mut Random) -> Place {
        let all = REGIONS.iter().map(|(share, ..)| share).sum();
        let mut drawn = random.below(all);
        let region = REGIONS.iter().find(|(share, ..)| {
            let is_it = drawn < *share;
            drawn = drawn.saturating_sub(*share);
            is_it
        });
        let (_, latitude, longitude, spread) = region.expect("the shares sum up");
        let latitude = (latitude + spread * random.normal()).to_radians();
        let longitude = (longitude + spread * random.normal()).to_radians();
        let (sin, cos) = latitude.sin_cos();
        let point = [cos * longitude.cos(), cos * longitude.sin(), sin];
        let access = self.access.as_secs_f64() * 1e3;
        Place {
            point: point.map(|it| it as f32),
            access: (access * (self.access_spread * random.normal()).exp()) as f32,
        }
    }

    /// What a packet takes one way between two places, whose pair has this random word.
    pub(crate) fn one_way(&self, a: &Place, b: &Place, pair: u64) -> Duration {
        let squares = a.point.iter().zip(b.point).map(|(a, b)| {
            let difference = f64::from(a - b);
            difference * difference
        });
        let chord = squares.sum::<f64>().sqrt();
        let kilometres = 2.0 * (chord / 2.0).min(1.0).asin() * EARTH_RADIUS_KM;
        let detour = match (pair >> 32) % 1000 < u64::from(self.detours) {
            true => {
                let share = f64::from(pair as u32) / f64::from(u32::MAX);
                1.0 + share * (self.longest_detour - 1.0)
            }
            false => 1.0,
        };
        let path = kilometres * self.inflation * detour / KM_PER_MILLISECOND;
        let milliseconds = path + f64::from(a.access) + f64::from(b.access);
        Duration::from_nanos((milliseconds * 1e6) as u64)
    }
}

/// A standard normal variate from two uniform ones (Box and Muller 1958).
pub(crate) fn box_muller(one: f64, other: f64) -> f64 {
    (-2.0 * (1.0 - one).ln()).sqrt() * (TAU * other).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::mix;

    fn places(count: usize) -> Vec<Place> {
        let mut random = Random::new(1);
        let geography = Geography::default();
        (0..count).map(|_| geography.place(&mut random)).collect()
    }

    fn one_way(places: &[Place], a: usize, b: usize) -> Duration {
        let pair = mix((a.min(b) * places.len() + a.max(b)) as u64);
        Geography::default().one_way(&places[a], &places[b], pair)
    }

    #[test]
    fn the_median_between_random_peers_is_79_ms() {
        let (places, mut random) = (places(5_000), Random::new(2));
        let mut draw = || random.below(5_000) as usize;
        let mut delays: Vec<_> = (0..100_000)
            .map(|_| one_way(&places, draw(), draw()))
            .collect();
        delays.sort_unstable();
        let at = |share: usize| delays[delays.len() * share / 100].as_millis();
        assert!((78..=80).contains(&at(50)), "{} ms", at(50));
        assert!(at(1) < 25 && at(99) > 200, "near and far peers");
    }

    #[test]
    fn some_triples_violate_the_triangle_inequality() {
        let places = places(60);
        let (mut violations, mut all) = (0, 0);
        for (a, b) in (0..60).flat_map(|a| (0..a).map(move |b| (a, b))) {
            all += 1;
            let direct = one_way(&places, a, b);
            let over = |c: usize| one_way(&places, a, c) + one_way(&places, c, b);
            let mut others = (0..60).filter(|c| *c != a && *c != b);
            violations += usize::from(others.any(|c| over(c) < direct));
        }
        let share = violations * 100 / all;
        assert!((5..20).contains(&share), "{share} % of the pairs");
    }
}
