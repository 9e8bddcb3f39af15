//! What has happened: a hash over all of it, counters, and lines for people.

use core::fmt;

use boplish_core::Time;

/// Messages and bytes of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What has crossed the virtual network, and what it cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Texts from peers to the bootstrap server.
    pub to_server: Count,
    /// Texts from the bootstrap server to peers.
    pub from_server: Count,
    /// First frames of channels.
    pub hellos: Count,
    /// Keepalives on channels.
    pub keepalives: Count,
    /// Messages of the network on channels.
    pub messages: Count,
    /// Farewells on channels.
    pub closes: Count,
    /// Everything else on channels.
    pub other_frames: Count,
    /// WebRTC connections made (one side each), ever.
    pub connections: u64,
    /// WebRTC connections between two peers that have opened, ever.
    pub opened: u64,
    /// Steps of the simulation.
    pub steps: u64,
}

impl Count {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }
}

impl Counters {
    /// The kind stands in the second byte of a frame, behind its version.
    pub(crate) fn frame(&mut self, frame: &[u8]) {
        match frame.get(1) {
            Some(0) => self.hellos.add(frame.len()),
            Some(1) => self.keepalives.add(frame.len()),
            Some(2) => self.messages.add(frame.len()),
            Some(3) => self.closes.add(frame.len()),
            Some(4..) | None => self.other_frames.add(frame.len()),
        }
    }
}

/// Hashes everything that happens and, with `BOPLISH_TRACE=1` in the environment, prints it.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    printed: bool,
}

impl Trace {
    pub(crate) fn new(seed: u64) -> Self {
        let wanted = std::env::var("BOPLISH_TRACE").is_ok_and(|value| value == "1");
        Self {
            hash: 0xCBF2_9CE4_8422_2325 ^ seed,
            printed: wanted,
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn word(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
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
