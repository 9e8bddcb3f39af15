//! WebSockets between the peers and the real directory.

use core::time::Duration;

use boplish_core::wire::bootstrap::ClientId;
use boplish_core::{Input, Time};
use boplish_directory::{ConnId, Directory, Input as ServerInput, Output as ServerOutput};

use crate::peer::PeerHandle;
use crate::server::{ClientSide, FromServer, Socket, SocketIndex, ToServer};
use crate::tamper::Leg;
use crate::webrtc::address_of;

use super::World;
use super::step::{PipeRef, Step};

/// How long a shell waits for a WebSocket that does not open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

impl World {
    pub(super) fn open_socket(&mut self, peer: PeerHandle) {
        self.close_socket(peer);
        let socket = SocketIndex(self.sockets.len() as u32);
        let is_cut = !self.reaches_server(peer);
        self.sockets.push(Socket::new(peer, self.now, is_cut));
        self.live_sockets.insert(socket);
        self.peer_mut(peer).socket = Some(socket);
        // TCP's handshake takes one round trip, then the request comes.
        let delay = self.server_latency() + self.server_latency() + self.server_latency();
        self.schedule(delay, Step::Connect(socket));
    }

    pub(super) fn connect_socket(&mut self, socket: SocketIndex) {
        let it = self.socket(socket);
        let (peer, opened) = (it.peer, it.opened);
        if it.is_client_closed() {
            return;
        }
        if it.is_cut {
            if self.now.since(opened) < CONNECT_TIMEOUT {
                self.schedule(Duration::from_secs(1), Step::Connect(socket));
            } else {
                self.socket_closed(socket, "the server does not answer".to_owned());
            }
            return;
        }
        if self.server.directory.is_none() {
            self.send_down(
                socket,
                FromServer::Closed("the connection was refused".to_owned()),
            );
            return;
        }
        self.socket_mut(socket).is_served = true;
        self.send_down(socket, FromServer::Opened);
        let id = self.peer(peer).claimed.to_string();
        self.feed_server(ServerInput::Connected {
            conn: ConnId(u64::from(socket.0)),
            id: ClientId::new(&id).expect("a peer id is a client id"),
            address: address_of(peer),
            wants_proof: true,
        });
    }

    pub(super) fn send_to_server(&mut self, peer: PeerHandle, text: String) {
        let open = self
            .peer(peer)
            .socket
            .filter(|socket| self.socket(*socket).client == ClientSide::Open);
        let Some(socket) = open else {
            let misuse = format!(
                "{:?}: peer {}: a text before the WebSocket is open",
                self.now, peer.0
            );
            self.misuses.push(misuse);
            return;
        };
        self.counters.to_server.add(text.len());
        for text in self.tamper.text(Leg::ToServer(peer), text) {
            self.send_up(socket, ToServer::Text(text));
        }
    }

    pub(super) fn close_socket(&mut self, peer: PeerHandle) {
        if let Some(socket) = self.peer_mut(peer).socket.take() {
            self.socket_mut(socket).client = ClientSide::Closed;
            self.send_up(socket, ToServer::Close);
            self.retire(socket);
        }
    }

    fn send_up(&mut self, socket: SocketIndex, item: ToServer) {
        let (now, latency) = (self.now, self.server_latency());
        let up = &mut self.socket_mut(socket).up;
        if let Some(at) = up.send(now, now + latency, item) {
            let deliver = Step::Deliver(PipeRef::ToServer(socket), up.epoch());
            self.queue.push(at, deliver);
        }
    }

    pub(super) fn send_down(&mut self, socket: SocketIndex, item: FromServer) {
        let (now, latency) = (self.now, self.server_latency());
        let down = &mut self.socket_mut(socket).down;
        if let Some(at) = down.send(now, now + latency, item) {
            let deliver = Step::Deliver(PipeRef::FromServer(socket), down.epoch());
            self.queue.push(at, deliver);
        }
    }

    pub(super) fn deliver_to_server(&mut self, socket: SocketIndex, epoch: u32) {
        let Some(item) = self.socket_mut(socket).up.deliver(epoch) else {
            return;
        };
        if !self.socket(socket).is_served {
            return;
        }
        let conn = ConnId(u64::from(socket.0));
        match item {
            ToServer::Text(text) => {
                self.note(5, u64::from(socket.0));
                self.trace.bytes(text.as_bytes());
                self.feed_server(ServerInput::Text { conn, text });
            }
            ToServer::Close => {
                self.socket_mut(socket).is_served = false;
                self.retire(socket);
                self.feed_server(ServerInput::Disconnected { conn });
            }
        }
    }

    pub(super) fn deliver_from_server(&mut self, socket: SocketIndex, epoch: u32) {
        let Some(item) = self.socket_mut(socket).down.deliver(epoch) else {
            return;
        };
        let it = self.socket_mut(socket);
        let peer = it.peer;
        if it.is_client_closed() {
            return;
        }
        self.note(6, u64::from(socket.0));
        match item {
            FromServer::Opened => {
                self.socket_mut(socket).client = ClientSide::Open;
                self.feed(peer, Input::SignalingOpened);
            }
            FromServer::Text(text) => {
                self.trace.bytes(text.as_bytes());
                self.feed(peer, Input::SignalingMessage(text));
            }
            FromServer::Closed(reason) => self.socket_closed(socket, reason),
        }
    }

    fn socket_closed(&mut self, socket: SocketIndex, reason: String) {
        let peer = self.socket(socket).peer;
        self.socket_mut(socket).client = ClientSide::Closed;
        self.retire(socket);
        if self.peer(peer).socket == Some(socket) {
            self.peer_mut(peer).socket = None;
            self.feed(peer, Input::SignalingClosed { reason });
        }
    }

