//! TLS: certificates that change, and what is spoken over it.
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one error")]

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::common::tls::{Issued, Pem, connect, get, shown};
use crate::common::{id, raw, server, soon};
use boplish_server::{CertificateSource, Config, PairError, Server, ServerError, Site, Tls};
use boplish_wire::bootstrap::SUBPROTOCOL;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

async fn secure(pem: &Pem, change: impl FnOnce(&mut Config)) -> Server {
    server(|config| {
        config.tls = Some(pem.tls());
        config.limits.certificate_check = Duration::from_millis(10);
        change(config);
    })
    .await
}

async fn open_web_socket(
    server: &Server,
    trusted: &Issued,
    id: &str,
) -> WebSocketStream<TlsStream<TcpStream>> {
    let stream = connect(server.local_addr(), &[trusted], &["http/1.1"]).await;
    let request = format!("wss://localhost/ws/{id}").into_client_request();
    let stream = stream.expect("the server speaks TLS");
    let opening = tokio_tungstenite::client_async(request.expect("an address"), stream);
    let opened = soon("the WebSocket", opening).await;
    opened.expect("the server takes WebSockets").0
}

async fn assert_reaches(
    (from, name): (&mut WebSocketStream<TlsStream<TcpStream>>, &str),
    (to, other): (&mut WebSocketStream<TlsStream<TcpStream>>, &str),
) {
    let text = crate::common::text(name, other, "hello");
    from.send(Message::text(&text)).await.expect("it is open");
    let heard = soon("the text", to.next()).await;
    assert_eq!(
        heard.expect("a text").expect("no error"),
        Message::text(text)
    );
}

#[tokio::test]
async fn pages_and_web_sockets_go_over_tls() {
    let issued = Issued::now();
    let pem = Pem::new("tls-pages", &issued);
    let server = secure(&pem, |config| config.open_ids = true).await;
    assert_eq!(server.scheme(), "https");
    let page = get(server.local_addr(), &issued, "/").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let mut alice = open_web_socket(&server, &issued, "alice").await;
    let mut bob = open_web_socket(&server, &issued, "bob").await;
    assert_reaches((&mut alice, "alice"), (&mut bob, "bob")).await;
    let closed = async {
        loop {
            match alice.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                other => panic!("no close: {other:?}"),
            }
        }
    };
    let (code, ()) = soon("the end", async { tokio::join!(closed, server.shutdown()) }).await;
    assert_eq!(code, 1001);
}

