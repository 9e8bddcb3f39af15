//! Messages in a TCP stream (RFC 8656, section 12.5; RFC 8489, section 6.2.2).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of the longest message that a client may send over TCP: what UDP could carry.
pub(super) const MAX_FRAME: usize = 65_535;

/// Bytes that say how long a message is.
const HEAD: usize = 4;

/// Bytes of a STUN message's header.
const STUN_HEADER: usize = 20;

/// The next message; `None` at the end of the stream.
///
/// # Errors
///
/// When the stream breaks, or holds something that is neither STUN nor channel data.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; HEAD];
    match stream.read_exact(&mut head).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let (length, padding) = match head[0] >> 6 {
        0 => (STUN_HEADER + length, 0),
        1 => (HEAD + length, padding(length)),
        _other => return Err(io::ErrorKind::InvalidData.into()),
    };
    if length + padding > MAX_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length + padding];
    frame[..HEAD].copy_from_slice(&head);
    stream.read_exact(&mut frame[HEAD..]).await?;
    frame.truncate(length);
    Ok(Some(frame))
}

/// Adds to a message what a stream needs to tell it from the next: channel data is padded.
pub(super) fn pad(frame: &mut Vec<u8>) {
    if frame.first().is_some_and(|first| first >> 6 == 1) {
        let padded = frame.len() + padding(frame.len());
        frame.resize(padded, 0);
    }
}

fn padding(length: usize) -> usize {
    length.next_multiple_of(4) - length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_are_told_apart() {
        let stun = [&[0, 1, 0, 4][..], &[7; 20]].concat();
        let mut channel = vec![0x40, 0, 0, 5, 1, 2, 3, 4, 5];
        let bare = channel.clone();
        pad(&mut channel);
        assert_eq!(channel.len(), 12);
        let mut stream = &*[&stun[..], &channel, &stun].concat();
        for expected in [&stun, &bare, &stun] {
            let read = read(&mut stream).await.expect("it is well formed");
            assert_eq!(read.as_ref(), Some(expected));
        }
        assert_eq!(read(&mut stream).await.expect("it ends well"), None);
    }

    #[tokio::test]
    async fn what_is_neither_or_half_or_too_long_is_refused() {
        let too_long = [&[0x40, 0, 0xff, 0xff][..], &[0; 65_536]].concat();
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            &[0, 1, 0, 9, 1, 2],
            &[0xff; 40],
            &too_long,
        ] {
            let mut stream = bytes;
            assert!(read(&mut stream).await.is_err());
        }
    }
}
