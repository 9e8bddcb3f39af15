//! The header with which a proxy says whom a connection is from (HAProxy's PROXY protocol, versions 1
//! and 2).

use std::io;
use std::net::SocketAddr;

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The first bytes of a header: of version 2 they are its signature, and version 1 has no fewer.
const START: usize = 12;

const SIGNATURE: &[u8; START] = b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes of the longest header of version 1 (section 2.1 of the specification).
const MAX_V1: usize = 107;

/// Bytes that a header of version 2 may have besides the first 16: addresses, and some of what
/// proxies like to add.
const MAX_V2: usize = 2_048;

/// Reads a header, and not a byte more. Gives whom the connection is from; `None` if the proxy
/// speaks for itself, as in its health checks.
///
/// # Errors
///
/// The connection breaks, or does not begin with a header.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut header = vec![0; START];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        read_more(stream, &mut header, 4).await?;
        let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
        if length > MAX_V2 {
            return Err(wrong("the header is too long"));
        }
        read_more(stream, &mut header, length).await?;
    } else if header.starts_with(b"PROXY ") {
        while !header.ends_with(b"\r\n") {
            if header.len() == MAX_V1 {
                return Err(wrong("the header has no end"));
            }
            read_more(stream, &mut header, 1).await?;
        }
    } else {
        return Err(wrong("there is no header"));
    }
    let (parsed, _) = ProxyHeader::parse(&header, ParseConfig::default())
        .map_err(|_| wrong("the header is malformed"))?;
    let source = parsed.proxied_address().map(|address| address.source);
    Ok(source.map(|source| SocketAddr::new(source.ip().to_canonical(), source.port())))
}

async fn read_more(
    stream: &mut (impl AsyncRead + Unpin),
    header: &mut Vec<u8>,
    count: usize,
) -> io::Result<()> {
    let start = header.len();
    header.resize(start + count, 0);
    stream.read_exact(&mut header[start..]).await?;
    Ok(())
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("PROXY protocol: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, and what is left.
    async fn read_from(bytes: &[u8]) -> (Result<Option<String>, String>, usize) {
        let mut left = bytes;
        let result = read(&mut left).await;
        let result = result.map(|source| source.map(|source| source.to_string()));
        (result.map_err(|error| error.to_string()), left.len())
    }

    fn version_2(kind: [u8; 2], addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [SIGNATURE.as_slice(), &kind, &length, addresses].concat()
    }

    #[tokio::test]
    async fn both_versions_name_the_client_and_leave_the_rest() {
        let v4 = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0, 80];
        for header in [
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4660 80\r\n".to_vec(),
            version_2([0x21, 0x11], &v4),
            // With something more that is of no interest.
            version_2([0x21, 0x11], &[v4.as_slice(), &[4, 0, 1, 9]].concat()),
        ] {
            let bytes = [header.as_slice(), b"GET /"].concat();
            let expected = (Ok(Some("192.0.2.1:4660".to_owned())), 5);
            assert_eq!(read_from(&bytes).await, expected);
        }
        let v6 = b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n";
        let expected = Ok(Some("[2001:db8::1]:1".to_owned()));
        assert_eq!(read_from(v6).await.0, expected);
    }

    #[tokio::test]
    async fn a_proxy_may_speak_for_itself() {
        for header in [b"PROXY UNKNOWN\r\n".to_vec(), version_2([0x20, 0], &[])] {
            assert_eq!(read_from(&header).await, (Ok(None), 0));
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_an_error() {
        let endless = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        let long = version_2([0x21, 0x11], &[0; MAX_V2 + 1]);
        for bytes in [
            b"GET / HTTP/1.1\r\n\r\n".as_slice(),
            b"PROXY TCP4 a b c d\r\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 99999 80\r\n",
            b"PROXY ",
            SIGNATURE,
            &version_2([0x21, 0x11], &[1, 2, 3]),
            &version_2([0x91, 0x11], &[0; 12]),
            &endless,
            &long,
        ] {
            let (result, _) = read_from(bytes).await;
            assert!(result.is_err(), "{bytes:?}");
        }
    }
}
