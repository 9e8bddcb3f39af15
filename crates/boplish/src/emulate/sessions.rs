//! How long peers stay: Weibull sessions, as measured in peer-to-peer networks (Stutzbach and
//! Rejaie, IMC 2006).

use boplish_sim::Random;

use super::scenario::Churn;
use super::stage::fraction;

/// Draws sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    shape: f64,
    scale: f64,
    graceful: f64,
    random: Random,
}

impl Sessions {
    pub(super) fn new(churn: &Churn, random: Random) -> Self {
        let shape = churn.shape;
        Self {
            shape,
            // The median is scale * ln(2)^(1 / shape).
            scale: churn.median_session.0 / std::f64::consts::LN_2.powf(1.0 / shape),
            graceful: churn.graceful.0,
            random,
        }
    }

    /// A newcomer's session, in seconds.
    pub(super) fn session(&mut self) -> f64 {
        self.scale * self.exponential().powf(1.0 / self.shape)
    }

    /// What is left of the session of somebody who is there: a network that has long been there
    /// holds mostly long sessions, somewhere in their course.
    pub(super) fn rest(&mut self) -> f64 {
        // A session that is met has a density of x f(x), so (x / scale)^shape is Gamma
        // distributed with 1 + 1 / shape; it is met at an even point.
        let met = self.scale * self.gamma(1.0 + 1.0 / self.shape).powf(1.0 / self.shape);
        met * fraction(&mut self.random)
    }

    /// Whether the one who goes says goodbye.
    pub(super) fn is_graceful(&mut self) -> bool {
        fraction(&mut self.random) < self.graceful
    }

    fn exponential(&mut self) -> f64 {
        -(1.0 - fraction(&mut self.random)).ln()
    }

    /// Marsaglia and Tsang, 2000; `shape` is at least 1.
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            let u = 1.0 - fraction(&mut self.random);
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// Box and Muller, 1958.
    fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * (std::f64::consts::TAU * fraction(&mut self.random)).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::{Share, Span};
    use super::*;

    fn sessions(shape: f64) -> Sessions {
        let churn = Churn {
            median_session: Span(84.0),
            shape,
            graceful: Share(0.25),
        };
        Sessions::new(&churn, Random::new(3))
    }

    #[test]
    fn half_of_the_sessions_are_shorter_than_the_median() {
        let mut sessions = sessions(0.5);
        let shorter = (0..10_000).filter(|_| sessions.session() < 84.0).count();
        assert!((4_800..5_200).contains(&shorter), "{shorter}");
    }

    #[test]
    fn the_rest_of_a_session_is_the_mean_residual_life_of_a_renewal_process() {
        let mean = |sessions: &mut Sessions| {
            (0..100_000).map(|_| sessions.rest()).sum::<f64>() / 100_000.0
        };
        // E[x^2] / 2 E[x] is 6 scales for a shape of 0.5, and the mean itself for 1.
        let scale = 84.0 / std::f64::consts::LN_2.powi(2);
        let half = mean(&mut sessions(0.5)) / (6.0 * scale);
        let one = mean(&mut sessions(1.0)) / (84.0 / std::f64::consts::LN_2);
        assert!((0.95..1.05).contains(&half), "{half}");
        assert!((0.95..1.05).contains(&one), "{one}");
    }

    #[test]
    fn some_say_goodbye() {
        let mut sessions = sessions(0.5);
        let graceful = (0..10_000).filter(|_| sessions.is_graceful()).count();
        assert!((2_300..2_700).contains(&graceful), "{graceful}");
    }
}
