//! The WebSocket to the bootstrap server.

use std::cell::Cell;
use std::rc::Weak;

use boplish_core::Input;
use wasm_bindgen::prelude::*;

use crate::browser::{Event, Host, Listener, WebSocket, describe};
use crate::shell::Shell;

/// An open or opening WebSocket; closed when dropped.
pub(crate) struct Signaling {
    socket: WebSocket,
    _listener: Listener,
}

impl Signaling {
    /// Opens one; what happens on it is told to the shell.
    pub(crate) fn open(
        host: &Host,
        url: &str,
        protocols: &JsValue,
        shell: Weak<Shell>,
    ) -> Result<Self, String> {
        let socket = WebSocket::new(url, protocols).map_err(|thrown| describe(&thrown))?;
        let kinds: &[&str] = &["open", "message", "close"];
        let was_opened = Cell::new(false);
        let listener = Listener::new(
            host,
            vec![(socket.clone().unchecked_into(), kinds)],
            move |event| {
                if let Some(shell) = shell.upgrade() {
                    handle(&shell, &event, &was_opened);
                }
            },
        );
        Ok(Self {
            socket,
            _listener: listener,
        })
    }

    /// Sends a text. One that can't be sent is lost; `close` events say that the socket is.
    pub(crate) fn send(&self, text: &str) {
        let _ = self.socket.send(text);
    }
}

impl Drop for Signaling {
    fn drop(&mut self) {
        self.socket.close();
    }
}

fn handle(shell: &Shell, event: &Event, was_opened: &Cell<bool>) {
    match event.kind().as_str() {
        "open" => {
            was_opened.set(true);
            shell.handle(Input::SignalingOpened);
        }
        "message" => {
            // The server sends texts only.
            if let Some(text) = event.data().as_string() {
                shell.handle(Input::SignalingMessage(text));
            }
        }
        _ => {
            let reason = match (event.code(), event.reason()) {
                (code, text) if text.is_empty() => format!("WebSocket closed with code {code}"),
                (code, text) => format!("WebSocket closed with code {code}: {text}"),
            };
            shell.signaling_closed(reason, was_opened.get());
        }
    }
}
