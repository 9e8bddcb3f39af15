//! The WebSocket to the bootstrap server.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::bootstrap::SUBPROTOCOL;
use boplish_wire::limits::{MAX_JSON, MAX_REASON};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, ClientRequestBuilder, Message};

use crate::token::Token;

/// Texts that wait for the server; with more, the WebSocket is closed.
const MAX_OUTGOING: usize = 256;

/// Texts of the server that wait for the peer's task; then the server waits.
const MAX_INCOMING: usize = 64;

/// Bytes that tungstenite holds for a server that reads slowly.
const MAX_WRITE_BUFFER: usize = 1024 * 1024;

/// Bytes read at once; tungstenite's own default is 128 KiB for each connection.
const READ_BUFFER: usize = 4096;

/// Opening a WebSocket, or sending one text, takes no longer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// After this long without a word, the server is pinged; after twice that, it is gone.
const PING_AFTER: Duration = Duration::from_secs(30);

/// Where a bootstrap server is: `HOST[:PORT]`, `http://`, `https://`, `ws://` or `wss://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapUrl {
    secure: bool,
    authority: String,
    path: String,
}

/// Why a text does not say where a bootstrap server is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapUrlError {
    /// The scheme is of something else.
    #[error("{0}:// is no scheme of a bootstrap server; use http, https, ws or wss, or none")]
    Scheme(String),
    /// There is no host, or it can't be one.
    #[error("{0:?} is no host; write HOST or HOST:PORT, and IPv6 addresses in brackets")]
    Host(String),
    /// This build has no TLS.
    #[error("this build has no TLS (feature `tls`); use http:// or ws://")]
    NoTls,
}

impl BootstrapUrl {
    fn web_socket(&self, id: PeerId) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}/ws/{id}", self.authority, self.path)
    }
}

impl FromStr for BootstrapUrl {
    type Err = BootstrapUrlError;

