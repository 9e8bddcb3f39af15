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
use super::step::Step;

/// How long a shell waits for a WebSocket that does not open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

impl World {
    pub(super) fn open_socket(&mut self, peer: PeerHandle) {
        self.close_socket(peer);
        self.counters.sockets += 1;
        let is_cut = !self.reaches_server(peer);
        let socket = self.sockets.insert(Socket::new(peer, self.now, is_cut));
        self.peer_mut(peer).socket = Some(socket);
        // TCP's handshake takes one round trip, then the request comes.
        let delay = self.server_latency() + self.server_latency() + self.server_latency();
        self.schedule(delay, Step::Connect(socket));
    }

    pub(super) fn connect_socket(&mut self, socket: SocketIndex) {
        let Some(it) = self.socket(socket).filter(|it| !it.is_client_closed()) else {
            return;
        };
        let (peer, opened) = (it.peer, it.opened);
        if it.is_cut {
            if self.now.since(opened) < CONNECT_TIMEOUT {
                self.schedule(Duration::from_secs(1), Step::Connect(socket));
            } else {
                self.socket_closed(socket, "the server does not answer".to_owned());
            }
            return;
        }
        if self.server.directory.is_none() {
            let reason = "the connection was refused".to_owned();
            self.send_down(socket, FromServer::Closed(reason));
            return;
        }
        if let Some(it) = self.socket_mut(socket) {
            it.is_served = true;
        }
        self.send_down(socket, FromServer::Opened);
        let claimed = self.claims.get(&peer).copied();
        let id = claimed.unwrap_or(self.id_of(peer)).to_string();
        self.feed_server(ServerInput::Connected {
            conn: ConnId(socket.word()),
            id: ClientId::new(&id).expect("a peer id is a client id"),
            address: address_of(peer),
            wants_proof: true,
        });
    }

