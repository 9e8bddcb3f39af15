//! wasm-opt, from npm's `binaryen`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::order;
use crate::{js, process, workspace};

/// What rustc emits for wasm32; wasm-opt refuses instructions it was not told of.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// For the size after brotli, which is what visitors pay: to inline a function that has one caller
/// and to share sub-expressions make the module smaller, but less repetitive, and so cost 7 %.
/// Alignments of loads and stores are hints that no engine heeds: without them there is 1 % less.
/// Nothing lies in the first 1,024 bytes, where the stack would end.
const PASSES: [&str; 8] = [
    "-Oz",
    "--dealign",
    "--low-memory-unused",
    "--one-caller-inline-max-function-size=0",
    "--skip-pass=local-cse",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
];

/// Sorts the functions by names that they get for that alone.
const SORT: [&str; 2] = ["--reorder-functions-by-name", "--strip-debug"];

/// Makes the module as small as wasm-opt can, in place.
pub(super) fn run(module: &Path) -> Result<()> {
    js::install()?;
    let wasm_opt = workspace::js().join("node_modules/.bin/wasm-opt");
    ensure!(
        wasm_opt.exists(),
        "js/package.json lacks binaryen, which brings wasm-opt"
    );
    let wasm_opt = |passes: &[&str]| -> Result<()> {
        let optimized = module.with_extension("opt");
        process::run(
            Command::new(&wasm_opt)
                .current_dir(workspace::root())
                .args(passes)
                .args(FEATURES)
                .arg(module)
                .arg("--output")
                .arg(&optimized),
        )?;
        fs::rename(optimized, module)?;
        Ok(())
    };
    // The second time finds 0.3 % more.
    wasm_opt(&PASSES)?;
    wasm_opt(&PASSES)?;
    let named = order::name_by_order(&fs::read(module)?)?;
    fs::write(module, named)?;
    wasm_opt(&SORT)?;
    // Once more, and the order stays: another 0.3 %.
    wasm_opt(&PASSES)
}
