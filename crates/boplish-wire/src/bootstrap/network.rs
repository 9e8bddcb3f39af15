//! What all peers of a network have in common.

use core::fmt;

use crate::json::decimal;
use crate::object::{Object, ObjectWriter};

/// The version of the rules by which peers of a network work together.
const VERSION: u8 = 1;

const MESH: &str = "mesh";
const CHORD: &str = "chord";

/// What all peers of a network have in common: the bootstrap server tells newcomers, and neighbours
/// tell each other ([`code`](Self::code)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkParameters {
    /// The version of the rules; now 1.
    pub version: u8,
    /// How messages find their way.
    pub router: RouterKind,
    /// Successors that each peer of a ring knows.
    pub successors: u8,
    /// Links that a peer should have if it does not know better. Peers with other numbers of links
    /// work together.
    pub link_budget: u16,
}

/// How messages find their way through a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouterKind {
    /// A full mesh, as in the report.
    Mesh,
    /// A ring after Chord.
    Chord,
    /// One of another time.
    Unknown,
}

impl Default for NetworkParameters {
    fn default() -> Self {
        Self {
            version: VERSION,
            router: RouterKind::Chord,
            successors: 8,
            link_budget: 34,
        }
    }
}

impl NetworkParameters {
    /// Most successors; a ring with more is not known here.
    pub const MAX_SUCCESSORS: u8 = 16;

    /// What the hello of a peer of the report's full mesh need not say.
    pub const MESH_CODE: u32 = (VERSION as u32) << 16;

    /// A full mesh.
    pub fn mesh() -> Self {
        Self {
            router: RouterKind::Mesh,
            ..Self::default()
        }
    }

    /// A ring.
    pub fn chord() -> Self {
        Self {
            router: RouterKind::Chord,
            ..Self::default()
        }
    }

    /// The number that peers must have in common: the version, the router (0 mesh, 1 chord) and
    /// the successors (0 in a mesh), one byte each.
    pub fn code(&self) -> u32 {
        let (router, successors) = match self.router {
            RouterKind::Mesh => (0, 0),
            RouterKind::Chord => (1, self.successors),
            RouterKind::Unknown => (u8::MAX, 0),
        };
        u32::from_be_bytes([0, self.version, router, successors])
    }

    /// Whether this code knows what peers of such a network do.
    pub fn is_known(&self) -> bool {
        self.version == VERSION
            && self.router != RouterKind::Unknown
            && (1..=Self::MAX_SUCCESSORS).contains(&self.successors)
    }

    /// The parameters in the JSON of a welcome. What is not there is as the default has it.
    pub(super) fn from_json(text: &str) -> Option<Self> {
        let object = Object::parse(text).ok()?;
        let default = Self::default();
        Some(Self {
            version: number(&object, "version", default.version)?,
            router: match &*object.string("router")? {
                MESH => RouterKind::Mesh,
                CHORD => RouterKind::Chord,
                _ => RouterKind::Unknown,
            },
            successors: number(&object, "successors", default.successors)?,
            link_budget: number(&object, "linkBudget", default.link_budget)?,
        })
    }

    pub(super) fn to_json(self) -> String {
        let router = match self.router {
            RouterKind::Mesh => MESH,
            RouterKind::Chord => CHORD,
            RouterKind::Unknown => "",
        };
        ObjectWriter::default()
            .raw("version", &self.version.to_string())
            .string("router", router)
            .raw("successors", &self.successors.to_string())
            .raw("linkBudget", &self.link_budget.to_string())
            .finish()
    }
}

impl fmt::Display for NetworkParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.version != VERSION {
            return write!(f, "version {}", self.version);
        }
        match self.router {
            RouterKind::Mesh => f.write_str("router mesh"),
            RouterKind::Chord => write!(f, "router chord with {} successors", self.successors),
            RouterKind::Unknown => f.write_str("an unknown router"),
        }
    }
}

/// A number of an object; `default` if it is not there, `None` if it is something else.
fn number<T: TryFrom<u64>>(object: &Object<'_>, name: &str, default: T) -> Option<T> {
    match object.get(name) {
        Some(text) => decimal(text)?.try_into().ok(),
        None => Some(default),
    }
}