    fn from_str(text: &str) -> Result<Self, BootstrapUrlError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("ws", text));
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => false,
            "https" | "wss" if cfg!(feature = "tls") => true,
            "https" | "wss" => return Err(BootstrapUrlError::NoTls),
            _other => return Err(BootstrapUrlError::Scheme(scheme.to_owned())),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let host = || BootstrapUrlError::Host(authority.to_owned());
        let parsed: tungstenite::http::uri::Authority = authority.parse().map_err(|_| host())?;
        if parsed.host().is_empty() || authority.contains('@') {
            return Err(host());
        }
        Ok(Self {
            secure,
            authority: authority.to_owned(),
            path: path.trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for BootstrapUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

/// What happens to the WebSocket.
#[derive(Debug)]
pub(crate) enum SignalingEvent {
    Opened,
    Message(String),
    Closed { reason: String },
}

/// At most one WebSocket at a time, in a task of its own.
#[derive(Debug)]
pub(crate) struct Signaling {
    url: Option<BootstrapUrl>,
    token: Option<Token>,
    id: PeerId,
    generation: u64,
    outgoing: Option<mpsc::Sender<String>>,
    task: Option<JoinHandle<()>>,
    event_sink: mpsc::Sender<(u64, SignalingEvent)>,
    events: mpsc::Receiver<(u64, SignalingEvent)>,
}

impl Signaling {
    pub(crate) fn new(url: Option<BootstrapUrl>, token: Option<Token>, id: PeerId) -> Self {
        let (event_sink, events) = mpsc::channel(MAX_INCOMING);
        Self {
            url,
            token,
            id,
            generation: 0,
            outgoing: None,
            task: None,
            event_sink,
            events,
        }
    }

    /// Opens a WebSocket; an earlier one is closed, and nothing more is heard of it.
    pub(crate) fn open(&mut self) {
        self.close();
        let (sender, outgoing) = mpsc::channel(MAX_OUTGOING);
        self.outgoing = Some(sender);
        let events = Events {
            generation: self.generation,
            sink: self.event_sink.clone(),
        };
        let url = self.url.as_ref().map(|url| url.web_socket(self.id));
        let token = self.token.clone();
        self.task = Some(tokio::spawn(async move {
            let reason = match url {
                Some(url) => carry(url, token, outgoing, &events).await,
                None => "no bootstrap server is configured".to_owned(),
            };
            events.put(SignalingEvent::Closed { reason }).await;
        }));
    }

    /// Sends a text. A server that does not read is given up.
    pub(crate) fn send(&mut self, text: String) {
        let Some(outgoing) = &self.outgoing else {
            return;
        };
        match outgoing.try_send(text) {
            // A closed one is reported by its task.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!("the bootstrap server does not read; its WebSocket is closed");
                self.outgoing = None;
            }
        }
    }

    /// Closes the WebSocket, after what waits has been sent.
    pub(crate) fn close(&mut self) {
        self.generation += 1;
        self.outgoing = None;
    }

    /// What happens next to the current WebSocket. May be cancelled and called again.
    pub(crate) async fn next(&mut self) -> SignalingEvent {
        loop {
            match self.events.recv().await {
                Some((generation, event)) if generation == self.generation => return event,
                // Of an earlier WebSocket.
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Closes the WebSocket and waits until what waited has been sent, or until `deadline`.
    pub(crate) async fn finish(mut self, deadline: Instant) {
        self.close();
        // Nobody reads the events any more.
        self.events.close();
        if let Some(task) = self.task.take() {
            // Late or failed, there is nothing left to do about it.
            let _ = tokio::time::timeout_at(deadline, task).await;
        }
    }
}

struct Events {
    generation: u64,
    sink: mpsc::Sender<(u64, SignalingEvent)>,
}

impl Events {
    async fn put(&self, event: SignalingEvent) {
        // Nobody is there to hear it any more: the peer has ended.
        let _ = self.sink.send((self.generation, event)).await;
    }
}

/// Carries texts both ways until the WebSocket is closed, and says why it was.
async fn carry(
    url: String,
    token: Option<Token>,
    mut outgoing: mpsc::Receiver<String>,
    events: &Events,
) -> String {
    let mut request = match url.parse() {
        Ok(uri) => ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL),
        Err(error) => return format!("{url} is no address: {error}"),
    };
    if let Some(token) = token {
        request = request.with_sub_protocol(token.subprotocol());
    }
    #[cfg(feature = "tls")]
    {
        // Fails if the application has chosen one already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_JSON))
        .max_frame_size(Some(MAX_JSON))
        .read_buffer_size(READ_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER);
    let opening = connect_async_with_config(request, Some(config), true);
    let mut socket = match timeout(TIMEOUT, opening).await {
        Ok(Ok((socket, _response))) => socket,
        Ok(Err(error)) => return format!("can't connect to {url}: {}", refusal(&error)),
        Err(_) => return format!("{url} does not answer"),
    };
    events.put(SignalingEvent::Opened).await;
    let mut heard = Instant::now();
    let mut pinged = false;
    loop {
        let silent_at = heard + if pinged { 2 * PING_AFTER } else { PING_AFTER };
        let message = tokio::select! {
            text = outgoing.recv() => match text {
                Some(text) => Message::text(text),
                None => {
                    // The close frame is a courtesy.
                    let _ = timeout(TIMEOUT, socket.close(None)).await;
                    return "closed".to_owned();
                }
            },
            message = socket.next() => {
                heard = Instant::now();
                pinged = false;
                match message {
                    Some(Ok(Message::Text(text))) => {
                        events.put(SignalingEvent::Message(text.as_str().to_owned())).await;
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return frame.map_or_else(
                            || "closed by the bootstrap server".to_owned(),
                            |frame| format!("closed by the bootstrap server: {frame}"),
                        );
                    }
                    // tungstenite answers pings by itself; binary frames mean nothing here.
                    Some(Ok(
                        Message::Binary(_)
                        | Message::Ping(_)
                        | Message::Pong(_)
                        | Message::Frame(_),
                    )) => {}
                    Some(Err(error)) => return error.to_string(),
                    None => return "closed by the bootstrap server".to_owned(),
                }
                continue;
            }
            () = tokio::time::sleep_until(silent_at) => {
                if pinged {
                    return "the bootstrap server is silent".to_owned();
                }
                pinged = true;
                Message::Ping(Vec::new().into())
            }
        };
        match timeout(TIMEOUT, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "the bootstrap server does not read".to_owned(),
        }
    }
}

/// What a server says that opens no WebSocket, cut after 200 bytes.
fn refusal(error: &tungstenite::Error) -> String {
    let tungstenite::Error::Http(response) = error else {
        return error.to_string();
    };
    let body = response.body().as_deref().unwrap_or_default();
    let said = String::from_utf8_lossy(&body[..body.len().min(MAX_REASON)]);
    let said = said.trim_end_matches(char::REPLACEMENT_CHARACTER).trim();
    format!("{error}: {}", said.replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> String {
        let url: BootstrapUrl = text.parse().expect("the text is a bootstrap address");
        url.web_socket(PeerId::from_bytes([0xab; 20]))
    }

    #[test]
    fn every_form_leads_to_the_web_socket_of_the_id() {
        let id = "ab".repeat(20);
        for (text, expected) in [
            ("example.org", "ws://example.org/ws/"),
            ("example.org:5000", "ws://example.org:5000/ws/"),
            ("http://example.org:5000/", "ws://example.org:5000/ws/"),
            ("ws://[::1]:5000", "ws://[::1]:5000/ws/"),
            ("HTTPS://example.org", "wss://example.org/ws/"),
            ("wss://example.org/bop/?a=b", "wss://example.org/bop/ws/"),
        ] {
            assert_eq!(address(text), format!("{expected}{id}"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ftp://example.org",
            "http://",
            "a b",
            "http://user@example.org",
        ] {
            assert!(text.parse::<BootstrapUrl>().is_err(), "{text}");
        }
    }
}
