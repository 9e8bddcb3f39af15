//! Samples of what people carry.

use boplish_wire::Signal;

use super::{all_signals, signed};

/// Texts of signals.
pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let text = |signal: &(&str, Signal)| signed(&signal.1).to_text();
    let [_, offer, answer, ..] = &all_signals()[..] else {
        panic!("there are offers and an answer");
    };
    [
        ("offer", text(offer)),
        ("answer", text(answer)),
        (
            "link",
            format!(" https://a.example/?x=1#i={}\n", text(offer)),
        ),
        ("other-version", format!("Ag{}", &text(offer)[2..])),
        ("version-alone", "AQ".to_owned()),
        ("no-base64url", "a+b/".to_owned()),
    ]
    .map(|(name, text)| (name, text.into_bytes()))
    .into()
}
