//! Who may open a WebSocket, and who it is that does.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::common::{Client, Response, handshake, id, keypair, parse, raw, request, server, soon};
use boplish_server::admission::TrustedProxies;
use boplish_server::admission::token::{Grant, NewKey, SigningKey};
use boplish_server::{CloseReason, Config, ProofOfWork, Rate, Server, ServerError};
use boplish_wire::bootstrap::{FromServer, Work, challenge_response_with_work};

/// A file of its own for each test.
fn file(name: &str, content: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("admission");
    fs::create_dir_all(&folder).expect("the folder of tests can be written");
    let path = folder.join(name);
    fs::write(&path, content).expect("the folder of tests can be written");
    path
}

/// Asks for a WebSocket with further header lines, each with its line end.
async fn knock(server: &Server, id: &str, headers: &str) -> Response {
    let request = handshake(&format!("/ws/{id}"), headers);
    parse(&raw(server.local_addr(), request.as_bytes()).await)
}

fn proxies(networks: &[&str]) -> TrustedProxies {
    let networks = networks.iter().map(|text| text.parse());
    let networks: Result<_, _> = networks.collect();
    TrustedProxies(networks.expect("tests use valid networks"))
}

/// A server that anybody may open WebSockets to with any id, and which ends each connection soon.
async fn open(change: impl FnOnce(&mut Config)) -> Server {
    server(|config| {
        config.open_ids = true;
        config.limits.idle_timeout = Duration::from_millis(50);
        config.limits.close_timeout = Duration::from_millis(50);
        change(config);
    })
    .await
}

