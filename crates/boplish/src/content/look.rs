//! `boplish ls` and `resolve`.

use boplish_native::core::names::{self, Resolved};
use boplish_native::wire::content::Target;
use boplish_native::{Peer, fresh_identity};
use serde_json::{Value, json};

use super::get::{Scratch, scratch};
use super::progress::{print, say};
use super::{LookCommand, join_others};
use crate::failure::Failure;

/// Prints what is in a folder.
pub(crate) async fn ls(command: LookCommand) -> Result<(), Failure> {
    let json = command.options.json.unwrap_or(false);
    let (peer, _scratch, resolved) = look(&command).await?;
    match &resolved.target {
        file @ Target::File { .. } => {
            let name = command.uri.segments().last().unwrap_or_default();
            show(json, name, file);
        }
        Target::Folder { id, .. } => {
            let folder = names::folder(&peer, *id, resolved.publisher).await?;
            for entry in folder.entries() {
                show(json, &entry.name, &entry.target);
            }
        }
    }
    peer.close().await;
    Ok(())
}

fn show(json: bool, name: &str, target: &Target) {
    if json {
        let mut line = describe(target);
        line["name"] = name.into();
        return print(&line);
    }
    match target {
        Target::File { id, media_type } => say(&format!("{:>14}  {name}  {media_type}", id.length)),
        Target::Folder { total, .. } => say(&format!("{total:>14}  {name}/")),
    }
}

/// Prints where a name leads.
pub(crate) async fn resolve(command: LookCommand) -> Result<(), Failure> {
    let (peer, _scratch, resolved) = look(&command).await?;
    if command.options.json.unwrap_or(false) {
        let mut line = describe(&resolved.target);
        line["publisher"] = resolved.publisher.to_string().into();
        line["version"] = resolved.root.to_string().into();
        print(&line);
    } else {
        let target = &resolved.target;
        let kind = match target {
            Target::File { media_type, .. } if media_type.is_empty() => "file",
            Target::File { media_type, .. } => media_type,
            Target::Folder { .. } => "folder",
        };
        say(&format!("content    {}", target.id().hash));
        say(&format!("kind       {kind}"));
        say(&format!("bytes      {}", target.total()));
        say(&format!("publisher  {}", resolved.publisher));
        say(&format!("version    {}", resolved.root));
    }
    peer.close().await;
    Ok(())
}

fn describe(target: &Target) -> Value {
    let hash = target.id().hash.to_string();
    match target {
        Target::File { id, media_type } => json!({
            "kind": "file", "content": hash, "bytes": id.length, "media_type": media_type,
        }),
        Target::Folder { total, .. } => json!({
            "kind": "folder", "content": hash, "bytes": total,
        }),
    }
}

async fn look(command: &LookCommand) -> Result<(Peer, Scratch, Resolved), Failure> {
    let identity = fresh_identity().map_err(|error| Failure::Usage(error.to_string()))?;
    let folder = scratch()?;
    let peer = join_others(&command.options, folder.path(), identity).await?;
    let resolved = names::resolve(&peer, &command.uri).await?;
    Ok((peer, folder, resolved))
}
