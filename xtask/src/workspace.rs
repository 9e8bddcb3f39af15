//! Where things are in the checkout.

use std::path::{Path, PathBuf};

/// The checkout's root folder.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// The folder for build products, which Cargo ignores and `cargo clean` removes.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// The npm workspace.
pub(crate) fn js() -> PathBuf {
    root().join("js")
}

/// Where the WebAssembly module and its glue go, for the npm package to pick up.
pub(crate) fn wasm_output() -> PathBuf {
    js().join("packages/boplish/wasm")
}
