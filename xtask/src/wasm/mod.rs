//! `cargo xtask wasm`: from crates/boplish-web to the modules that the npm package carries, one with
//! all features and one for the drop-in script, which has no room for the store.
//!
//! Three stages, each skipped when its inputs are those of the last time: rustc (Cargo decides),
//! wasm-bindgen, wasm-opt.

mod optimize;
mod order;
mod toolchain;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::{process, workspace};

const CRATE: &str = "boplish-web";
const MODULE: &str = "boplish_web";
const TARGET: &str = "wasm32-unknown-unknown";

/// What the stages after rustc are, so that outputs of others are not taken for theirs.
const STAGES: [&str; 4] = [
    include_str!("mod.rs"),
    include_str!("optimize.rs"),
    include_str!("order.rs"),
    include_str!("../../Cargo.toml"),
];

/// One of the modules.
#[derive(Clone, Copy)]
struct Variant {
    /// Of its folders, in js/packages/boplish and in Cargo's.
    name: &'static str,
    arguments: &'static [&'static str],
}

const WHOLE: Variant = Variant {
    name: "wasm",
    arguments: &[],
};

const DROP_IN: Variant = Variant {
    name: "wasm-drop-in",
    arguments: &["--no-default-features"],
};

/// What `cargo xtask wasm` can be told.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Leave out wasm-opt: a larger module, sooner.
    #[arg(long)]
    no_opt: bool,
}

/// Builds the modules into js/packages/boplish/wasm and wasm-drop-in.
pub(crate) fn run(options: &Options) -> Result<()> {
    build(WHOLE, options)?;
    build(DROP_IN, options)
}

fn build(variant: Variant, options: &Options) -> Result<()> {
    let started = Instant::now();
    let name = variant.name;
    let compiled = compile(variant)?;
    let bytes = fs::read(&compiled).context(
        "no module came out of the build: crates/boplish-web needs crate-type = [\"cdylib\"]",
    )?;

    let stamp = workspace::target().join(name).join("stamp");
    let fingerprint = fingerprint(&bytes, options);
    let module = module(variant);
    let is_current =
        module.exists() && fs::read_to_string(&stamp).is_ok_and(|old| old == fingerprint);
    if is_current {
        println!("{name}: up to date, {} bytes", fs::metadata(&module)?.len());
        return Ok(());
    }

    // Until it is written anew, the folder holds nothing that is finished.
    let _ = fs::remove_file(&stamp);
    bind(&compiled, &workspace::wasm_output(name))?;
    let bound = fs::metadata(&module)?.len();
    if !options.no_opt {
        optimize::run(&module)?;
    }
    fs::write(&stamp, fingerprint)?;
    println!(
        "{name}: {} bytes from rustc, {bound} with wasm-bindgen, {} in the end; {:.1} s",
        bytes.len(),
        fs::metadata(&module)?.len(),
        started.elapsed().as_secs_f64(),
    );
    Ok(())
}

/// Where the finished modules are.
pub(crate) fn modules() -> [PathBuf; 2] {
    [module(WHOLE), module(DROP_IN)]
}

fn module(variant: Variant) -> PathBuf {
    workspace::wasm_output(variant.name).join(format!("{MODULE}_bg.wasm"))
}

fn compile(variant: Variant) -> Result<PathBuf> {
    // Cargo takes a module that was built with other features for the one that it is asked for.
    let target_dir = workspace::target().join(variant.name);
    let mut cargo = toolchain::cargo()?;
    cargo
        .args([
            "build",
            "--package",
            CRATE,
            "--lib",
            "--profile",
            "wasm",
            "--target",
            TARGET,
        ])
        .args(variant.arguments)
        .arg("--target-dir")
        .arg(&target_dir);
    process::run(&mut cargo)?;
    Ok(target_dir
        .join(TARGET)
        .join("wasm")
        .join(format!("{MODULE}.wasm")))
}

fn fingerprint(module: &[u8], options: &Options) -> String {
    let mut hasher = DefaultHasher::new();
    (module, options.no_opt, STAGES).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Writes the module, its JavaScript glue and the glue's types.
fn bind(compiled: &Path, output: &Path) -> Result<()> {
    if output.exists() {
        fs::remove_dir_all(output)?;
    }
    fs::create_dir_all(output)?;
    Bindgen::new()
        .input_path(compiled)
        .out_name(MODULE)
        .web(true)?
        // The package says where its module is; bundlers trip over a second place that does.
        .omit_default_module_path(true)
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(output)
        .context("wasm-bindgen")?;
    ensure!(
        output.join(format!("{MODULE}.js")).exists(),
        "wasm-bindgen wrote no {MODULE}.js"
    );
    Ok(())
}
