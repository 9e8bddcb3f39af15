//! The peer in a browser's page: carries between [`boplish_core::Node`] and the browser's
//! WebSocket, `RTCPeerConnection`s, timers and page events. It knows nothing of the protocol.
//!
//! [`Peer`] is what JavaScript sees; the npm package in js/packages/boplish wraps it. What happens
//! is told through an object of that package, the `Host`.
//!
//! The loop, in `Shell`: a fact or a command changes the node, what the node then wants is put in
//! a queue, and the queue is carried out, in order. JavaScript that is called meanwhile may call
//! back in: its commands reach the node at once, and what they lead to joins the queue. So no
//! borrow is ever held while JavaScript runs.
//!
//! Panics are traps: JavaScript sees a `WebAssembly.RuntimeError`, and must not call again. So
//! whatever the browser calls later goes through the host's `guard`.
//!
//! ```js
//! const peer = new Peer(host, 'wss://boplish.example', secret);
//! peer.open();
//! peer.send(to, 'chat', '{"text":"hello"}');
//! ```

mod browser;
mod connection;
#[cfg(feature = "store")]
mod content;
#[cfg(feature = "store")]
mod copier;
#[cfg(feature = "store")]
mod file;
#[cfg(feature = "store")]
mod groups;
#[cfg(feature = "store")]
mod names;
#[cfg(feature = "store")]
mod naming;
mod peer;
mod report;
#[cfg(feature = "store")]
mod services;
mod shell;
mod signaling;
#[cfg(feature = "store")]
mod store;

#[cfg(feature = "store")]
pub use file::{HashedContent, Hasher};
pub use peer::Peer;

/// Rust's usual allocator is four times as large. This one is for a single thread.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
