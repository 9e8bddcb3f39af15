//! Lines of stdin, read by a thread: a read that waits can't be cancelled.

use std::io::{self, BufRead, Read};
use std::thread;

use tokio::sync::mpsc;

/// Bytes of the longest command; a longer one ends the peer, since what follows makes no sense.
const MAX_LINE: u64 = 256 * 1024;

/// Lines that wait to be carried out; then whoever writes them waits.
const MAX_WAITING: usize = 16;

/// Starts to read. The channel closes at the end of stdin; when stdin is /dev/null, whose end
/// means nothing, it stays open.
pub(super) fn lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let result = stdin.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            let line = match result {
                Ok(0) => break,
                Ok(_) if line.len() as u64 == MAX_LINE => Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a command has over {MAX_LINE} bytes"),
                )),
                Ok(_) => String::from_utf8(line)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
                Err(error) => Err(error),
            };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
        if is_null() {
            loop {
                thread::park();
            }
        }
    });
    receiver
}

#[cfg(unix)]
fn is_null() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    let stdin = io::stdin();
    let same = || -> io::Result<bool> {
        let stdin = std::fs::File::from(stdin.as_fd().try_clone_to_owned()?).metadata()?;
        let null = std::fs::metadata("/dev/null")?;
        Ok(stdin.file_type().is_char_device() && stdin.rdev() == null.rdev())
    };
    same().unwrap_or(false)
}

#[cfg(not(unix))]
fn is_null() -> bool {
    false
}
