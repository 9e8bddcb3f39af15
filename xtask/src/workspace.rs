//! Where things are in the checkout.

use std::env;
use std::path::{Path, PathBuf};

/// The checkout's root folder.
pub(crate) fn root() -> PathBuf {
    // Cargo tells where xtask is now; where it was compiled is wrong once a checkout has moved.
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask
        .parent()
        .map_or_else(|| xtask.clone(), Path::to_path_buf)
}

/// The folder for build products, which Git ignores and `cargo clean` removes.
pub(crate) fn target() -> PathBuf {
    let folder =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    root().join(folder)
}

/// The npm workspace.
pub(crate) fn js() -> PathBuf {
    root().join("js")
}

/// Where a WebAssembly module and its glue go, for the npm package to pick up.
pub(crate) fn wasm_output(name: &str) -> PathBuf {
    js().join("packages/boplish").join(name)
}
