//! What is done to the network on purpose.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::values::{Share, Span};

/// A fault, and when it comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) struct Fault {
    /// Since the measurement has begun.
    pub(crate) at: Span,
    pub(crate) what: What,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum What {
    /// The bootstrap server dies.
    KillServer,
    /// It is there again, and knows nobody.
    RestartServer,
    /// So many of the peers vanish in the same moment.
    Kill(Share),
    /// So many of them say goodbye.
    Leave(Share),
    /// So many peers come, in the same moment.
    Join(usize),
    /// So many of the peers are on another side, which the rest and the server don't reach.
    Partition(Share),
    /// The networks of so many peers are away for so long.
    Blink(Share, Span),
    /// All reach all again.
    Heal,
}

/// As it stands in a file: one key besides `at` says what happens.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Written {
    at: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_server: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restart_server: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_share: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leave_share: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blink_share: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heal: Option<bool>,
    /// How long a blink takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    lasts: Option<Span>,
}

const KINDS: &str = "kill-server, restart-server, kill-share, leave-share, join, partition, \
                     blink-share, heal";

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let at = written.at;
        let flag = |value: Option<bool>, what| value.filter(|on| *on).map(|_| what);
        let blink = written.blink_share;
        let lasts = written.lasts;
        if lasts.is_some() && blink.is_none() {
            return Err(format!(
                "the fault at {}: lasts goes with blink-share",
                at.0
            ));
        }
        let given = [
            flag(written.kill_server, What::KillServer),
            flag(written.restart_server, What::RestartServer),
            written.kill_share.map(What::Kill),
            written.leave_share.map(What::Leave),
            written.join.map(What::Join),
            written.partition.map(What::Partition),
            blink.map(|share| What::Blink(share, lasts.unwrap_or(Span(10.0)))),
            flag(written.heal, What::Heal),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(what), None) => Ok(Self { at, what }),
            (None, _) => Err(format!(
                "the fault at {}: say what happens, one of {KINDS}",
                at.0
            )),
            (Some(_), Some(_)) => Err(format!(
                "the fault at {}: say one thing; for more at once, write more faults",
                at.0
            )),
        }
    }
}

impl From<Fault> for Written {
    fn from(fault: Fault) -> Self {
        let mut written = Self {
            at: fault.at,
            ..Self::default()
        };
        match fault.what {
            What::KillServer => written.kill_server = Some(true),
            What::RestartServer => written.restart_server = Some(true),
            What::Kill(share) => written.kill_share = Some(share),
            What::Leave(share) => written.leave_share = Some(share),
            What::Join(count) => written.join = Some(count),
            What::Partition(share) => written.partition = Some(share),
            What::Blink(share, lasts) => {
                written.blink_share = Some(share);
                written.lasts = Some(lasts);
            }
            What::Heal => written.heal = Some(true),
        }
        written
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: &Share| (share.0 * 1000.0).round() / 10.0;
        match self {
            Self::KillServer => f.write_str("server dies"),
            Self::RestartServer => f.write_str("server is back"),
            Self::Kill(share) => write!(f, "{} % die", percent(share)),
            Self::Leave(share) => write!(f, "{} % leave", percent(share)),
            Self::Join(count) => write!(f, "{count} join"),
            Self::Partition(share) => write!(f, "{} % cut off", percent(share)),
            Self::Blink(share, lasts) => {
                write!(f, "{} % away for {} s", percent(share), lasts.0)
            }
            Self::Heal => f.write_str("healed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Fault, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_fault_says_one_thing() {
        let fault = parse("at = 5\nkill-share = 0.3").unwrap();
        assert_eq!(fault.what, What::Kill(Share(0.3)));
        assert_eq!(fault.what.to_string(), "30 % die");
        assert!(parse("at = 5").unwrap_err().contains("kill-share"));
        let two = parse("at = 5\nheal = true\njoin = 3").unwrap_err();
        assert!(two.contains("the fault at 5"), "{two}");
        assert!(
            parse("at = 5\nheal = true\nlasts = 3")
                .unwrap_err()
                .contains("blink-share")
        );
    }

    #[test]
    fn a_share_and_a_time_have_bounds() {
        assert!(
            parse("at = 5\nkill-share = 30")
                .unwrap_err()
                .contains("30 is no share")
        );
        assert!(
            parse("at = -5\nheal = true")
                .unwrap_err()
                .contains("-5 is no time")
        );
    }

    #[test]
    fn every_fault_reads_as_it_was_written() {
        for text in [
            "at = 1\nkill-server = true",
            "at = 1\nrestart-server = true",
            "at = 1\nkill-share = 0.1",
            "at = 1\nleave-share = 0.1",
            "at = 1\njoin = 20",
            "at = 1\npartition = 0.5",
            "at = 1\nblink-share = 0.5\nlasts = 3",
            "at = 1\nheal = true",
        ] {
            let fault = parse(text).unwrap();
            let again = toml::to_string(&fault).unwrap();
            assert_eq!(parse(&again).unwrap(), fault, "{again}");
        }
    }
}
