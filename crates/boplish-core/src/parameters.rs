//! The network's parameters: those that were set, or those that the bootstrap server names.

use boplish_wire::bootstrap::{NetworkParameters, RouterKind};

use crate::config::{ChordConfig, RouterConfig};

/// What this peer goes by.
#[derive(Debug)]
pub(crate) struct Parameters {
    current: NetworkParameters,
    /// Whether no others will do.
    is_set: bool,
    /// The own number of links, if it was set.
    budget: Option<usize>,
}

/// What the parameters that a server names mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// This peer goes by them already.
    Same,
    /// It goes by them from now on.
    New,
    /// It can't.
    Conflict,
}

impl Parameters {
    /// The parameters, and how the router is set up: as a ring, or without that as a mesh.
    pub(crate) fn new(config: RouterConfig) -> (Self, Option<ChordConfig>) {
        let mut parameters = Self {
            current: NetworkParameters::default(),
            is_set: true,
            budget: None,
        };
        let chord = match config {
            RouterConfig::FromNetwork { budget } => {
                parameters.is_set = false;
                parameters.budget = budget;
                parameters.chord()
            }
            RouterConfig::Mesh => {
                parameters.current.router = RouterKind::Mesh;
                None
            }
            RouterConfig::Chord(chord) => {
                parameters.current.router = RouterKind::Chord;
                parameters.current.successors = u8::try_from(chord.successors).unwrap_or(u8::MAX);
                Some(chord)
            }
        };
        (parameters, chord)
    }

    /// What neighbours must have in common with this peer.
    pub(crate) fn code(&self) -> u32 {
        self.current.code()
    }

    /// How a ring's router is set up, unless it was set; `None` in a mesh.
    pub(crate) fn chord(&self) -> Option<ChordConfig> {
        match self.current.router {
            RouterKind::Mesh | RouterKind::Unknown => None,
            RouterKind::Chord => Some(ChordConfig {
                budget: self.budget.unwrap_or(self.current.link_budget.into()),
                successors: self.current.successors.into(),
                ..ChordConfig::default()
            }),
        }
    }

    /// Takes what the bootstrap server says. A peer with links is bound to what their network has.
    pub(crate) fn handle_welcome(&mut self, new: NetworkParameters, has_links: bool) -> Agreement {
        let agrees = new.code() == self.code();
        if agrees && (self.is_set || has_links || new == self.current) {
            Agreement::Same
        } else if self.is_set || has_links || !new.is_known() {
            Agreement::Conflict
        } else {
            self.current = new;
            Agreement::New
        }
    }

    /// What is wrong, for people.
    pub(crate) fn conflict(&self, theirs: &NetworkParameters) -> String {
        let (theirs, own) = (theirs.to_string(), self.current.to_string());
        ["the network has ", &theirs, ", this peer ", &own].concat()
    }
}
