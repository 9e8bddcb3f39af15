//! Compressed variants of a file (RFC 9110, section 12.5.3).

use axum::http::{HeaderMap, header};

/// How a variant is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// The smallest first.
    const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Its name in HTTP.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What the name of a file has behind that of the original.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    /// Those that a client can read, the smallest first.
    pub(super) fn accepted(headers: &HeaderMap) -> Vec<Self> {
        let listed: Vec<(&str, bool)> = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(coding)
            .collect();
        let says = |name: &str| {
            let found = listed
                .iter()
                .find(|(coding, _)| coding.eq_ignore_ascii_case(name));
            found.map(|(_, is_accepted)| *is_accepted)
        };
        Self::ALL
            .into_iter()
            .filter(|encoding| says(encoding.name()).or_else(|| says("*")).unwrap_or(false))
            .collect()
    }
}

/// A coding, and whether its weight is more than zero.
fn coding(item: &str) -> (&str, bool) {
    let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
    let weight = parameters.trim().strip_prefix(['q', 'Q']);
    let weight = weight.and_then(|weight| weight.trim_start().strip_prefix('='));
    let is_refused = weight
        .and_then(|weight| weight.trim().parse::<f32>().ok())
        .is_some_and(|weight| weight <= 0.0);
    (name.trim(), !is_refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_can_read_is_found() {
        use Encoding::{Brotli, Gzip};
        for (field, expected) in [
            ("gzip, deflate, br", &[Brotli, Gzip][..]),
            ("gzip", &[Gzip]),
            ("GZIP;q=0.5 , br ; q=0.1", &[Brotli, Gzip]),
            ("br;q=0, gzip;q=0.001", &[Gzip]),
            ("*", &[Brotli, Gzip]),
            ("br;q=0, *", &[Gzip]),
            ("*;q=0", &[]),
            ("identity", &[]),
            ("brotli, gzipped", &[]),
            ("", &[]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, field.parse().unwrap());
            assert_eq!(Encoding::accepted(&headers), expected, "{field}");
        }
        assert_eq!(Encoding::accepted(&HeaderMap::new()), []);
    }
}
