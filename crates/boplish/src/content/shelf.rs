//! What a gateway keeps of what it was asked for: no more than it has room for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boplish_native::wire::content::ContentId;
use boplish_native::{Peer, PeerError};

/// The contents that a gateway has fetched, and which of them are being sent.
pub(super) struct Shelf {
    peer: Peer,
    /// Bytes of them, copies that are held for others not among them.
    room: u64,
    uses: Mutex<Uses>,
    /// One at a time makes room.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Uses {
    count: u64,
    of: BTreeMap<ContentId, Use>,
}

#[derive(Default)]
struct Use {
    /// The later, the higher.
    last: u64,
    /// How many answers it is part of now.
    open: usize,
}

impl Shelf {
    pub(super) fn new(peer: Peer, room: u64) -> Arc<Self> {
        Arc::new(Self {
            peer,
            room,
            uses: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Room for a content, until what is returned is dropped. For that, what was not asked for the
    /// longest goes, unless it is being sent; `None` if there is no room even so.
    pub(super) async fn reserve(
        self: &Arc<Self>,
        id: ContentId,
    ) -> Result<Option<Reserved>, PeerError> {
        let (reserved, is_new) = self.open(id);
        if !is_new {
            return Ok(Some(reserved));
        }
        let _turn = self.turn.lock().await;
        let held = self.peer.contents().await?;
        let mut kept: Vec<ContentId> = held
            .into_iter()
            .filter(|it| !it.is_copy)
            .map(|it| it.id)
            .collect();
        let (needed, spare) = {
            let mut uses = self.uses();
            // Those that are sent may not have begun to come.
            kept.extend(uses.of.iter().filter(|it| it.1.open > 0).map(|it| *it.0));
            kept.sort_unstable();
            kept.dedup();
            uses.of.retain(|id, _| kept.binary_search(id).is_ok());
            let last = |id: &ContentId| uses.of.get(id).map_or(0, |it| it.last);
            let is_open = |id: &ContentId| uses.of.get(id).is_some_and(|it| it.open > 0);
            let needed = kept.iter().map(|id| id.length).sum::<u64>();
            let mut spare: Vec<_> = kept.into_iter().filter(|id| !is_open(id)).collect();
            spare.sort_by_key(last);
            (needed, spare)
        };
        let mut needed = needed;
        for id in spare {
            if needed <= self.room {
                break;
            }
            self.uses().of.remove(&id);
            self.peer.remove_content(id).await?;
            needed -= id.length;
        }
        Ok((needed <= self.room).then_some(reserved))
    }

    /// The content is part of one answer more; whether nobody has asked for it before.
    fn open(self: &Arc<Self>, id: ContentId) -> (Reserved, bool) {
        let mut uses = self.uses();
        uses.count += 1;
        let last = uses.count;
        let is_new = !uses.of.contains_key(&id);
        let of_content = uses.of.entry(id).or_default();
        of_content.last = last;
        of_content.open += 1;
        let shelf = self.clone();
        (Reserved { shelf, id }, is_new)
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A content that stays while it is sent.
pub(super) struct Reserved {
    shelf: Arc<Shelf>,
    id: ContentId,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(of_content) = self.shelf.uses().of.get_mut(&self.id) {
            of_content.open -= 1;
        }
    }
}
