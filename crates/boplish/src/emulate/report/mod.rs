//! Pages with figures and plots, each a single file without scripts.

pub(crate) mod chart;
pub(crate) mod charts;
pub(crate) mod difference;
pub(crate) mod page;
pub(crate) mod text;

mod svg;
