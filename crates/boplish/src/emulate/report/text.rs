//! Numbers and texts for people.

use super::super::statistics::figures::Unit;

/// A text inside HTML, attributes included.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A number for an axis: at most four digits that count, and k, M or G.
pub(crate) fn short(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        1e9.. => (value / 1e9, "G"),
        1e6.. => (value / 1e6, "M"),
        1e4.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    format!("{}{suffix}", trimmed(scaled, 4))
}

/// A number with so many digits that count, without zeros at its end.
pub(crate) fn trimmed(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0" } else { "–" }.to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = (digits - 1 - magnitude).clamp(0, 9) as usize;
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A value with its unit.
pub(crate) fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{} %", trimmed(value * 100.0, 5)),
        Unit::Count | Unit::Ratio => trimmed(value, 4),
        Unit::Milliseconds if value.abs() < 10_000.0 => format!("{} ms", trimmed(value, 4)),
        Unit::Milliseconds => format!("{} s", trimmed(value / 1000.0, 4)),
        Unit::Seconds => format!("{} s", trimmed(value, 4)),
        Unit::Bytes => format!("{} B", short(value)),
        Unit::BytesPerSecond => format!("{} B/s", short(value)),
        Unit::PerSecond => format!("{}/s", short(value)),
    }
}

/// A whole number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        assert_eq!(short(0.0), "0");
        assert_eq!(short(1234.5), "1234");
        assert_eq!(short(25_000.0), "25k");
        assert_eq!(short(1_250_000.0), "1.25M");
        assert_eq!(short(0.125), "0.125");
        assert_eq!(short(-0.5), "-0.5");
        assert_eq!(short(0.6000000000000001), "0.6");
    }

    #[test]
    fn values_have_their_unit() {
        assert_eq!(value(0.99912, Unit::Share), "99.912 %");
        assert_eq!(value(3.6312, Unit::Count), "3.631");
        assert_eq!(value(12_345.0, Unit::Milliseconds), "12.35 s");
        assert_eq!(value(812.34, Unit::BytesPerSecond), "812.3 B/s");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
