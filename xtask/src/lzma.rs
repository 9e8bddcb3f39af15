//! `cargo xtask lzma`: what js/packages/boplish/scripts/embed.mjs has compressed.

use std::io::{self, Read, Write};

use anyhow::{Context, Result};
use lzma_rust2::{EncodeMode, LzmaOptions, LzmaWriter, MfType};

/// Compresses standard input to standard output: a raw stream, without a header or a mark at the
/// end.
pub(crate) fn run() -> Result<()> {
    let mut plain = Vec::new();
    io::stdin().read_to_end(&mut plain)?;
    let options = options(u32::try_from(plain.len())?);
    let mut writer = LzmaWriter::new_no_header(Vec::new(), &options, false)?;
    writer.write_all(&plain)?;
    let compressed = writer.finish().context("LZMA")?;
    io::stdout().write_all(&compressed)?;
    Ok(())
}

/// The smallest that comes out of a module, however long it takes. The decoder has `lc`, `lp` and
/// `pb` in its code.
fn options(length: u32) -> LzmaOptions {
    LzmaOptions {
        dict_size: length.max(4096),
        lc: 4,
        lp: 0,
        pb: 0,
        mode: EncodeMode::Normal,
        nice_len: LzmaOptions::NICE_LEN_MAX,
        mf: MfType::Bt4,
        depth_limit: 1000,
        preset_dict: None,
    }
}
