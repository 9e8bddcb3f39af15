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
    /// So many bytes on a channel reach the receiver's line, if the path was not cut since.
    Reach(EndpointIndex, u32, u16),
    /// The first item on a channel arrives, if its path was not cut since.
    Deliver(EndpointIndex, u32),
    /// A channel's retransmission after the path has healed, if it was not cut again since.
    Resume(EndpointIndex, u32),
    /// The first item to the server arrives, if the path was not cut since.
    DeliverUp(SocketIndex, u32),
    /// The first item from the server arrives, if the path was not cut since.
    DeliverDown(SocketIndex, u32),
    /// A retransmission to the server.
    ResumeUp(SocketIndex, u32),
    /// A retransmission from the server.
    ResumeDown(SocketIndex, u32),
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
    /// Nothing of a closed connection can happen any more.
    Forget(EndpointIndex),
    /// The request for a WebSocket reaches the server.
    Connect(SocketIndex),
    /// The server takes a silent WebSocket for dead, if it is still cut.
    SocketTimeout(SocketIndex, u32),
    /// A blink is over.
    BlinkOver(PeerHandle),
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
            Step::Reach(endpoint, epoch, bytes) => self.reach(endpoint, epoch, bytes),
            Step::Deliver(endpoint, epoch) => self.deliver_on_channel(endpoint, epoch),
            Step::Resume(endpoint, epoch) => self.resume_channel(endpoint, epoch),
            Step::DeliverUp(socket, epoch) => self.deliver_to_server(socket, epoch),
            Step::DeliverDown(socket, epoch) => self.deliver_from_server(socket, epoch),
            Step::ResumeUp(socket, epoch) => self.resume_up(socket, epoch),
            Step::ResumeDown(socket, epoch) => self.resume_down(socket, epoch),
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
            Step::Forget(endpoint) => self.forget_endpoint(endpoint),
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
        let node = self.peer(peer).node.as_ref();
        let timeout = node.and_then(|node| node.poll_timeout());
        if timeout.is_some_and(|timeout| timeout <= local) {
            self.note(1, u64::from(peer.0));
            self.feed(peer, Input::Timeout);
        } else {
            self.schedule_wake(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_small() {
        assert!(size_of::<Step>() <= 16);
    }
}
