//! Copies that others hold: asking for them, and holding them for others.

use std::time::Duration;

use boplish_native::core::names::{self, Published};
use boplish_native::core::{ContentEvent, Event};
use boplish_native::wire::PeerId;
use boplish_native::wire::content::{ContentId, Target};
use boplish_native::{Events, EventsError, Peer, PeerError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// A peer that has nothing of a copy after this long is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes that are held for others, at most.
const MAX_KEPT: u64 = 1 << 30;

/// Asks linked peers to hold copies, until so many do. Returns those.
pub(super) async fn replicate(
    peer: &Peer,
    published: &Published,
    target: &Target,
    count: usize,
) -> Result<Vec<PeerId>, Failure> {
    let mut events = peer.events();
    let mut holders = Vec::new();
    let (id, folder) = (target.id(), matches!(target, Target::Folder { .. }));
    let mut candidates = peer.connected_peers();
    while holders.len() < count && !candidates.is_empty() {
        let rest = candidates.split_off((count - holders.len()).min(candidates.len()));
        for candidate in &candidates {
            // Without the folders that lead there, the name leads nowhere.
            for folder in [&[published.root], &*published.folders].concat() {
                peer.ask_to_keep(*candidate, folder, false).await?;
            }
            peer.ask_to_keep(*candidate, id, folder).await?;
        }
        let time = PATIENCE + Duration::from_secs(target.total() >> 20);
        let answers = take_answers(&mut events, id, candidates.clone(), Instant::now() + time);
        holders.extend(answers.await?);
        candidates = rest;
    }
    Ok(holders)
}

/// Those of the asked that say that they have it.
async fn take_answers(
    events: &mut Events,
    id: ContentId,
    mut asked: Vec<PeerId>,
    until: Instant,
) -> Result<Vec<PeerId>, Failure> {
    let mut holders = Vec::new();
    while !asked.is_empty() {
        let event = match timeout_at(until, events.recv()).await {
            Err(_) => break,
            Ok(Err(EventsError::Lagged(_))) => continue,
            Ok(Err(EventsError::Closed)) => return Err(PeerError::Closed.into()),
            Ok(Ok(event)) => event,
        };
        if let Event::Content(ContentEvent::Kept { by, hash, kept }) = event
            && hash == id.hash
        {
            let before = asked.len();
            asked.retain(|peer| *peer != by);
            if asked.len() < before && kept {
                holders.push(by);
            }
        }
    }
    Ok(holders)
}

/// Holds copies for others, in the background; dropped, it takes no more.
pub(super) struct Keepers(JoinHandle<()>);

impl Keepers {
    pub(super) fn serve(peer: &Peer) -> Self {
        let (peer, mut events) = (peer.clone(), peer.events());
        Self(tokio::spawn(async move {
            let mut left = MAX_KEPT;
            loop {
                match events.recv().await {
                    Ok(Event::Content(ContentEvent::KeepAsked { from, id, folder })) => {
                        let kept = keep(&peer, from, id, folder, &mut left).await;
                        if let Err(error) = &kept {
                            let why = error.message();
                            tracing::info!(%from, why, "no copy is held");
                        }
                        // Its publisher hears of it, or has gone.
                        let _ = peer.answer_keep(from, id, kept.is_ok()).await;
                    }
                    Ok(_) | Err(EventsError::Lagged(_)) => {}
                    Err(EventsError::Closed) => return,
                }
            }
        }))
    }
}

impl Drop for Keepers {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Fetches a content, and all that is in it if it is a folder.
async fn keep(
    peer: &Peer,
    from: PeerId,
    id: ContentId,
    folder: bool,
    left: &mut u64,
) -> Result<(), Failure> {
    *left = left.checked_sub(id.length).ok_or_else(|| {
        Failure::Runtime(format!("no more than {MAX_KEPT} bytes are held for others"))
    })?;
    match folder {
        false => peer.fetch_content(id, None, &[from]).await?,
        true => {
            for entry in names::folder(peer, id, from).await?.entries() {
                let folder = matches!(entry.target, Target::Folder { .. });
                let (id, peer) = (entry.target.id(), &peer);
                Box::pin(keep(peer, from, id, folder, left)).await?;
            }
        }
    }
    peer.announce_content(id.hash).await?;
    Ok(())
}