    pub(super) fn send_to_server(&mut self, peer: PeerHandle, text: String) {
        let socket = self.peer(peer).socket;
        let is_open = |it: &SocketIndex| {
            let it = self.socket(*it);
            it.is_some_and(|it| it.client == ClientSide::Open)
        };
        let Some(socket) = socket.filter(is_open) else {
            let now = self.now;
            let misuse = format!(
                "{now:?}: peer {}: a text before the WebSocket is open",
                peer.0
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
            self.send_up(socket, ToServer::Close);
            self.close_client(socket);
        }
    }

    /// The peer is gone; the server finds out by itself.
    pub(super) fn abandon_socket(&mut self, peer: PeerHandle) {
        if let Some(socket) = self.peer_mut(peer).socket.take() {
            self.close_client(socket);
        }
    }

    fn close_client(&mut self, socket: SocketIndex) {
        if let Some(it) = self.socket_mut(socket) {
            it.client = ClientSide::Closed;
        }
        self.retire(socket);
    }

    fn send_up(&mut self, socket: SocketIndex, item: ToServer) {
        let (now, latency) = (self.now, self.server_latency());
        let Some(it) = self.socket_mut(socket) else {
            return;
        };
        if let Some(at) = it.up.send(now, now + latency, item) {
            let deliver = Step::DeliverUp(socket, it.up.epoch());
            self.queue.push(at, deliver);
        }
    }

    pub(super) fn send_down(&mut self, socket: SocketIndex, item: FromServer) {
        let (now, latency) = (self.now, self.server_latency());
        let Some(it) = self.socket_mut(socket) else {
            return;
        };
        if let Some(at) = it.down.send(now, now + latency, item) {
            let deliver = Step::DeliverDown(socket, it.down.epoch());
            self.queue.push(at, deliver);
        }
    }

    pub(super) fn deliver_to_server(&mut self, socket: SocketIndex, epoch: u32) {
        let Some(it) = self.socket_mut(socket) else {
            return;
        };
        let Some(item) = it.up.deliver(epoch).filter(|_| it.is_served) else {
            return;
        };
        let conn = ConnId(socket.word());
        match item {
            ToServer::Text(text) => {
                self.note(5, u64::from(socket.slot()));
                self.trace.bytes(text.as_bytes());
                self.feed_server(ServerInput::Text { conn, text });
            }
            ToServer::Close => {
                self.stop_serving(socket);
                self.feed_server(ServerInput::Disconnected { conn });
            }
        }
    }

    pub(super) fn deliver_from_server(&mut self, socket: SocketIndex, epoch: u32) {
        let Some(it) = self.socket_mut(socket) else {
            return;
        };
        let peer = it.peer;
        let Some(item) = it.down.deliver(epoch).filter(|_| !it.is_client_closed()) else {
            return;
        };
        if let FromServer::Opened = item {
            it.client = ClientSide::Open;
        }
        self.note(6, u64::from(socket.slot()));
        match item {
            FromServer::Opened => self.feed(peer, Input::SignalingOpened),
            FromServer::Text(text) => {
                self.trace.bytes(text.as_bytes());
                self.feed(peer, Input::SignalingMessage(text));
            }
            FromServer::Closed(reason) => self.socket_closed(socket, reason),
        }
    }

    fn socket_closed(&mut self, socket: SocketIndex, reason: String) {
        let Some(peer) = self.socket(socket).map(|it| it.peer) else {
            return;
        };
        self.close_client(socket);
        if self.peer(peer).socket == Some(socket) {
            self.peer_mut(peer).socket = None;
            self.feed(peer, Input::SignalingClosed { reason });
        }
    }

    fn stop_serving(&mut self, socket: SocketIndex) {
        if let Some(it) = self.socket_mut(socket) {
            it.is_served = false;
        }
        self.retire(socket);
    }

    /// Forgets a WebSocket that neither end has any more.
    fn retire(&mut self, socket: SocketIndex) {
        let it = self.socket(socket);
        if it.is_some_and(|it| it.is_client_closed() && !it.is_served) {
            self.sockets.remove(socket);
        }
    }

    pub(super) fn resume_up(&mut self, socket: SocketIndex, epoch: u32) {
        let arrival = self.now + self.server_latency();
        let Some(it) = self.resumable(socket, epoch) else {
            return;
        };
        let (count, at) = (it.up.resume(arrival), it.up.last_arrival());
        let deliver = Step::DeliverUp(socket, it.up.epoch());
        (0..count).for_each(|_| self.queue.push(at, deliver));
    }

    pub(super) fn resume_down(&mut self, socket: SocketIndex, epoch: u32) {
        let arrival = self.now + self.server_latency();
        let Some(it) = self.resumable(socket, epoch) else {
            return;
        };
        let (count, at) = (it.down.resume(arrival), it.down.last_arrival());
        let deliver = Step::DeliverDown(socket, it.down.epoch());
        (0..count).for_each(|_| self.queue.push(at, deliver));
    }

    fn resumable(&mut self, socket: SocketIndex, epoch: u32) -> Option<&mut Socket> {
        let it = self.socket_mut(socket)?;
        (it.cut_epoch == epoch && !it.is_cut).then_some(it)
    }

    /// Looks at WebSockets again: something about the paths has changed.
    pub(super) fn refresh_sockets(&mut self, sockets: &[SocketIndex]) {
        for socket in sockets {
            let peer = self.socket(*socket).map(|it| it.peer);
            let is_cut = peer.is_some_and(|peer| !self.reaches_server(peer));
            let now = self.now;
            let changed = self.socket_mut(*socket).filter(|it| it.is_cut != is_cut);
            let Some(it) = changed else {
                continue;
            };
            it.is_cut = is_cut;
            it.cut_epoch += 1;
            let epoch = it.cut_epoch;
            if is_cut {
                it.up.stall(now);
                it.down.stall(now);
                let timeout = self.network.socket_timeout;
                self.schedule(timeout, Step::SocketTimeout(*socket, epoch));
            } else {
                let (up, down) = (it.up.heal(now), it.down.heal(now));
                let up = up.map(|at| (at, Step::ResumeUp(*socket, epoch)));
                let down = down.map(|at| (at, Step::ResumeDown(*socket, epoch)));
                for (at, resume) in [up, down].into_iter().flatten() {
                    self.queue.push(at, resume);
                }
            }
        }
    }

    pub(super) fn socket_timeout(&mut self, socket: SocketIndex, epoch: u32) {
        let it = self.socket(socket);
        if it.is_some_and(|it| it.is_cut && it.cut_epoch == epoch && it.is_served) {
            let conn = ConnId(socket.word());
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
        // Its time zero is that of this world, for all that peers know.
        self.feed_server(ServerInput::UnixTime(Duration::ZERO));
        self.trace.line(self.now, || "the server starts".to_owned());
    }

    /// The bootstrap server dies: every WebSocket is closed, nobody can open one.
    pub fn kill_server(&mut self) {
        self.server.directory = None;
        self.server.wake_at = None;
        self.trace.line(self.now, || "the server dies".to_owned());
        let served = self.sockets.iter().filter(|(_, it)| it.is_served);
        let served: Vec<_> = served.map(|(socket, _)| socket).collect();
        for socket in served {
            let reason = "the connection was reset".to_owned();
            self.send_down(socket, FromServer::Closed(reason));
            self.stop_serving(socket);
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
                let Some(socket) = self.sockets.find(conn.0) else {
                    return;
                };
                self.counters.from_server.add(text.len());
                let Some(peer) = self.socket(socket).map(|it| it.peer) else {
                    return;
                };
                for text in self.tamper.text(Leg::FromServer(peer), text) {
                    self.send_down(socket, FromServer::Text(text));
                }
            }
            ServerOutput::Close { conn, reason } => {
                if let Some(socket) = self.sockets.find(conn.0) {
                    self.send_down(socket, FromServer::Closed(reason.to_string()));
                    self.stop_serving(socket);
                }
            }
            ServerOutput::Engine(_) => {
                unreachable!("the simulator's server is told of no engine")
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
