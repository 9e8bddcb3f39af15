//! Means, quantiles and confidence intervals.

/// Sorted numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Numbers(Vec<f64>);

/// A value and the interval that holds it with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Estimate {
    /// Without any doubt, or without a way to tell.
    pub(crate) fn exactly(value: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
        }
    }

    fn plus_minus(value: f64, half_width: f64) -> Self {
        Self {
            value,
            low: value - half_width,
            high: value + half_width,
        }
    }
}

impl Numbers {
    /// Those of the numbers that are finite.
    pub(crate) fn new(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().filter(|it| it.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Self(sorted)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn sorted(&self) -> &[f64] {
        &self.0
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.0.iter().sum::<f64>() / self.len() as f64)
    }

    /// The quantile of a share from 0 to 1, between the two nearest numbers (type 7 of Hyndman
    /// and Fan, 1996).
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let at = share.clamp(0.0, 1.0) * last as f64;
        let below = at.floor() as usize;
        let above = (below + 1).min(last);
        let (low, high) = (self.0[below], self.0[above]);
        Some(low + (high - low) * (at - below as f64))
    }

    /// The sample's variance; zero for a single number.
    fn variance(&self, mean: f64) -> f64 {
        let others = self.len().saturating_sub(1).max(1) as f64;
        self.0.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / others
    }

    /// The mean with its interval by Student's t, which takes the numbers as independent.
    pub(crate) fn mean_estimate(&self) -> Option<Estimate> {
        let mean = self.mean()?;
        if self.len() < 2 {
            return Some(Estimate::exactly(mean));
        }
        let error = (self.variance(mean) / self.len() as f64).sqrt();
        Some(Estimate::plus_minus(mean, student(self.len() - 1) * error))
    }
}

/// The ratio of two means of pairs, with its interval by the delta method.
pub(crate) fn ratio(pairs: &[(f64, f64)]) -> Option<Estimate> {
    let count = pairs.len() as f64;
    let above = pairs.iter().map(|pair| pair.0).sum::<f64>() / count;
    let below = pairs.iter().map(|pair| pair.1).sum::<f64>() / count;
    if pairs.is_empty() || below <= 0.0 {
        return None;
    }
    let ratio = above / below;
    if pairs.len() < 2 {
        return Some(Estimate::exactly(ratio));
    }
    let residuals = pairs.iter().map(|(a, b)| (a - ratio * b).powi(2));
    let variance = residuals.sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt() / below;
    Some(Estimate::plus_minus(
        ratio,
        student(pairs.len() - 1) * error,
    ))
}

/// A share with Wilson's interval (1927), which holds near 0 and 1 too.
pub(crate) fn share(part: u64, all: u64) -> Option<Estimate> {
    const Z: f64 = 1.96;
    if all == 0 {
        return None;
    }
    let (n, p) = (all as f64, part as f64 / all as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(Estimate {
        value: p,
        low: (middle - half).clamp(0.0, p),
        high: (middle + half).clamp(p, 1.0),
    })
}

/// The 97.5th percentile of Student's t with so many degrees of freedom.
fn student(freedom: usize) -> f64 {
    const FEW: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    // Beyond the table: the first term of Cornish and Fisher's expansion (1938).
    let many = |n: f64| 1.96 + (1.96_f64.powi(3) + 1.96) / (4.0 * n);
    match freedom.checked_sub(1).map(|index| FEW.get(index)) {
        Some(Some(value)) => *value,
        Some(None) => many(freedom as f64),
        None => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-3
    }

    #[test]
    fn quantiles_lie_between_the_two_nearest_numbers() {
        let numbers = Numbers::new([4.0, 1.0, 3.0, 2.0, f64::NAN]);
        assert_eq!(numbers.len(), 4);
        assert_eq!(numbers.quantile(0.5), Some(2.5));
        assert_eq!(numbers.quantile(0.0), Some(1.0));
        assert_eq!(numbers.quantile(1.0), Some(4.0));
        assert_eq!(Numbers::default().quantile(0.5), None);
    }

    #[test]
    fn five_numbers_have_the_interval_of_students_t() {
        let numbers = Numbers::new([1.0, 2.0, 3.0, 4.0, 5.0]);
        let estimate = numbers.mean_estimate().unwrap();
        // 2.776 * sqrt(2.5 / 5)
        assert!(close(estimate.high - estimate.value, 1.963));
        assert!(close(estimate.value - estimate.low, 1.963));
    }

    #[test]
    fn a_share_of_one_still_has_doubt() {
        let estimate = share(1000, 1000).unwrap();
        assert_eq!(estimate.value, 1.0);
        assert_eq!(estimate.high, 1.0);
        assert!(close(estimate.low, 0.9962));
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn a_ratio_is_one_of_means_and_not_a_mean_of_ratios() {
        let estimate = ratio(&[(10.0, 1.0), (10.0, 9.0)]).unwrap();
        assert_eq!(estimate.value, 2.0);
        assert!(estimate.low < 2.0 && estimate.high > 2.0);
        let exact = ratio(&[(2.0, 1.0), (4.0, 2.0)]).unwrap();
        assert!(close(exact.low, 2.0) && close(exact.high, 2.0));
    }

    #[test]
    fn students_t_nears_that_of_the_normal_distribution() {
        assert!(close(student(30), 2.042));
        assert!(close(student(60), 2.000));
        assert!(close(student(1_000_000), 1.96));
    }
}