#[tokio::test]
async fn pages_of_other_origins_are_turned_away_and_what_is_no_page_is_not() {
    let server = open(|config| {
        let allowed = ["https://example.org", "http://localhost:8080"];
        let allowed = allowed.map(|text| text.parse().expect("it is an origin"));
        config.admission.allowed_origins = allowed.to_vec();
    })
    .await;
    for (header, status) in [
        ("", 101),
        ("Origin: https://example.org\r\n", 101),
        ("Origin: http://localhost:8080\r\n", 101),
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: https://example.org.evil.example\r\n", 403),
        ("Origin: http://example.org\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Origin: \r\n", 403),
    ] {
        let response = knock(&server, "alice", header).await;
        assert_eq!(response.status, status, "{header}");
        if status == 403 {
            assert!(response.text().contains("may not connect"), "{header}");
        }
    }
    // Anybody may ask how the server is.
    let health = request(
        &server,
        "GET",
        "/health",
        "Origin: https://evil.example\r\n",
    )
    .await;
    assert_eq!(health.header("access-control-allow-origin"), Some("*"));
    assert!(
        health.text().contains(r#""turnedAway":5"#),
        "{}",
        health.text()
    );
}

#[tokio::test]
async fn without_a_list_pages_of_every_origin_may_connect() {
    let server = open(|_| {}).await;
    let response = knock(&server, "alice", "Origin: https://anywhere.example\r\n").await;
    assert_eq!(response.status, 101);
}

fn grant(network: Option<&str>, id: Option<&str>) -> Grant {
    Grant {
        network: network.map(|name| name.parse().expect("a name")),
        id: id.map(str::to_owned),
        lifetime: Duration::from_secs(60),
    }
}

/// The status of somebody with this token.
async fn status(server: &Server, id: &str, token: &str) -> (u16, String) {
    let header = format!("Sec-WebSocket-Protocol: boplish.v1, boplish.token.{token}\r\n");
    let response = knock(server, id, &header).await;
    if response.status == 101 {
        // The token is not said again.
        let selected = response.header("sec-websocket-protocol");
        assert_eq!(selected, Some("boplish.v1"));
        return (101, String::new());
    }
    assert!(!response.text().contains(token), "{}", response.text());
    (response.status, response.text().to_owned())
}

#[tokio::test]
async fn a_token_lets_in_whom_it_is_for() {
    let key = NewKey::generate().expect("the system has random numbers");
    let signing = SigningKey::read(&file("own.pem", &key.private)).expect("it is a key");
    let other = NewKey::generate().expect("the system has random numbers");
    let forging = SigningKey::read(&file("other.pem", &other.private)).expect("it is a key");
    // The public key taken for a secret: the way around a server that believes a token's header.
    let confused = SigningKey::read(&file("confused", &key.public.replace("-----BEGIN", "")));
    let confused = confused.expect("it is long enough");
    let server = open(|config| {
        config.admission.token_key = Some(file("own.pub", &key.public));
    })
    .await;
    let (alice, bob) = (id(1), id(2));
    let sign = |key: &SigningKey, grant: &Grant| key.sign(grant).expect("the key can sign");
    let good = sign(&signing, &grant(None, None));
    let unsigned = {
        let claims = good.split('.').nth(1).expect("a token has three parts");
        // {"alg":"none"}
        format!("eyJhbGciOiJub25lIn0.{claims}.")
    };
    for (name, token, expected) in [
        ("any", good.clone(), 101),
        (
            "its network",
            sign(&signing, &grant(Some("default"), None)),
            101,
        ),
        ("its id", sign(&signing, &grant(None, Some(&alice))), 101),
        (
            "another network",
            sign(&signing, &grant(Some("x"), None)),
            401,
        ),
        ("another id", sign(&signing, &grant(None, Some(&bob))), 401),
        ("another key", sign(&forging, &grant(None, None)), 401),
        ("a secret", sign(&confused, &grant(None, None)), 401),
        ("no signature", unsigned, 401),
        ("cut", good[..good.len() - 4].to_owned(), 401),
        ("no token", "sesame".to_owned(), 401),
        ("long", format!("{}{good}", "x".repeat(5_000)), 401),
    ] {
        assert_eq!(status(&server, &alice, &token).await.0, expected, "{name}");
    }
    let none = knock(&server, &alice, "Sec-WebSocket-Protocol: boplish.v1\r\n").await;
    assert_eq!(none.status, 401);
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    assert!(none.text().contains("boplish.token."), "{}", none.text());
    // In the address it would end up in logs, so it is not looked for there.
    let by_address = knock(&server, &format!("{alice}?token={good}"), "").await;
    assert_eq!(by_address.status, 401);
}

#[tokio::test]
async fn a_token_must_have_an_end_that_has_not_come_and_a_beginning_that_has() {
    const SECRET: &str = "a secret that is longer than 32 bytes";
    let server = open(|config| {
        config.admission.token_key = Some(file("secret", &format!("{SECRET}\n")));
    })
    .await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.expect("it is after 1970").as_secs();
    for (claims, expected, why) in [
        (format!(r#"{{"exp":{}}}"#, now + 60), 101, ""),
        (format!(r#"{{"exp":{}.5}}"#, now + 60), 101, ""),
        (
            format!(r#"{{"exp":{},"nbf":{}}}"#, now + 60, now - 5),
            101,
            "",
        ),
        (format!(r#"{{"exp":{}}}"#, now - 60), 401, "expired"),
        (
            format!(r#"{{"exp":{},"nbf":{}}}"#, now + 900, now + 600),
            401,
            "not valid yet",
        ),
        (
            format!(r#"{{"exp":{},"aud":"others"}}"#, now + 60),
            401,
            "another",
        ),
        (format!(r#"{{"exp":"{}"}}"#, now + 60), 401, "`exp`"),
        ("{}".to_owned(), 401, "`exp`"),
        (format!(r#"{{"exp":{},"sub":7}}"#, now + 60), 401, "none"),
    ] {
        let claims_json: serde_json::Value = serde_json::from_str(&claims).expect("it is JSON");
        let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()).expect("it is a key");
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &claims_json, &key).expect("it can be signed");
        let (status, text) = status(&server, &id(1), &token).await;
        assert_eq!(status, expected, "{claims}");
        assert!(text.contains(why), "{claims}: {text}");
    }
}

#[tokio::test]
async fn a_server_does_not_start_with_a_key_that_is_none() {
    let key = NewKey::generate().expect("the system has random numbers");
    for (name, content, why) in [
        ("private", key.private.as_str(), "private"),
        ("short", "sesame", "32 bytes"),
        (
            "broken",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "Ed25519",
        ),
    ] {
        let mut config = Config::on_loopback();
        config.admission.token_key = Some(file(name, content));
        match Server::bind(config).await {
            Err(error @ ServerError::TokenKey(_)) => {
                assert!(error.to_string().contains(why), "{error}");
                assert!(!error.to_string().contains(content.trim()), "{error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn whoever_joins_too_often_is_told_when_to_come_back() {
    let server = open(|config| {
        config.limits.directory.joins_per_address = Some(Rate::per_minute(2));
    })
    .await;
    for expected in [101, 101, 429, 429] {
        let response = knock(&server, "alice", "").await;
        assert_eq!(response.status, expected);
        if expected == 429 {
            let wait = response.header("retry-after");
            let wait: u64 = wait.expect("it says when").parse().expect("it is a number");
            assert!((1..=30).contains(&wait), "{wait}");
            assert!(response.text().contains("too many"));
        }
    }
    // Pages and health are no joins.
    assert_eq!(request(&server, "GET", "/health", "").await.status, 200);
}

#[tokio::test]
async fn addresses_behind_a_proxy_are_counted_one_by_one() {
    let server = open(|config| {
        config.admission.trusted_proxies = proxies(&["127.0.0.0/8"]);
        config.limits.directory.joins_per_address = Some(Rate::per_minute(1));
    })
    .await;
    for (header, expected) in [
        ("X-Forwarded-For: 192.0.2.1\r\n", 101),
        ("X-Forwarded-For: 192.0.2.1\r\n", 429),
        ("X-Forwarded-For: 192.0.2.2\r\n", 101),
        // What a client claims by itself stands further left, and does not help.
        ("X-Forwarded-For: 203.0.113.7, 192.0.2.1\r\n", 429),
        (
            "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 192.0.2.1\r\n",
            429,
        ),
        ("Forwarded: for=203.0.113.7, for=192.0.2.1\r\n", 429),
        ("Forwarded: for=192.0.2.3\r\n", 101),
        (
            "X-Forwarded-For: 192.0.2.4\r\nForwarded: for=192.0.2.5\r\n",
            400,
        ),
        ("X-Forwarded-For: 2001:db8::1\r\n", 101),
        ("X-Forwarded-For: 2001:db8::2\r\n", 429),
    ] {
        let response = knock(&server, "alice", header).await;
        assert_eq!(response.status, expected, "{header}");
    }
}

#[tokio::test]
async fn forged_headers_of_a_stranger_are_not_believed() {
    for trusted in [&[][..], &["192.0.2.0/24"]] {
        let server = open(|config| {
            config.admission.trusted_proxies = proxies(trusted);
            config.limits.directory.joins_per_address = Some(Rate::per_minute(1));
        })
        .await;
        let forged = |number| {
            format!("X-Forwarded-For: 198.51.100.{number}\r\nForwarded: for=203.0.113.{number}\r\n")
        };
        assert_eq!(knock(&server, "alice", &forged(1)).await.status, 101);
        assert_eq!(knock(&server, "alice", &forged(2)).await.status, 429);
    }
}

/// Asks for a WebSocket, with something before the request.
async fn knock_behind(server: &Server, header: &[u8]) -> Vec<u8> {
    let request = handshake("/ws/alice", "");
    raw(server.local_addr(), &[header, request.as_bytes()].concat()).await
}

#[tokio::test]
async fn the_proxy_protocol_says_who_connects() {
    let server = open(|config| {
        config.admission.trusted_proxies = proxies(&["127.0.0.1/32"]);
        config.admission.proxy_protocol = true;
        config.limits.directory.joins_per_address = Some(Rate::per_minute(1));
    })
    .await;
    let mut version_2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    version_2.extend([192, 0, 2, 1, 127, 0, 0, 1, 1, 2, 3, 4]);
    for (header, expected) in [
        (
            b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n".to_vec(),
            Some(101),
        ),
        (version_2, Some(429)),
        (b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n".to_vec(), Some(101)),
        // Whoever is named there is not trusted to name others.
        (
            b"PROXY TCP4 192.0.2.2 127.0.0.1 1 2\r\n".to_vec(),
            Some(101),
        ),
        (b"PROXY UNKNOWN\r\n".to_vec(), Some(101)),
        // Without it, or with one that is none, the connection is closed without a word.
        (Vec::new(), None),
        (b"PROXY TCP4 nonsense\r\n".to_vec(), None),
    ] {
        let heard = knock_behind(&server, &header).await;
        let status = (!heard.is_empty()).then(|| parse(&heard).status);
        assert_eq!(status, expected, "{}", String::from_utf8_lossy(&header));
    }
}

#[tokio::test]
async fn the_proxy_protocol_of_a_stranger_is_no_request() {
    let server = open(|config| {
        config.admission.trusted_proxies = proxies(&["192.0.2.0/24"]);
        config.admission.proxy_protocol = true;
    })
    .await;
    let heard = knock_behind(&server, b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n").await;
    assert_eq!(parse(&heard).status, 400);
    assert_eq!(parse(&knock_behind(&server, b"").await).status, 101);
}

#[tokio::test]
async fn a_ban_closes_who_is_connected_and_turns_away_who_comes() {
    let list = file("bans", "# nobody yet\n");
    let server = server(|config| config.admission.ban_file = Some(list.clone())).await;
    let mut alice = Client::proven(&server, 1).await;
    let mut bob = Client::proven(&server, 2).await;
    let mut carol = Client::proven(&server, 3).await;
    fs::write(&list, format!("{} # a nuisance\n", id(1))).expect("the list can be written");
    assert_eq!(alice.hear_close().await, CloseReason::Banned.code());
    let response = knock(&server, &id(1), "").await;
    assert_eq!(response.status, 403);
    assert!(response.text().contains("banned"), "{}", response.text());
    bob.assert_reaches(&mut carol).await;

    // A ban ends with its line.
    fs::write(&list, "192.0.2.0/24\n").expect("the list can be written");
    soon("the end of the ban", async {
        while knock_is_refused(&server).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    fs::write(&list, "127.0.0.0/8\n").expect("the list can be written");
    for client in [&mut bob, &mut carol] {
        assert_eq!(client.hear_close().await, CloseReason::Banned.code());
    }
}

async fn knock_is_refused(server: &Server) -> bool {
    let path = format!("/ws/{}", id(1));
    let subprotocol = Some(boplish_wire::bootstrap::SUBPROTOCOL);
    let connected = Client::try_connect(server.local_addr(), &path, subprotocol, None).await;
    connected.is_err()
}

#[tokio::test]
async fn a_server_does_not_start_with_a_ban_list_that_has_bad_lines() {
    for (list, why) in [
        (
            file("bad-bans", "192.0.2.1\n\nalice\n"),
            "line 3, \"alice\"",
        ),
        (PathBuf::from("/nowhere/bans"), "/nowhere/bans"),
    ] {
        let mut config = Config::on_loopback();
        config.admission.ban_file = Some(list);
        match Server::bind(config).await {
            Err(error @ ServerError::Bans(_)) => {
                assert!(error.to_string().contains(why), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn bans_go_by_the_address_behind_the_proxy() {
    let server = open(|config| {
        config.admission.trusted_proxies = proxies(&["127.0.0.1/32"]);
        config.admission.ban_file = Some(file("bans-behind", "192.0.2.0/24\n"));
    })
    .await;
    for (header, expected) in [
        ("X-Forwarded-For: 192.0.2.1\r\n", 403),
        ("X-Forwarded-For: 203.0.113.1, 192.0.2.1\r\n", 403),
        ("X-Forwarded-For: 203.0.113.1\r\n", 101),
    ] {
        assert_eq!(knock(&server, "alice", header).await.status, expected);
    }
}

#[tokio::test]
async fn newcomers_work_when_they_are_told_to() {
    let server = server(|config| config.proof_of_work = ProofOfWork::Always(8)).await;
    let (mut lazy, nonce) = Client::challenged(&server, 1).await;
    let answer = challenge_response_with_work(&keypair(1), &nonce, None);
    lazy.say(&answer).await;
    assert_eq!(lazy.hear_close().await, CloseReason::WorkNeeded.code());

    let (mut diligent, nonce) = Client::challenged(&server, 2).await;
    let counter = Work::new(&nonce, keypair(2).id(), 8).search(1_000_000);
    let answer = challenge_response_with_work(&keypair(2), &nonce, counter);
    diligent.say(&answer).await;
    let welcome = FromServer::parse(&diligent.hear().await);
    assert!(
        matches!(welcome, Ok(FromServer::Welcome { .. })),
        "{welcome:?}"
    );
}
