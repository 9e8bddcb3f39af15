//! Every bound of the wire, in one place, with what happens at the bound.

/// Bytes of the longest application payload (JSON text or raw bytes); a longer one is refused
/// when it is sent, and a received one is dropped and counted. What is larger is content, and
/// goes in chunks.
pub const MAX_PAYLOAD: usize = 48 * 1024;

/// Bytes of the longest frame on a data channel; a longer one is dropped and counted. Below the
/// 64 KiB that every WebRTC stack takes without negotiation (RFC 8841, section 6.1).
pub const MAX_FRAME: usize = 60 * 1024;

/// Bytes of the longest text on the bootstrap WebSocket, base64 of a payload included.
pub const MAX_JSON: usize = 72 * 1024;

/// Characters of the longest invitation, or answer to one; a longer one is refused.
pub const MAX_INVITATION: usize = 4096;

/// Characters of the longest protocol name; a longer one is refused.
pub const MAX_PROTOCOL_NAME: usize = 64;

/// Candidates kept for one link; further ones are ignored.
pub const MAX_CANDIDATES: usize = 32;

/// Bytes of the longest ICE user name fragment or password (RFC 8839, section 5.4).
pub const MAX_ICE_CREDENTIAL: usize = 256;

/// Bytes of the longest host name in a candidate.
pub const MAX_HOST_NAME: usize = 255;

/// Bytes of the longest text in an error or a close reason; a longer one is cut.
pub const MAX_REASON: usize = 200;

/// Links over which a message may travel; after that it is dropped.
pub const MAX_HOPS: u8 = 32;

/// Peers that a message is told to go over, and that an answer is told to; further ones are refused.
pub const MAX_WAYPOINTS: usize = 4;

/// Ids of one list in a message of the ring; a longer list is refused.
pub const MAX_RING_LIST: usize = 32;

/// Bytes that a router may add to a keepalive.
pub const MAX_KEEPALIVE_ROUTING: usize = 2 * 1024;

/// Bytes of the longest record; a longer one is refused.
pub const MAX_RECORD: usize = 1000;

/// Bytes of the longest salt, which tells the records of one publisher apart; a longer one is
/// refused.
pub const MAX_SALT: usize = 64;

/// Seconds that a record may still live, at most (30 days); one that would live longer is refused.
pub const MAX_LIFE: u64 = 30 * 24 * 60 * 60;

/// Bytes of the longest `bop:` URI; a longer one is refused.
pub const MAX_URI: usize = 4096;

/// Versions in one message that compares what two peers store; a longer list is refused.
pub const MAX_VERSIONS: usize = 512;

/// Records in answer to a question for all of one subject; of more, some are taken by chance.
pub const MAX_LISTED: usize = 32;

/// Bytes of the longest content (64 GiB); a longer one is refused when it is published.
pub const MAX_CONTENT: u64 = 64 << 30;

/// Values of parts of a content in one message; a longer list is refused.
pub const MAX_VALUES: usize = 1024;

/// Bytes of the list of one folder; a longer one is refused.
pub const MAX_DIRECTORY: usize = 16 << 20;

/// Bytes of the longest name of a file or folder; a longer one is refused.
pub const MAX_NAME: usize = 255;

/// Bytes of the longest media type of a file; a longer one is refused.
pub const MAX_MEDIA_TYPE: usize = 127;

/// Bytes of the longest post to a group, with its signature; a longer one is refused.
pub const MAX_POST: usize = MAX_PAYLOAD - 64;

/// Peers of one list in a message of a group; a longer list is refused.
pub const MAX_GROUP_LIST: usize = 64;

/// Posts that one message of a group names; a longer list is refused.
pub const MAX_MARKS: usize = 256;