    /// Forgets a WebSocket that neither end has any more.
    fn retire(&mut self, socket: SocketIndex) {
        let it = self.socket(socket);
        if it.is_client_closed() && !it.is_served {
            self.live_sockets.remove(&socket);
        }
    }

    pub(super) fn resume_socket(&mut self, socket: SocketIndex, pipe: PipeRef, epoch: u32) {
        let arrival = self.now + self.server_latency();
        let it = self.socket_mut(socket);
        if it.cut_epoch != epoch || it.is_cut {
            return;
        }
        let (count, at, pipe_epoch) = match pipe {
            PipeRef::ToServer(_) => (it.up.resume(arrival), it.up.last_arrival(), it.up.epoch()),
            PipeRef::FromServer(_) | PipeRef::Channel(_) => (
                it.down.resume(arrival),
                it.down.last_arrival(),
                it.down.epoch(),
            ),
        };
        for _ in 0..count {
            self.queue.push(at, Step::Deliver(pipe, pipe_epoch));
        }
    }

    /// Looks at every WebSocket again: something about the paths has changed.
    pub(super) fn refresh_sockets(&mut self) {
        let live: Vec<SocketIndex> = self.live_sockets.iter().copied().collect();
        for socket in live {
            let is_cut = !self.reaches_server(self.socket(socket).peer);
            let now = self.now;
            let it = self.socket_mut(socket);
            if it.is_cut == is_cut {
                continue;
            }
            it.is_cut = is_cut;
            it.cut_epoch += 1;
            let epoch = it.cut_epoch;
            if is_cut {
                it.up.stall(now);
                it.down.stall(now);
                self.schedule(
                    self.network.socket_timeout,
                    Step::SocketTimeout(socket, epoch),
                );
            } else {
                let (up, down) = (it.up.heal(now), it.down.heal(now));
                for (at, pipe) in [
                    (up, PipeRef::ToServer(socket)),
                    (down, PipeRef::FromServer(socket)),
                ] {
                    if let Some(at) = at {
                        self.queue.push(at, Step::Resume(pipe, epoch));
                    }
                }
            }
        }
    }

    pub(super) fn socket_timeout(&mut self, socket: SocketIndex, epoch: u32) {
        let it = self.socket(socket);
        if it.is_cut && it.cut_epoch == epoch && it.is_served {
            let conn = ConnId(u64::from(socket.0));
            self.feed_server(ServerInput::Idle { conn });
        }
    }

    /// Starts the bootstrap server, which knows nobody. Does nothing while it runs.
    pub fn start_server(&mut self) {
        if self.server.directory.is_some() {
            return;
        }
        let directory = Directory::new(self.server.config.clone(), self.random.bytes());
        self.server.directory = Some(directory);
        self.server.born = self.now;
        self.trace.line(self.now, || "the server starts".to_owned());
    }

    /// The bootstrap server dies: every WebSocket is closed, nobody can open one.
    pub fn kill_server(&mut self) {
        self.server.directory = None;
        self.server.wake_at = None;
        self.trace.line(self.now, || "the server dies".to_owned());
        let live: Vec<SocketIndex> = self.live_sockets.iter().copied().collect();
        for socket in live {
            if core::mem::take(&mut self.socket_mut(socket).is_served) {
                self.send_down(
                    socket,
                    FromServer::Closed("the connection was reset".to_owned()),
                );
                self.retire(socket);
            }
        }
    }

    /// Whether the bootstrap server runs.
    pub fn is_server_running(&self) -> bool {
        self.server.directory.is_some()
    }

    fn feed_server(&mut self, input: ServerInput) {
        let now = self.now.since(self.server.born);
        let Some(directory) = &mut self.server.directory else {
            return;
        };
        directory.handle_input(now, input);
        while let Some(output) = self
            .server
            .directory
            .as_mut()
            .and_then(Directory::poll_output)
        {
            self.carry_out_for_server(output);
        }
        self.schedule_server_wake();
    }

    fn carry_out_for_server(&mut self, output: ServerOutput) {
        match output {
            ServerOutput::Send { conn, text } => {
                let socket = SocketIndex(conn.0 as u32);
                self.counters.from_server.add(text.len());
                let peer = self.socket(socket).peer;
                for text in self.tamper.text(Leg::FromServer(peer), text) {
                    self.send_down(socket, FromServer::Text(text));
                }
            }
            ServerOutput::Close { conn, reason } => {
                let socket = SocketIndex(conn.0 as u32);
                self.socket_mut(socket).is_served = false;
                self.send_down(socket, FromServer::Closed(reason.to_string()));
                self.retire(socket);
            }
            ServerOutput::Event(event) => {
                self.trace.line(self.now, || format!("server: {event:?}"));
            }
        }
    }

    fn schedule_server_wake(&mut self) {
        let timeout = self
            .server
            .directory
            .as_ref()
            .and_then(Directory::poll_timeout);
        if let Some(timeout) = timeout {
            let at = (self.server.born + timeout).max(self.now + Duration::from_millis(1));
            if self.server.wake_at.is_none_or(|wake| at < wake) {
                self.server.wake_at = Some(at);
                self.queue.push(at, Step::ServerWake);
            }
        }
    }

    pub(super) fn wake_server(&mut self) {
        if self.server.wake_at != Some(self.now) {
            return;
        }
        self.server.wake_at = None;
        let local: Time = Time::after_start(self.now.since(self.server.born));
        let timeout = self
            .server
            .directory
            .as_ref()
            .and_then(Directory::poll_timeout);
        if timeout.is_some_and(|timeout| timeout <= local.since_start()) {
            self.feed_server(ServerInput::Timeout);
        } else {
            self.schedule_server_wake();
        }
    }

    fn server_latency(&mut self) -> Duration {
        self.network.server.draw(&mut self.random)
    }
}
