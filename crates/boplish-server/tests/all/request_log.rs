//! The log lines of a WebSocket are found by the id of its request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::common::{Client, server};
use boplish_server::CloseReason;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

type Fields = BTreeMap<&'static str, String>;

/// Keeps what is logged, each line with the fields of the span that it names.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<Fields>>>,
    spans: Arc<Mutex<BTreeMap<u64, Fields>>>,
    last_span: Arc<AtomicU64>,
}

impl Log {
    /// The line of this server with such a field.
    fn line(&self, field: &str, value: &str) -> Fields {
        let lines = self.lines.lock().expect("no test panics with it");
        let line = lines
            .iter()
            .find(|line| line.get(field).is_some_and(|it| it == value));
        line.unwrap_or_else(|| panic!("no {field}={value} in {lines:#?}"))
            .clone()
    }
}

struct Collect<'a>(&'a mut Fields);

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("boplish_server")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.last_span.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fields = Fields::new();
        attributes.record(&mut Collect(&mut fields));
        let mut spans = self.spans.lock().expect("no test panics with it");
        spans.insert(id, fields);
        Id::from_u64(id)
    }

    fn event(&self, event: &Event<'_>) {
        let spans = self.spans.lock().expect("no test panics with it");
        let span = event.parent().and_then(|id| spans.get(&id.into_u64()));
        let mut fields = span.cloned().unwrap_or_default();
        event.record(&mut Collect(&mut fields));
        let mut lines = self.lines.lock().expect("no test panics with it");
        lines.push(fields);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn the_lines_of_a_socket_have_the_id_of_its_request() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.clone());
    let server = server(|_| {}).await;
    let alice = Client::proven(&server, 1).await;
    let mut bob = Client::open(&server, "bob").await;
    assert_eq!(bob.hear_close().await, CloseReason::ProofNeeded.code());

    let (of_alice, of_bob) = (format!("/ws/{}", alice.id), "/ws/bob");
    for (path, message) in [(of_alice.as_str(), "admitted"), (of_bob, "refused")] {
        let answered = log.line("path", path);
        assert_eq!(answered["status"], "101");
        assert_eq!(answered["method"], "GET");
        assert!(answered.contains_key("duration_us"), "{answered:?}");
        assert_eq!(log.line("message", message)["request"], answered["request"]);
    }
    let requests =
        [of_alice.as_str(), of_bob].map(|path| log.line("path", path)["request"].clone());
    assert_ne!(requests[0], requests[1]);
}
