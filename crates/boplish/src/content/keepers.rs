//! Holding copies for others, in the background.

use std::sync::Arc;

use boplish_native::core::copies::{Keeper, Question, Questions};
use boplish_native::core::{ContentEvent, Event};
use boplish_native::wire::PeerId;
use boplish_native::{EventsError, HeldContent, Peer, PeerError};
use tokio::task::{JoinHandle, JoinSet};

/// Bytes that are held for others, at most.
const MAX_KEPT: u64 = 1 << 30;

/// Dropped, it takes no more.
pub(crate) struct Keepers(JoinHandle<()>);

impl Keepers {
    pub(crate) fn serve(peer: &Peer) -> Self {
        let (peer, mut events) = (peer.clone(), peer.events());
        Self(tokio::spawn(async move {
            let keeper = match resume(&peer, MAX_KEPT).await {
                Ok(keeper) => keeper,
                Err(PeerError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "no copies are held for others");
                    Keeper::new(0)
                }
            };
            let keeper = Arc::new(keeper);
            let mut questions = Questions::default();
            let mut running = JoinSet::new();
            loop {
                tokio::select! {
                    event = events.recv() => match event {
                        Ok(Event::Content(ContentEvent::KeepAsked { from, id, folder })) => {
                            if !questions.ask(Question { from, id, folder }) {
                                // It hears of it, or has gone.
                                let _ = peer.answer_keep(from, id, false).await;
                            }
                        }
                        Ok(_) | Err(EventsError::Lagged(_)) => {}
                        Err(EventsError::Closed) => return,
                    },
                    Some(done) = running.join_next() => match done {
                        Ok(from) => questions.done(from),
                        Err(error) => {
                            tracing::error!(%error, "no copies are held any more");
                            return;
                        }
                    }
                }
                while let Some(question) = questions.begin() {
                    running.spawn(keep(Arc::clone(&keeper), peer.clone(), question));
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

/// Answers a question; returns who has asked.
async fn keep(keeper: Arc<Keeper>, peer: Peer, question: Question) -> PeerId {
    let kept = keeper.keep(&peer, question).await;
    let Question { from, id, .. } = question;
    if let Err(error) = &kept {
        tracing::info!(%from, %error, "no copy is held");
    }
    // Its publisher hears of it, or has gone.
    let _ = peer.answer_keep(from, id, kept.is_ok()).await;
    from
}

/// Tells the network, once there is somebody in it, of what an earlier run has left here. The copies
/// among that take of the room.
async fn resume(peer: &Peer, room: u64) -> Result<Keeper, PeerError> {
    let contents = peer.contents().await?;
    peer.connected_to(1).await?;
    let is_part = |it: &&HeldContent| it.is_copy && !it.is_whole;
    let parts = contents.iter().filter(is_part).map(|it| it.id.length);
    let keeper = Keeper::new(room.saturating_sub(parts.sum()));
    for content in contents {
        let id = content.id;
        if content.is_copy && content.is_whole {
            // It is here, so nobody is asked for it.
            let (from, folder) = (peer.id(), false);
            if let Err(error) = keeper.keep(peer, Question { from, id, folder }).await {
                tracing::warn!(%id, %error, "a copy is held no longer");
            }
        } else {
            peer.announce_content(id.hash).await?;
        }
    }
    Ok(keeper)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::path::Path;

    use boplish_native::wire::content::ContentId;
    use boplish_native::{BootstrapUrl, Engine, EngineConfig, PeerConfig};
    use boplish_server::Config;

    use super::*;
    use crate::content::scratch;

    /// Bytes of each content.
    const LENGTH: usize = 1000;

    fn peer(engine: &Engine, server: &BootstrapUrl, folder: &Path) -> Peer {
        let config = PeerConfig {
            bootstrap: Some(server.clone()),
            content_folder: Some(folder.to_owned()),
            ..PeerConfig::default()
        };
        Peer::spawn(engine, config).unwrap()
    }

    async fn hold(keeper: &Keeper, peer: &Peer, from: PeerId, id: ContentId) -> Result<(), String> {
        let folder = false;
        let kept = keeper.keep(peer, Question { from, id, folder }).await;
        kept.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_is_held_already_takes_of_the_room_after_a_restart() {
        let listen = vec![(Ipv4Addr::LOCALHOST, 0).into()];
        let config = Config {
            listen,
            ..Config::default()
        };
        let server = crate::serve::bind(config).await.unwrap();
        let url = server.local_addr().to_string().parse().unwrap();
        let engine = Engine::new(&EngineConfig {
            addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
            mdns: false,
            ..EngineConfig::default()
        });
        let (engine, folder) = (engine.unwrap(), scratch().unwrap());
        let publisher = peer(&engine, &url, &folder.path().join("publisher"));
        let mut ids = Vec::new();
        for number in 0..3 {
            ids.push(publisher.add_content(vec![number; LENGTH]).await.unwrap());
        }
        let from = publisher.id();
        let room = 2 * LENGTH as u64;
        let holder = || peer(&engine, &url, &folder.path().join("holder"));

        let first = holder();
        let keeper = resume(&first, room).await.unwrap();
        hold(&keeper, &first, from, ids[0]).await.unwrap();
        // What is its own takes nothing.
        let own = first.add_content(vec![9; LENGTH]).await.unwrap();
        first.close().await;

        let again = holder();
        let keeper = resume(&again, room).await.unwrap();
        hold(&keeper, &again, from, ids[0]).await.unwrap();
        hold(&keeper, &again, from, ids[1]).await.unwrap();
        let full = hold(&keeper, &again, from, ids[2]).await.unwrap_err();
        assert!(full.contains("no more room"), "{full}");

        // What was left there is found again by those who know nobody that has it.
        publisher.close().await;
        let reader = peer(&engine, &url, &folder.path().join("reader"));
        for id in [ids[0], own] {
            reader.fetch_content(id, None, &[]).await.unwrap();
        }
    }
}
