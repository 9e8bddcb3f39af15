//! `boplish get`.

use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use boplish_native::core::names;
use boplish_native::wire::PeerId;
use boplish_native::wire::content::{ContentId, Target};
use boplish_native::{Peer, fresh_identity};
use serde_json::json;
use tokio::time::interval;

use super::progress::{Progress, print};
use super::{GetCommand, join_others};
use crate::failure::Failure;
use crate::signals::Shutdown;

/// How often the progress is asked for.
const TICK: Duration = Duration::from_millis(100);

/// What has been put together in the folder of parts, before it gets its name.
const WHOLE: &str = "whole";

/// A file is written in parts of so many bytes.
const PART: u64 = 1 << 20;

/// Fetches something, and puts it where it was asked to be.
pub(crate) async fn run(command: GetCommand) -> Result<(), Failure> {
    let mut shutdown = Shutdown::new()?;
    let identity = fresh_identity().map_err(|error| Failure::Usage(error.to_string()))?;
    let output = match &command.output {
        Some(output) => output.clone(),
        None => local_name(command.uri.segments().last().unwrap_or("content"))?.to_owned(),
    };
    let is_stdout = output.as_os_str() == "-";
    if !is_stdout && output.exists() {
        let why = format!("{} is there already: use --output", output.display());
        return Err(Failure::Usage(why));
    }
    let part = match is_stdout {
        true => std::env::temp_dir().join(format!("boplish-{}.part", std::process::id())),
        false => {
            let mut part = output.clone().into_os_string();
            part.push(".part");
            PathBuf::from(part)
        }
    };
    let joining = join_others(&command.options, &part, identity);
    let peer = shutdown.unless_asked(joining).await?;
    let json = command.options.json.unwrap_or(false);
    let fetch = async {
        let resolved = names::resolve(&peer, &command.uri).await?;
        let target = &resolved.target;
        if is_stdout && matches!(target, Target::Folder { .. }) {
            let why = "a folder can't go to stdout: use --output".to_owned();
            return Err(Failure::Usage(why));
        }
        let fetcher = Fetcher {
            peer: &peer,
            publisher: resolved.publisher,
            json: json && !is_stdout,
        };
        let name = output
            .file_name()
            .unwrap_or(output.as_os_str())
            .to_string_lossy();
        if is_stdout {
            fetcher.fetch(target, &output, &name).await?;
            return Ok(());
        }
        let whole = part.join(WHOLE);
        // Of an earlier run that did not end well.
        let _ = fs::remove_dir_all(&whole).or_else(|_| fs::remove_file(&whole));
        fetcher.fetch(target, &whole, &name).await?;
        fs::rename(&whole, &output).map_err(|error| failed(&output, error))?;
        if json {
            let bytes = target.total();
            print(&json!({"event": "fetched", "path": output, "bytes": bytes}));
        }
        Ok(())
    };
    let result = shutdown.unless_asked(fetch).await;
    peer.close().await;
    if result.is_ok() || is_stdout {
        // What is left of it is in nobody's way.
        let _ = fs::remove_dir_all(&part);
    }
    result
}

struct Fetcher<'p> {
    peer: &'p Peer,
    publisher: PeerId,
    json: bool,
}

impl Fetcher<'_> {
    async fn fetch(&self, target: &Target, output: &Path, name: &str) -> Result<(), Failure> {
        match target {
            Target::File { id, .. } => {
                self.fetch_file(*id, name).await?;
                self.write(*id, output).await
            }
            Target::Folder { id, .. } => {
                let folder = names::folder(self.peer, *id, self.publisher).await?;
                fs::create_dir_all(output).map_err(|error| failed(output, error))?;
                for entry in folder.entries() {
                    let output = output.join(local_name(&entry.name)?);
                    Box::pin(self.fetch(&entry.target, &output, &entry.name)).await?;
                }
                Ok(())
            }
        }
    }

    async fn fetch_file(&self, id: ContentId, name: &str) -> Result<(), Failure> {
        let hints = [self.publisher];
        let mut fetching = self.peer.begin_fetch(id, None, &hints).await?;
        let mut progress = Progress::new(self.json, name, id.length);
        let mut ticks = interval(TICK);
        loop {
            tokio::select! {
                result = fetching.ended() => return Ok(result?),
                _ = ticks.tick() => {}
            }
            if let Some(now) = fetching.progress().await? {
                progress.set(now.done, now.sources);
            }
        }
    }

    async fn write(&self, id: ContentId, output: &Path) -> Result<(), Failure> {
        let is_stdout = output.as_os_str() == "-";
        let mut file: Box<dyn Write + Send> = match is_stdout {
            true => Box::new(std::io::stdout()),
            false => Box::new(fs::File::create(output).map_err(|error| failed(output, error))?),
        };
        let mut start = 0;
        while start < id.length {
            let length = (id.length - start).min(PART);
            let bytes = self.peer.read_content(id, start, length as usize).await?;
            file.write_all(&bytes).map_err(|error| match is_stdout {
                true => error.into(),
                false => failed(output, error),
            })?;
            start += length;
        }
        Ok(file.flush()?)
    }
}

/// A name of the network as one of this system, where it may mean something else: `C:x` of Windows
/// leads out of the folder.
fn local_name(name: &str) -> Result<&Path, Failure> {
    let path = Path::new(name);
    let mut components = path.components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only == name => Ok(path),
        (_, _) => Err(Failure::Runtime(format!(
            "'{name}' is no name of a file on this system: fetch what is beside it one by one"
        ))),
    }
}

fn failed(path: &Path, error: std::io::Error) -> Failure {
    Failure::runtime(&path.display().to_string(), error)
}

/// A folder for contents that goes when it is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is in nobody's way.
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn scratch() -> Result<Scratch, Failure> {
    let path = std::env::temp_dir().join(format!("boplish-{}", std::process::id()));
    fs::create_dir_all(&path).map_err(|error| failed(&path, error))?;
    Ok(Scratch(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lead_out_of_the_folder_and_are_named() {
        for name in ["a", "a b.txt", "...", "ü", ".hidden"] {
            assert_eq!(local_name(name).unwrap(), Path::new(name));
        }
        let mut wrong = vec!["", ".", "..", "/", "/a", "a/b", "a/", "./a"];
        if cfg!(windows) {
            wrong.extend(["C:", "C:x", "a\\b", "\\a"]);
        }
        for name in wrong {
            let failure = local_name(name).unwrap_err();
            let message = failure.message().unwrap();
            assert!(message.contains(&format!("'{name}'")), "{message}");
        }
    }
}
