//! The server seen from outside: readiness, request ids, metrics, and the admin page's numbers.

use crate::common::{Client, Response, get, request, server, soon};
use boplish_server::admission::TrustedProxies;
use boplish_server::{AdminToken, CloseReason, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOKEN: &str = "correct-horse-battery";

async fn observed() -> Server {
    server(|config| config.admin_token = AdminToken::new(TOKEN).ok()).await
}

async fn with_token(server: &Server, path: &str, token: &str) -> Response {
    let headers = format!("Authorization: Bearer {token}\r\n");
    request(server, "GET", path, &headers).await
}

async fn admin_stats(server: &Server) -> Value {
    let stats = with_token(server, "/admin/stats", TOKEN).await;
    assert_eq!(stats.status, 200);
    assert_eq!(stats.header("cache-control"), Some("no-store"));
    serde_json::from_slice(&stats.body).expect("JSON")
}

/// Asks until the numbers are as wanted.
async fn stats_when(server: &Server, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let stats = admin_stats(server).await;
            if is_wanted(&stats) {
                return stats;
            }
            tokio::task::yield_now().await;
        }
    };
    soon(what, asking).await
}

#[tokio::test]
async fn without_a_token_there_are_no_numbers() {
    let server = server(|_| {}).await;
    for path in ["/metrics", "/admin/stats"] {
        assert_eq!(with_token(&server, path, TOKEN).await.status, 404, "{path}");
    }
    assert_eq!(get(&server, "/ready").await.status, 200);
}

#[tokio::test]
async fn only_the_token_opens_the_numbers() {
    let server = observed().await;
    for path in ["/metrics", "/admin/stats"] {
        for response in [
            get(&server, path).await,
            with_token(&server, path, "correct-horse-batters").await,
        ] {
            assert_eq!(response.status, 401, "{path}");
            assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(with_token(&server, path, TOKEN).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn who_tries_many_tokens_is_not_listened_to_for_a_while() {
    let server = observed().await;
    for _ in 0..10 {
        let wrong = with_token(&server, "/admin/stats", "a-wrong-token-again").await;
        assert_eq!(wrong.status, 401);
    }
    for token in ["a-wrong-token-again", TOKEN] {
        let response = with_token(&server, "/admin/stats", token).await;
        assert_eq!(response.status, 429);
        assert_eq!(response.header("retry-after"), Some("60"));
    }
}

#[tokio::test]
async fn the_numbers_tell_who_is_connected_and_why_others_are_not() {
    let server = observed().await;
    let _alice = Client::proven(&server, 1).await;
    let mut bob = Client::open(&server, "bob").await;
    assert_eq!(bob.hear_close().await, CloseReason::ProofNeeded.code());
    let stats = stats_when(&server, "a sample", |stats| {
        stats["networks"][0]["graphs"]["every"] == 5 && stats["networks"][0]["admitted"] == 1
    })
    .await;
    assert_eq!(stats["unready"], Value::Null);
    assert_eq!(stats["responses"]["1xx"], 2);
    assert_eq!(stats["turnedAway"], 0);
    assert!(stats["sockets"]["open"].as_u64() >= Some(2), "{stats}");
    let network = &stats["networks"][0];
    assert_eq!(network["name"], "default");
    assert_eq!(
        (&network["connected"], &network["refused"]),
        (&1.into(), &1.into())
    );
    let reasons = network["reasons"].as_array().expect("a list");
    let refused = |reason: &Value| reason["refused"].as_u64() != Some(0);
    let refused: Vec<_> = reasons.iter().filter(|it| refused(it)).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["reason"], "ProofNeeded");
    assert_eq!(refused[0]["code"], 4006);
    assert!(network["rates"]["tenSeconds"]["admitted"].is_number());
}

#[tokio::test]
async fn metrics_are_as_prometheus_reads_them() {
    let server = observed().await;
    let _alice = Client::proven(&server, 1).await;
    let mut bob = Client::open(&server, "bob").await;
    assert_eq!(bob.hear_close().await, CloseReason::ProofNeeded.code());
    let metrics = with_token(&server, "/metrics", TOKEN).await;
    assert_eq!(
        metrics.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let lines: Vec<_> = metrics.text().lines().collect();
    for line in [
        concat!(
            "boplish_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
        "boplish_ready 1",
        "boplish_turned_away_total 0",
        "# TYPE boplish_connected gauge",
        "boplish_connected{network=\"default\"} 1",
        "# TYPE boplish_admitted counter",
        "boplish_admitted_total{network=\"default\"} 1",
        "boplish_refused_for_total{network=\"default\",code=\"4006\",reason=\"ProofNeeded\"} 1",
        "boplish_closed_for_total{network=\"default\",code=\"4008\",reason=\"SlowReader\"} 0",
        "boplish_responses_total{class=\"1xx\"} 2",
        "boplish_response_seconds_count 2",
    ] {
        assert!(lines.contains(&line), "{line} in {}", metrics.text());
    }
    assert_eq!(lines.last(), Some(&"# EOF"));
}

#[tokio::test]
async fn each_response_has_an_id_of_its_own() {
    let server = server(|_| {}).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        // What a client says of itself does not count.
        let response = request(&server, "GET", "/health", "X-Request-Id: mine\r\n").await;
        let id = response.header("x-request-id").expect("an id").to_owned();
        assert!(id.len() >= 10 && id != "mine", "{id}");
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn the_id_that_a_trusted_proxy_gives_is_kept_if_it_is_fit() {
    let server = server(|config| {
        let loopback = "127.0.0.0/8".parse().expect("a network");
        config.admission.trusted_proxies = TrustedProxies(vec![loopback]);
    })
    .await;
    for (given, is_kept) in [("req-1:a", true), ("two words", false), ("", false)] {
        let header = format!("X-Request-Id: {given}\r\n");
        let response = request(&server, "GET", "/health", &header).await;
        let told = response.header("x-request-id").expect("an id");
        assert_eq!(told == given, is_kept, "{told}");
    }
}

#[tokio::test]
async fn a_full_server_is_not_ready() {
    let server = server(|config| config.limits.directory.connections = 1).await;
    assert_eq!(get(&server, "/ready").await.status, 200);
    let alice = Client::proven(&server, 1).await;
    let full = get(&server, "/ready").await;
    assert_eq!(full.status, 503);
    assert!(
        full.text().contains("as many connections"),
        "{}",
        full.text()
    );
    drop(alice);
    soon("room again", async {
        while get(&server, "/ready").await.status != 200 {}
    })
    .await;
}

#[tokio::test]
async fn a_server_that_shuts_down_is_not_ready() {
    let server = observed().await;
    let mut stream = TcpStream::connect(server.local_addr())
        .await
        .expect("it listens");
    let begin = b"GET /ready HTTP/1.1\r\nHost: test\r\n";
    stream.write_all(begin).await.expect("it reads");
    stats_when(&server, "two sockets", |stats| {
        stats["sockets"]["open"] == 2
    })
    .await;
    // The sender of the end of the request waits until the server has begun to close.
    let address = server.local_addr();
    let asking = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        stream
            .write_all(b"Connection: close\r\n\r\n")
            .await
            .expect("it reads");
        let mut response = String::new();
        stream
            .read_to_string(&mut response)
            .await
            .expect("it answers");
        response
    };
    let (response, ()) = soon("the answer", async {
        tokio::join!(asking, server.shutdown())
    })
    .await;
    assert!(response.starts_with("HTTP/1.1 503"), "{response}");
    assert!(response.contains("shuts down"), "{response}");
}
