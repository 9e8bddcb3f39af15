//! What the wire promises, through its public API.

mod any;
mod base64;
mod bootstrap;
mod cbor;
mod content;
mod corpus;
mod docs;
mod frame;
mod group;
mod json;
mod message;
mod object;
mod ring;
mod sdp;
mod signal;
mod store;
mod uri;
