//! Traces, as a collector of OpenTelemetry gets them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::common::{PATIENCE, Server, wait_for};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, span};
use prost::Message as _;

/// A trace and a span of it, as a proxy would name them.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// The value of an attribute, as text.
fn value(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|it| it.key == key);
    match found.and_then(|it| it.value.as_ref()?.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("{key} is {other:?} in {attributes:?}"),
    }
}

/// Reads one batch, says that it has it, and gives its spans, all of the service `boplish`.
fn take(stream: TcpStream) -> Vec<Span> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut head = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim_end().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    assert!(head.starts_with("post /base/v1/traces "), "{head}");
    assert!(head.contains("\nauthorization: secret\r\n"), "{head}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).unwrap();

    let batch = ExportTraceServiceRequest::decode(&body[..]).unwrap();
    let mut spans = Vec::new();
    for of_resource in batch.resource_spans {
        let resource = of_resource.resource.unwrap();
        assert_eq!(value(&resource.attributes, "service.name"), "boplish");
        spans.extend(of_resource.scope_spans.into_iter().flat_map(|it| it.spans));
    }
    spans
}

fn collect(listener: TcpListener) -> Receiver<Span> {
    let (sender, spans) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            for span in take(stream) {
                if sender.send(span).is_err() {
                    return;
                }
            }
        }
    });
    spans
}

/// Asks for a page and gives the whole response.
fn get(server: &Server, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_collector_gets_a_span_of_each_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/base/", listener.local_addr().unwrap());
    let spans = collect(listener);
    let server = Server::start_with(|command| {
        command.args(["--otlp-endpoint", &url, "--open-ids"]);
        command.args(["--trust-proxy", "127.0.0.0/8"]);
        command.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret");
        command.env("OTEL_BSP_SCHEDULE_DELAY", "50");
        command.stderr(Stdio::null());
    });

    // A request that goes on with a proxy's trace.
    let traced = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n");
    let response = get(&server, "/health?secret", &traced);
    let span = spans.recv_timeout(PATIENCE).unwrap();
    let hex = |bytes: &[u8]| {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        digits.collect::<String>()
    };
    assert_eq!(hex(&span.trace_id), TRACE);
    assert_eq!(hex(&span.parent_span_id), PARENT);
    assert_eq!(span.name, "GET");
    assert_eq!(span.kind(), span::SpanKind::Server);
    assert_eq!(value(&span.attributes, "http.request.method"), "GET");
    assert_eq!(value(&span.attributes, "url.path"), "/health");
    assert_eq!(value(&span.attributes, "http.response.status_code"), "200");
    let id = value(&span.attributes, "request");
    assert!(
        response.contains(&format!("x-request-id: {id}\r\n")),
        "{response}"
    );

    // The request that a WebSocket began with.
    let url = format!("ws://{}/ws/alice", server.address);
    drop(tokio_tungstenite::tungstenite::connect(url).unwrap());
    let span = spans.recv_timeout(PATIENCE).unwrap();
    assert_eq!(value(&span.attributes, "url.path"), "/ws/alice");
    assert_eq!(value(&span.attributes, "http.response.status_code"), "101");
    assert!(span.parent_span_id.is_empty(), "{span:?}");
}

#[test]
fn what_was_not_sent_yet_is_sent_when_the_server_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    let spans = collect(listener);
    let mut server = Server::start_with(|command| {
        command.args(["--otlp-endpoint", &url]);
        command.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret");
        command.env("OTEL_BSP_SCHEDULE_DELAY", "3600000");
        command.stderr(Stdio::null());
    });
    get(&server, "/ready", "");
    server.running.signal("TERM");
    let span = spans.recv_timeout(PATIENCE).unwrap();
    assert_eq!(value(&span.attributes, "url.path"), "/ready");
    assert_eq!(server.running.wait().code(), Some(0));
}

#[test]
fn without_its_collector_a_server_serves_on_and_says_so_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut server = Server::start_with(|command| {
        command.args(["--otlp-endpoint", &url]);
        command.env("OTEL_BSP_SCHEDULE_DELAY", "50");
        command.stderr(Stdio::piped());
    });
    let log = server.running.log();
    assert!(get(&server, "/health", "").starts_with("HTTP/1.1 200"));
    let line = wait_for(&log, "traces are lost");
    assert!(line.contains(&url), "{line}");
    assert!(get(&server, "/health", "").starts_with("HTTP/1.1 200"));
    server.running.signal("TERM");
    assert_eq!(server.running.wait().code(), Some(0));
    let again = log.iter().filter(|line| line.contains("traces are lost"));
    assert_eq!(again.count(), 0);
}
