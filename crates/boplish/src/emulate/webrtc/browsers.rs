//! Tabs of headless Chromium that open the server's page, which joins and answers by itself.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// Names another program than those that are looked for.
const PROGRAM: &str = "CHROMIUM";

/// Where Chromium is usually found.
const USUAL: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// A tab, in a browser with a profile of its own: tabs of one profile could share an identity.
#[derive(Debug)]
pub(super) struct Tab {
    browser: Child,
    profile: PathBuf,
}

impl Tab {
    /// Opens a page. `number` tells this tab from the others of this process.
    pub(super) fn open(address: &str, number: u32) -> Result<Self, Failure> {
        let program = program()?;
        let name = format!("boplish-emulate-{}-{number}", std::process::id());
        let profile = std::env::temp_dir().join(name);
        let mut command = Command::new(&program);
        command
            .args([
                "--headless=new",
                "--no-first-run",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                // Containers seldom allow the sandbox; the only page is the own server's.
                "--no-sandbox",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let browser = command.spawn().map_err(|error| {
            Failure::Runtime(format!("can't start {}: {error}", program.display()))
        })?;
        Ok(Self { browser, profile })
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        // It may have ended by itself; its profile is of no use to anybody.
        let _ = self.browser.kill();
        let _ = self.browser.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

fn program() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Ok(named.into());
    }
    let usual = USUAL.iter().map(Path::new).find(|path| path.exists());
    usual.map(Path::to_owned).ok_or_else(|| {
        Failure::Usage(format!(
            "--browsers: there is no {}; install Chromium, or name it in {PROGRAM}",
            USUAL[0]
        ))
    })
}
