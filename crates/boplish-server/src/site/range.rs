//! Parts of a file (RFC 9110, section 14).

use std::ops::Range;

/// What of a file is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    /// At least one byte of it.
    Part(Range<u64>),
    /// A part that it does not have.
    Unsatisfiable,
}

impl Wanted {
    /// What the field `Range` asks for. One that is not understood, and one of several parts, asks
    /// for the whole, as a server may choose to see it.
    pub(super) fn parse(range: &str, length: u64) -> Self {
        Self::parse_one(range, length).unwrap_or(Self::Whole)
    }

    fn parse_one(range: &str, length: u64) -> Option<Self> {
        let (unit, range) = range.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = range.trim().split_once('-')?;
        let part = match (first, last) {
            ("", last) => length.saturating_sub(number(last)?)..length,
            (first, "") => number(first)?..length,
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    return None;
                }
                first..last.saturating_add(1).min(length)
            }
        };
        Some(if part.is_empty() {
            Self::Unsatisfiable
        } else {
            Self::Part(part)
        })
    }
}

/// A number of digits alone; one beyond all files is as good as the largest.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_found() {
        for (range, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-5", 2..6),
            ("bytes=2-", 2..10),
            ("bytes=-3", 7..10),
            ("bytes=-30", 0..10),
            ("Bytes = 9-99", 9..10),
            ("bytes=0-99999999999999999999999", 0..10),
        ] {
            assert_eq!(Wanted::parse(range, 10), Wanted::Part(part), "{range}");
        }
    }

    #[test]
    fn a_part_behind_the_end_is_unsatisfiable() {
        for (range, length) in [
            ("bytes=10-", 10),
            ("bytes=10-12", 10),
            ("bytes=-0", 10),
            ("bytes=99999999999999999999999-", 10),
            ("bytes=0-", 0),
            ("bytes=-1", 0),
        ] {
            let wanted = Wanted::parse(range, length);
            assert_eq!(wanted, Wanted::Unsatisfiable, "{range}");
        }
    }

    #[test]
    fn what_is_not_understood_asks_for_the_whole() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=+1-2",
            "bytes=1 - 2",
            "bytes=0x1-2",
        ] {
            assert_eq!(Wanted::parse(range, 10), Wanted::Whole, "{range}");
        }
    }
}
