//! What has happened: a hash over all of it, and lines for people.

use core::fmt;
use core::hash::Hasher;

use boplish_core::wire::Payload;
use boplish_core::{Event, Time};

use crate::moment::nanos;

/// Mixes words into one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mixer(u64);

impl Mixer {
    pub(crate) fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(word));
        }
    }
}

/// For tables that are only asked, never walked through.
impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// A text goes in without being put together first.
impl fmt::Write for Mixer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

/// Hashes everything that happens and, with `BOPLISH_TRACE=1` in the environment, prints it.
#[derive(Debug)]
pub(crate) struct Trace {
    mixer: Mixer,
    printed: bool,
}

impl Trace {
    pub(crate) fn new(seed: u64) -> Self {
        let wanted = std::env::var("BOPLISH_TRACE").is_ok_and(|value| value == "1");
        let mut mixer = Mixer::default();
        mixer.word(seed);
        Self {
            mixer,
            printed: wanted,
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.mixer.finish()
    }

    /// Something has happened to somebody.
    pub(crate) fn note(&mut self, now: Time, what: u64, who: u64) {
        self.mixer.word(nanos(now));
        self.mixer.word(what << 32 ^ who);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.mixer.bytes(bytes);
    }

    pub(crate) fn event(&mut self, event: &Event) {
        if let Event::Message { payload, hops, .. } = event {
            self.mixer.word(u64::from(*hops));
            match payload {
                Payload::Json(text) => self.mixer.bytes(text.as_bytes()),
                Payload::Bytes(bytes) => self.mixer.bytes(bytes),
            }
        } else {
            let wrote = fmt::write(&mut self.mixer, format_args!("{event:?}"));
            debug_assert!(wrote.is_ok(), "a hash takes every text");
        }
    }

    /// A line for people; it costs nothing unless somebody reads.
    pub(crate) fn line(&self, now: Time, line: impl FnOnce() -> String) {
        if self.printed {
            eprintln!("{now:?} {}", Cut(&line()));
        }
    }
}

/// Long lines help nobody.
struct Cut<'a>(&'a str);

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 400;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}
