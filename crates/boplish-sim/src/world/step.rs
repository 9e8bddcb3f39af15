//! What can happen next, and what then happens.

use boplish_core::Input;
use boplish_core::io::IceState;

use crate::peer::PeerHandle;
use crate::server::SocketIndex;
use crate::webrtc::EndpointIndex;

use super::World;

/// Something that is going to happen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A peer's timer fires.
    Wake(PeerHandle),
    /// The directory's timer fires.
    ServerWake,
    /// The first item of a pipe arrives, if the pipe was not stalled since.
    Deliver(PipeRef, u32),
    /// A retransmission after the path has healed, if it was not cut again since.
    Resume(PipeRef, u32),
    /// A local description of this generation is set, with so many candidates in it.
    Described(EndpointIndex, u32, u8),
    /// A candidate of this generation is found.
    Gathered(EndpointIndex, u32, u8),
    /// All candidates of this generation are found.
    GatheringDone(EndpointIndex, u32),
    /// ICE's checks of this generation have been answered.
    IceUp(EndpointIndex, u32),
    /// DTLS and SCTP are set up.
    Establish(EndpointIndex, u32),
    /// This side learns that the channel is open.
    Open(EndpointIndex),
    /// DTLS has met a certificate that was not signalled.
    DtlsFailed(EndpointIndex, u32),
    /// ICE has tried for long enough in this generation.
    IceDeadline(EndpointIndex, u32),
    /// ICE notices that the path is cut or healed, if that is still so.
    IceChange(EndpointIndex, u32, IceState),
    /// The shell reports that little waits to be sent.
    BufferLow(EndpointIndex),
    /// A command could not be carried out.
    CommandFailed(EndpointIndex),
    /// A closed channel gives up what it still holds.
    LingerOver(EndpointIndex),
    /// The request for a WebSocket reaches the server.
    Connect(SocketIndex),
    /// The server takes a silent WebSocket for dead, if it is still cut.
    SocketTimeout(SocketIndex, u32),
    /// A blink is over.
    BlinkOver(PeerHandle),
}

/// Names a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PipeRef {
    Channel(EndpointIndex),
    ToServer(SocketIndex),
    FromServer(SocketIndex),
}

impl World {
    /// Lets the next thing happen.
    pub(super) fn step(&mut self) {
        let Some((at, step)) = self.queue.pop() else {
            return;
        };
        self.now = self.now.max(at);
        self.counters.steps += 1;
        match step {
            Step::Wake(peer) => self.wake(peer),
            Step::ServerWake => self.wake_server(),
            Step::Deliver(pipe, epoch) => self.deliver(pipe, epoch),
            Step::Resume(pipe, epoch) => self.resume(pipe, epoch),
            Step::Described(endpoint, generation, known) => {
                self.described(endpoint, generation, known);
            }
            Step::Gathered(endpoint, generation, index) => {
                self.gathered(endpoint, generation, index);
            }
            Step::GatheringDone(endpoint, generation) => self.gathering_done(endpoint, generation),
            Step::IceUp(endpoint, generation) => self.ice_up(endpoint, generation),
            Step::Establish(endpoint, generation) => self.establish(endpoint, generation),
            Step::Open(endpoint) => self.open_channel(endpoint),
            Step::DtlsFailed(endpoint, generation) => self.dtls_failed(endpoint, generation),
            Step::IceDeadline(endpoint, generation) => self.ice_deadline(endpoint, generation),
            Step::IceChange(endpoint, epoch, state) => self.ice_change(endpoint, epoch, state),
            Step::BufferLow(endpoint) => self.buffer_low(endpoint),
            Step::CommandFailed(endpoint) => self.command_failed(endpoint),
            Step::LingerOver(endpoint) => self.endpoint_mut(endpoint).out.clear(),
            Step::Connect(socket) => self.connect_socket(socket),
            Step::SocketTimeout(socket, epoch) => self.socket_timeout(socket, epoch),
            Step::BlinkOver(peer) => self.blink_over(peer),
        }
    }

    fn wake(&mut self, peer: PeerHandle) {
        if self.peer(peer).wake_at != Some(self.now) {
            return;
        }
        self.peer_mut(peer).wake_at = None;
        let local = self.local_now(peer);
        let timeout = self
            .peer(peer)
            .node
            .as_ref()
            .and_then(|node| node.poll_timeout());
        if timeout.is_some_and(|timeout| timeout <= local) {
            self.note(1, u64::from(peer.0));
            self.feed(peer, Input::Timeout);
        } else {
            self.schedule_wake(peer);
        }
    }

    fn deliver(&mut self, pipe: PipeRef, epoch: u32) {
        match pipe {
            PipeRef::Channel(endpoint) => self.deliver_on_channel(endpoint, epoch),
            PipeRef::ToServer(socket) => self.deliver_to_server(socket, epoch),
            PipeRef::FromServer(socket) => self.deliver_from_server(socket, epoch),
        }
    }

    fn resume(&mut self, pipe: PipeRef, epoch: u32) {
        match pipe {
            PipeRef::Channel(endpoint) => self.resume_channel(endpoint, epoch),
            PipeRef::ToServer(socket) | PipeRef::FromServer(socket) => {
                self.resume_socket(socket, pipe, epoch);
            }
        }
    }
}
