//! What a measurement takes from the machine.

use core::time::Duration;

/// Time on a processor, as Linux tells; others may want the machine, too.
pub(crate) fn spent() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = stat
        .split_whitespace()
        .next()
        .and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Bytes of memory in use, as Linux tells.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().next());
    digits.and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) * 1024
}
