//! Somebody on the way: texts through the bootstrap server and frames in flight can be read,
//! dropped, altered, doubled or kept for later.

use core::fmt;

use crate::peer::PeerHandle;

/// Where a text is on its way through the bootstrap server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// From this peer to the server.
    ToServer(PeerHandle),
    /// From the server to this peer.
    FromServer(PeerHandle),
}

/// What becomes of something on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// It goes on as it is.
    Pass,
    /// It is lost.
    Drop,
    /// These go on in its place: altered, doubled, or with others that were kept.
    Instead(Vec<T>),
}

type OnText = dyn FnMut(Leg, &str) -> Verdict<String>;
type OnFrame = dyn FnMut(PeerHandle, PeerHandle, &[u8]) -> Verdict<Vec<u8>>;

#[derive(Default)]
pub(crate) struct Tamper {
    pub(crate) texts: Option<Box<OnText>>,
    pub(crate) frames: Option<Box<OnFrame>>,
}

impl Tamper {
    pub(crate) fn text(&mut self, leg: Leg, text: String) -> Vec<String> {
        let verdict = self.texts.as_mut().map(|hook| hook(leg, &text));
        applied(verdict, text)
    }

    pub(crate) fn frame(
        &mut self,
        from: PeerHandle,
        to: PeerHandle,
        frame: Vec<u8>,
    ) -> Vec<Vec<u8>> {
        let verdict = self.frames.as_mut().map(|hook| hook(from, to, &frame));
        applied(verdict, frame)
    }
}

fn applied<T>(verdict: Option<Verdict<T>>, it: T) -> Vec<T> {
    match verdict {
        None | Some(Verdict::Pass) => vec![it],
        Some(Verdict::Drop) => Vec::new(),
        Some(Verdict::Instead(others)) => others,
    }
}

impl fmt::Debug for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tamper")
            .field("texts", &self.texts.is_some())
            .field("frames", &self.frames.is_some())
            .finish()
    }
}