async fn http2(address: SocketAddr, issued: &Issued) -> SendRequest<Empty<Bytes>> {
    let stream = connect(address, &[issued], &["h2", "http/1.1"]).await;
    let stream = stream.expect("the server speaks TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let shaking = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = shaking.await.expect("the server speaks HTTP/2");
    tokio::spawn(connection);
    sender
}

async fn fetch(sender: &mut SendRequest<Empty<Bytes>>, method: &str, path: &str) -> (u16, usize) {
    let request = hyper::Request::builder()
        .method(method)
        .uri(format!("https://localhost{path}"))
        .body(Empty::new())
        .expect("a request");
    let response = soon("a response", sender.send_request(request)).await;
    let response = response.expect("the server answers");
    let status = response.status().as_u16();
    let body = soon("the body", response.into_body().collect()).await;
    (status, body.expect("a whole body").to_bytes().len())
}

#[tokio::test]
async fn http2_is_spoken_with_whoever_offers_it() {
    let issued = Issued::now();
    let pem = Pem::new("tls-http2", &issued);
    let server = secure(&pem, |_| {}).await;
    let mut sender = http2(server.local_addr(), &issued).await;
    let (status, length) = fetch(&mut sender, "GET", "/").await;
    assert!(status == 200 && length > 0, "{status}, {length} bytes");
    assert_eq!(fetch(&mut sender, "HEAD", "/").await, (200, 0));
    assert_eq!(fetch(&mut sender, "GET", "/absent").await.0, 404);
    assert_eq!(fetch(&mut sender, "POST", "/").await.0, 405);
    // WebSockets stay on HTTP/1.1 (RFC 8441 is not offered).
    let path = format!("/ws/{}", id(1));
    assert_eq!(fetch(&mut sender, "GET", &path).await.0, 426);
    let many = (0..50).map(|_| {
        let mut sender = sender.clone();
        async move { fetch(&mut sender, "GET", "/").await }
    });
    for answer in futures_util::future::join_all(many).await {
        assert_eq!(answer, (200, length));
    }
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_and_so_is_one_that_never_speaks() {
    let issued = Issued::now();
    let pem = Pem::new("tls-idle", &issued);
    let server = secure(&pem, |config| {
        config.limits.header_timeout = Duration::from_millis(200);
    })
    .await;
    let mut sender = http2(server.local_addr(), &issued).await;
    assert_eq!(fetch(&mut sender, "GET", "/").await.0, 200);
    soon("the end", async {
        while !sender.is_closed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let silent = connect(server.local_addr(), &[&issued], &["h2"]).await;
    let mut silent = silent.expect("the server speaks TLS");
    let _ = soon("the end", silent.read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn an_http2_client_that_never_reads_its_page_is_dropped() {
    let issued = Issued::now();
    let pem = Pem::new("tls-unread", &issued);
    let site = std::env::temp_dir().join(format!("boplish-unread-{}", std::process::id()));
    std::fs::create_dir_all(&site).expect("a folder can be made");
    // More than flow control lets the server send.
    std::fs::write(site.join("page.bin"), vec![0; 16 * 1024 * 1024]).expect("it can be written");
    let server = secure(&pem, |config| {
        config.site = Site::Dir(site.clone());
        config.limits.header_timeout = Duration::from_millis(100);
    })
    .await;
    let stream = connect(server.local_addr(), &[&issued], &["h2"]).await;
    let stream = TokioIo::new(stream.expect("the server speaks TLS"));
    let shaking = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (mut sender, connection) = shaking.await.expect("the server speaks HTTP/2");
    let connection = tokio::spawn(connection);
    let request = hyper::Request::builder().uri("https://localhost/page.bin");
    let request = request.body(Empty::<Bytes>::new()).expect("a request");
    let response = soon("a response", sender.send_request(request)).await;
    let response = response.expect("the server answers");
    assert_eq!(response.status(), 200);
    let _ = soon("the end", connection).await;
    drop(response);
    let _ = std::fs::remove_dir_all(&site);
}

#[tokio::test]
async fn a_changed_certificate_is_shown_and_open_connections_stay() {
    let (old, new) = (Issued::now(), Issued::now());
    let pem = Pem::new("tls-changed", &old);
    let server = secure(&pem, |config| config.open_ids = true).await;
    let mut alice = open_web_socket(&server, &old, "alice").await;
    pem.write(&new.certificate, &new.key);
    soon("the new certificate", async {
        loop {
            let stream = connect(server.local_addr(), &[&old, &new], &[]).await;
            if shown(&stream.expect("one of the two is shown")) == new.der {
                break;
            }
        }
    })
    .await;
    let mut bob = open_web_socket(&server, &new, "bob").await;
    assert_reaches((&mut alice, "alice"), (&mut bob, "bob")).await;
    assert_reaches((&mut bob, "bob"), (&mut alice, "alice")).await;
}

/// Lines of the log.
struct Lines(Sender<String>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes).into_owned();
        self.0.send(line).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_bad_new_certificate_is_logged_and_the_old_one_stays() {
    let (sender, lines) = channel();
    let logs = tracing_subscriber::fmt().with_ansi(false);
    let logs = logs.with_writer(move || Lines(sender.clone())).finish();
    let _guard = tracing::subscriber::set_default(logs);
    let (old, other, expired) = (Issued::now(), Issued::now(), Issued::expired());
    let pem = Pem::new("tls-bad", &old);
    let server = secure(&pem, |_| {}).await;
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, reason) in [
        (&*other.certificate, &*old.key, "does not belong"),
        (&*expired.certificate, &*expired.key, "that is not now"),
        ("nothing", &*other.key, "no certificate"),
        (broken, &*other.key, "is broken"),
        (&*other.certificate, "nothing", "no private key"),
    ] {
        pem.write(certificate, key);
        soon("the complaint", async {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                let is_it = |line: &String| line.contains("old one stays") && line.contains(reason);
                if lines.try_iter().any(|line| is_it(&line)) {
                    break;
                }
            }
        })
        .await;
        let stream = connect(server.local_addr(), &[&old], &[]).await;
        assert_eq!(shown(&stream.expect("the old one is shown")), old.der);
    }
    pem.write(&other.certificate, &other.key);
    soon("the right one", async {
        while connect(server.local_addr(), &[&other], &[]).await.is_err() {}
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_named_at_the_start() {
    let (issued, other) = (Issued::now(), Issued::now());
    let pem = Pem::new("tls-start", &issued);
    let start = || async {
        let config = Config {
            tls: Some(pem.tls()),
            ..Config::on_loopback()
        };
        let checked = Server::check(&config);
        let started = Server::bind(config).await;
        match started.expect_err("it can't be served") {
            ServerError::Certificate(error) => {
                let checked = checked.expect_err("the check finds it too");
                assert_eq!(checked.len(), 1, "{checked:?}");
                assert_eq!(checked[0].to_string(), error.to_string());
                error
            }
            other => panic!("another error: {other}"),
        }
    };
    pem.write(&issued.certificate, &other.key);
    let error = start().await;
    assert!(matches!(error, PairError::Mismatch { .. }), "{error}");
    assert!(error.to_string().contains("key.pem"), "{error}");
    pem.write("", &issued.key);
    let error = start().await;
    assert!(matches!(error, PairError::NoCertificate { .. }), "{error}");
    pem.write(&issued.certificate, &issued.certificate);
    let error = start().await;
    assert!(matches!(error, PairError::NoKey { .. }), "{error}");
    pem.write(&issued.certificate, &"x".repeat(1024 * 1024 + 1));
    let error = start().await;
    assert!(matches!(error, PairError::TooLong { .. }), "{error}");
    std::fs::remove_file(pem.files().certificate).expect("it is there");
    let error = start().await;
    assert!(matches!(error, PairError::Read { .. }), "{error}");
    assert!(error.to_string().contains("cert.pem"), "{error}");
}

#[tokio::test]
async fn a_certificate_out_of_date_is_found_by_the_check_and_served_all_the_same() {
    let pem = Pem::new("tls-date", &Issued::expired());
    let config = Config {
        tls: Some(pem.tls()),
        ..Config::on_loopback()
    };
    let errors = Server::check(&config).expect_err("it is out of date");
    assert!(errors[0].to_string().contains("2001-01-01"), "{errors:?}");
    Server::bind(config).await.expect("somebody must answer");
}

#[tokio::test]
async fn plain_http_is_redirected_to_tls() {
    let issued = Issued::now();
    let pem = Pem::new("tls-redirect", &issued);
    let server = secure(&pem, |config| {
        config.tls = Some(Tls {
            certificate: CertificateSource::Files(pem.files()),
            redirect_from: vec![(Ipv4Addr::LOCALHOST, 0).into()],
        });
    })
    .await;
    let [from] = server.redirect_addrs() else {
        panic!("one address: {:?}", server.redirect_addrs());
    };
    let request = b"GET /chat.html?a=b HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n";
    let response = String::from_utf8(raw(*from, request).await).expect("text");
    let location = format!(
        "location: https://localhost:{}/chat.html?a=b\r\n",
        server.local_addr().port()
    );
    assert!(response.starts_with("HTTP/1.1 308"), "{response}");
    assert!(response.contains(&location), "{response}");
    let from = *from;
    server.shutdown().await;
    assert!(
        TcpStream::connect(from).await.is_err(),
        "it ends with the server"
    );
}

#[tokio::test]
async fn nobody_proves_a_domain_without_an_order_and_unknown_protocols_are_refused() {
    let issued = Issued::now();
    let pem = Pem::new("tls-alpn", &issued);
    let server = secure(&pem, |_| {}).await;
    for (protocol, alert) in [
        ("acme-tls/1", "AccessDenied"),
        ("spdy/3", "NoApplicationProtocol"),
        (SUBPROTOCOL, "NoApplicationProtocol"),
    ] {
        let stream = connect(server.local_addr(), &[&issued], &[protocol]).await;
        let error = stream.expect_err("the handshake fails").to_string();
        assert!(error.contains(alert), "{protocol}: {error}");
    }
}
