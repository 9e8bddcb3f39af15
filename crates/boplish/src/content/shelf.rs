//! What a gateway keeps of what it was asked for: no more than it has room for.

use std::collections::{BTreeMap, BTreeSet};
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
    /// How many answers it is part of now, or waits to be.
    open: usize,
    /// Whether there is room for it.
    has_room: bool,
}

impl Uses {
    fn is_open(&self, id: ContentId) -> bool {
        self.of.get(&id).is_some_and(|it| it.open > 0)
    }

    /// No room any more for what nobody is sent; whether that is so.
    fn give_up(&mut self, id: ContentId) -> bool {
        let is_unused = !self.is_open(id);
        if is_unused {
            self.of.remove(&id);
        }
        is_unused
    }
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
        let reserved = self.open(id);
        if !self.has_room(id) {
            let _turn = self.turn.lock().await;
            // Somebody else may have made it meanwhile.
            if !self.has_room(id) && !self.make_room(id).await? {
                return Ok(None);
            }
        }
        Ok(Some(reserved))
    }

    async fn make_room(&self, id: ContentId) -> Result<bool, PeerError> {
        let held = self.peer.contents().await?.into_iter();
        let mut kept: BTreeSet<ContentId> = held.filter(|it| !it.is_copy).map(|it| it.id).collect();
        let mut spare: Vec<ContentId> = Vec::new();
        {
            let mut uses = self.uses();
            uses.of.retain(|id, it| it.open > 0 || kept.contains(id));
            // What is sent may not have begun to come.
            let sent = uses.of.iter().filter(|(_, it)| it.open > 0 && it.has_room);
            kept.extend(sent.map(|(id, _)| *id));
            kept.insert(id);
            spare.extend(kept.iter().filter(|id| !uses.is_open(**id)));
            spare.sort_by_key(|id| uses.of.get(id).map_or(0, |it| it.last));
        }
        let bytes =
            |ids: &mut dyn Iterator<Item = &ContentId>| ids.map(|id| id.length).sum::<u64>();
        let mut needed = bytes(&mut kept.iter());
        if needed - bytes(&mut spare.iter()) > self.room {
            // Nothing has to go for what has no room in any case.
            return Ok(false);
        }
        for id in spare {
            if needed <= self.room {
                break;
            }
            if self.uses().give_up(id) {
                self.peer.remove_content(id).await?;
                needed -= id.length;
            }
        }
        let has_room = needed <= self.room;
        if let Some(of_content) = self.uses().of.get_mut(&id) {
            of_content.has_room = has_room;
        }
        Ok(has_room)
    }

    /// The content is part of one answer more.
    fn open(self: &Arc<Self>, id: ContentId) -> Reserved {
        let mut uses = self.uses();
        uses.count += 1;
        let last = uses.count;
        let of_content = uses.of.entry(id).or_default();
        of_content.last = last;
        of_content.open += 1;
        let shelf = self.clone();
        Reserved { shelf, id }
    }

    fn has_room(&self, id: ContentId) -> bool {
        self.uses().of.get(&id).is_some_and(|it| it.has_room)
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
