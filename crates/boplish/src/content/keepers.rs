//! Holding copies for others, in the background.

use boplish_native::core::copies::Keeper;
use boplish_native::core::{ContentEvent, Event};
use boplish_native::{EventsError, Peer};
use tokio::task::JoinHandle;

/// Bytes that are held for others, at most.
const MAX_KEPT: u64 = 1 << 30;

/// Dropped, it takes no more.
pub(crate) struct Keepers(JoinHandle<()>);

impl Keepers {
    pub(crate) fn serve(peer: &Peer) -> Self {
        let (peer, mut events) = (peer.clone(), peer.events());
        Self(tokio::spawn(async move {
            let mut keeper = Keeper::new(MAX_KEPT);
            loop {
                match events.recv().await {
                    Ok(Event::Content(ContentEvent::KeepAsked { from, id, folder })) => {
                        let kept = keeper.keep(&peer, from, id, folder).await;
                        if let Err(error) = &kept {
                            tracing::info!(%from, %error, "no copy is held");
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
