//! Clients that don't speak HTTP as they should, and others who don't notice.

use std::net::SocketAddr;
use std::time::Duration;

use crate::common::tls::{Issued, Pem, connect, get};
use crate::common::{Client, raw, server, soon};
use boplish_server::admission::TrustedProxies;
use boplish_server::{Config, Server, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the servers here wait for a head and for a handshake.
const HEADER_TIMEOUT: Duration = Duration::from_millis(300);

async fn impatient(change: impl FnOnce(&mut Config)) -> Server {
    server(|config| {
        config.open_ids = true;
        config.limits.header_timeout = HEADER_TIMEOUT;
        change(config);
    })
    .await
}

/// Two clients that were there before, and must not notice anything.
struct Others(Client, Client);

impl Others {
    async fn connect(server: &Server) -> Self {
        let alice = Client::open(server, "alice").await;
        Self(alice, Client::open(server, "bob").await)
    }

    async fn assert_undisturbed(&mut self) {
        let Self(alice, bob) = self;
        alice.assert_reaches(bob).await;
        bob.assert_reaches(alice).await;
    }
}

/// Bytes as they may come from anywhere, the same each time.
fn garbage(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// Says something, and reads until the server hangs up.
async fn say_and_wait(address: SocketAddr, words: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    // A server that has heard enough does not read the rest.
    let _ = stream.write_all(words).await;
    let mut answer = Vec::new();
    let _ = soon("the end", stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn garbage_instead_of_http_is_refused() {
    let server = impatient(|_| {}).await;
    let mut others = Others::connect(&server).await;
    for words in [
        garbage(10_000),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nTransfer-Encoding: a\r\nContent-Length: 1\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
    ] {
        let answer = say_and_wait(server.local_addr(), &words).await;
        let answer = String::from_utf8_lossy(&answer);
        let is_refusal = answer.is_empty() || answer.starts_with("HTTP/1.1 400");
        assert!(
            is_refusal,
            "{:?}: {answer}",
            String::from_utf8_lossy(&words)
        );
    }
    others.assert_undisturbed().await;
}

#[tokio::test]
async fn who_says_nothing_or_half_of_it_is_hung_up_on() {
    let server = impatient(|_| {}).await;
    let mut others = Others::connect(&server).await;
    for words in [
        "",
        "G",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Half",
    ] {
        say_and_wait(server.local_addr(), words.as_bytes()).await;
    }
    others.assert_undisturbed().await;
}

#[tokio::test]
async fn who_says_a_byte_at_a_time_is_hung_up_on() {
    let server = impatient(|_| {}).await;
    let mut others = Others::connect(&server).await;
    let stream = TcpStream::connect(server.local_addr()).await;
    let (mut reader, mut writer) = stream.expect("the server listens").into_split();
    let dripping = async {
        let head = b"GET / HTTP/1.1\r\nX-Slow: "
            .iter()
            .chain(std::iter::repeat(&b'x'));
        for byte in head {
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(HEADER_TIMEOUT / 20).await;
        }
    };
    let mut answer = Vec::new();
    let hung_up = reader.read_to_end(&mut answer);
    soon("the end", async {
        tokio::select! {
            _ = hung_up => {}
            () = dripping => {}
        }
    })
    .await;
    others.assert_undisturbed().await;
}

#[tokio::test]
async fn a_head_of_a_mebibyte_is_refused() {
    let server = impatient(|_| {}).await;
    let mut others = Others::connect(&server).await;
    let head = format!(
        "GET / HTTP/1.1\r\nX-Long: {}\r\n\r\n",
        "x".repeat(1024 * 1024)
    );
    let answer = say_and_wait(server.local_addr(), head.as_bytes()).await;
    // Whoever still sends when the server hangs up may not get to read the answer.
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    let answer = say_and_wait(server.local_addr(), many.as_bytes()).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    others.assert_undisturbed().await;
}

#[tokio::test]
async fn garbage_and_silence_instead_of_tls_are_hung_up_on() {
    let issued = Issued::now();
    let pem = Pem::new("hostile", &issued);
    let server = impatient(|config| config.tls = Some(pem.tls())).await;
    let address = server.local_addr();
    let mut long_record = b"\x16\x03\x01\xff\xff".to_vec();
    long_record.extend(garbage(70_000));
    for words in [
        garbage(10_000),
        long_record,
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        // The beginning of a handshake, and nothing more.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        Vec::new(),
    ] {
        let answer = say_and_wait(address, &words).await;
        // At most one alert (RFC 8446, section 6).
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
    }
    for protocol in ["http/1.1", "h2"] {
        let stream = connect(address, &[&issued], &[protocol]).await;
        let mut stream = stream.expect("the server speaks TLS");
        stream.write_all(&garbage(1_000)).await.expect("it is open");
        let _ = soon("the end", stream.read_to_end(&mut Vec::new())).await;
    }
    let page = get(address, &issued, "/").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

#[tokio::test]
async fn connections_without_a_request_keep_nobody_out_for_long() {
    let server = impatient(|config| config.limits.sockets = 20).await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        let stream = TcpStream::connect(server.local_addr()).await;
        idle.push(stream.expect("the system queues it"));
    }
    let request = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = raw(server.local_addr(), request).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    drop(idle);
}

/// Whether the server answers whoever asks whether it lives.
async fn answers(server: &Server) -> bool {
    let request = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = say_and_wait(server.local_addr(), request).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 200"));
    !answer.is_empty()
}

/// A connection of which the server has begun to answer a request.
async fn served(server: &Server, path: &str) -> TcpStream {
    let stream = TcpStream::connect(server.local_addr()).await;
    let mut stream = stream.expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let written = stream.write_all(request.as_bytes()).await;
    written.expect("it is open");
    stream.read_u8().await.expect("the server answers");
    stream
}

async fn until_it_answers(server: &Server) {
    soon("an answer", async {
        while !answers(server).await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_has_so_many_sockets_and_no_more() {
    let server = server(|config| {
        config.open_ids = true;
        config.limits.sockets_per_address = 3;
    })
    .await;
    let mut others = Others::connect(&server).await;
    let idle = served(&server, "/health").await;
    assert!(!answers(&server).await);
    others.assert_undisturbed().await;
    drop(idle);
    until_it_answers(&server).await;
}

#[tokio::test]
async fn a_trusted_proxy_has_any_number_of_sockets() {
    let server = server(|config| {
        config.limits.sockets_per_address = 0;
        let loopback = "127.0.0.0/8".parse().expect("a network");
        config.admission.trusted_proxies = TrustedProxies(vec![loopback]);
    })
    .await;
    assert!(answers(&server).await);
}

/// The system ends such connections where it can be told to.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_never_reads_its_page_is_dropped() {
    let site = std::env::temp_dir().join(format!("boplish-unread-http-{}", std::process::id()));
    std::fs::create_dir_all(&site).expect("a folder can be made");
    // More than the buffers of sockets take.
    std::fs::write(site.join("page.bin"), vec![0; 64 * 1024 * 1024]).expect("it can be written");
    let server = impatient(|config| {
        config.site = Site::Dir(site.clone());
        config.limits.header_timeout = Duration::from_millis(100);
        config.limits.sockets_per_address = 3;
    })
    .await;
    let mut others = Others::connect(&server).await;
    let unread = served(&server, "/page.bin").await;
    assert!(!answers(&server).await);
    until_it_answers(&server).await;
    others.assert_undisturbed().await;
    drop(unread);
    let _ = std::fs::remove_dir_all(&site);
}
