//! What is to be sent to one client: a bounded queue that is written by whoever adds to it.
//!
//! While the client reads, the queue is empty, and its memory is given back.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use socket2::SockRef;
use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;

use super::frame::{MAX_SERVER_HEADER, Opcode, header_length, write_header};
use super::stream::{Io, Own};

/// Messages that are written with one system call at most.
const BATCH: usize = 16;

/// Messages that may wait when a pong is to be added; beyond that the client does not read, and
/// does not get a pong for each of its pings (RFC 6455, section 5.5.3).
const PONGS: usize = 64;

/// There is no room for another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// What may wait to be sent to one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Messages.
    pub messages: usize,
    /// Bytes of messages.
    pub bytes: usize,
}

/// What is to be sent to one client; a handle of many.
#[derive(Debug, Clone)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What everybody may write to; without it, the connection's task writes.
    writer: Option<OwnedWriteHalf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Message>,
    /// How much of the first message was written, its header included.
    written: usize,
    /// Bytes of all messages in the queue.
    bytes: usize,
    /// The connection's task.
    task: Option<Waker>,
    ending: Ending,
    /// Whether something was added since the last flush.
    is_touched: bool,
    /// Whether a stream that is not plain TCP may not have passed on all that it was given.
    is_kept: bool,
}

#[derive(Debug)]
struct Message {
    opcode: Opcode,
    payload: Vec<u8>,
}

/// Whether more can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Open,
    /// The last message is a close.
    Closing,
    /// Nothing is sent any more, and the connection is to be dropped.
    Aborted,
}

impl Outbox {
    pub(super) fn new(writer: Option<OwnedWriteHalf>) -> Self {
        let state = State {
            queue: VecDeque::new(),
            written: 0,
            bytes: 0,
            task: None,
            ending: Ending::Open,
            is_touched: false,
            is_kept: false,
        };
        Self(Arc::new(Shared {
            writer,
            state: Mutex::new(state),
        }))
    }

    /// Adds a text; says whether it is the first message since the last
    /// [`flush`](Self::flush), which is then due. After a close, it is dropped.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub fn push(&self, text: String, bounds: Bounds) -> Result<bool, Full> {
        self.push_message(Opcode::Text, text.into_bytes(), bounds)
    }

    /// Adds a binary message, as [`push`](Self::push) does a text.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub fn push_binary(&self, bytes: Vec<u8>, bounds: Bounds) -> Result<bool, Full> {
        self.push_message(Opcode::Binary, bytes, bounds)
    }

    fn push_message(&self, opcode: Opcode, payload: Vec<u8>, bounds: Bounds) -> Result<bool, Full> {
        let mut state = self.lock();
        if state.ending != Ending::Open {
            return Ok(false);
        }
        if state.queue.len() >= bounds.messages
            || state.bytes.saturating_add(payload.len()) > bounds.bytes
        {
            return Err(Full);
        }
        state.add(opcode, payload);
        Ok(!std::mem::replace(&mut state.is_touched, true))
    }

    /// Adds a close after what is there; a [`flush`](Self::flush) is due then. A reason has at
    /// most 123 bytes (RFC 6455, section 5.5).
    pub fn close(&self, code: Option<u16>, reason: &str) {
        self.lock().close(code, reason);
    }

    /// As [`close`](Self::close), but of what is there, only a message that was begun is sent.
    pub fn close_at_once(&self, code: u16, reason: &str) {
        let mut state = self.lock();
        let begun = usize::from(state.written > 0);
        state.queue.truncate(begun);
        state.bytes = state.queue.iter().map(|it| it.payload.len()).sum();
        state.close(Some(code), reason);
    }

    /// Drops the connection as it is.
    pub fn abort(&self) {
        self.lock().abort();
    }

    /// Writes what the socket takes; the rest is written when it takes more.
    pub fn flush(&self) {
        let mut state = self.lock();
        state.is_touched = false;
        let Some(writer) = &self.0.writer else {
            return state.wake();
        };
        match state.write(|slices| writer.try_write_vectored(slices)) {
            // Only the task hears when the socket takes more.
            Ok(()) if !state.queue.is_empty() || state.ending != Ending::Open => state.wake(),
            Ok(()) => {}
            Err(_) => state.abort(),
        }
    }

    /// For the connection's task: it is woken from now on. Says whether it is to end.
    pub(super) fn poll_ending(&self, cx: &Context<'_>) -> Ending {
        let mut state = self.lock();
        let is_known = state
            .task
            .as_ref()
            .is_some_and(|task| task.will_wake(cx.waker()));
        if !is_known {
            state.task = Some(cx.waker().clone());
        }
        state.ending
    }

    /// For the connection's task: writes what there is.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>, own: &mut Own) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        let flushed = match (own, &self.0.writer) {
            (Own::Other(stream), _) => state.poll_flush_to(cx, stream.as_mut()),
            (Own::Tcp(reader), Some(writer)) => {
                if state.queue.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                loop {
                    match ready!(reader.as_ref().poll_write_ready(cx))
                        .and_then(|()| state.write(|slices| writer.try_write_vectored(slices)))
                    {
                        Ok(()) if !state.queue.is_empty() => {}
                        other => break Poll::Ready(other),
                    }
                }
            }
            (Own::Tcp(_), None) => unreachable!("a TCP stream has a writer"),
        };
        if let Poll::Ready(Err(_)) = flushed {
            state.abort();
        }
        flushed
    }

    /// For the connection's task: adds a pong, unless too much waits already.
    pub(super) fn pong(&self, payload: Vec<u8>) {
        let mut state = self.lock();
        if state.ending == Ending::Open && state.queue.len() < PONGS {
            state.add(Opcode::Pong, payload);
        }
    }

    /// For the connection's task: adds a ping, unless something waits, which is as good.
    pub(super) fn ping(&self) {
        let mut state = self.lock();
        if state.ending == Ending::Open && state.queue.is_empty() {
            state.add(Opcode::Ping, Vec::new());
        }
    }

    /// For the connection's task: says that nothing more is sent.
    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>, own: &mut Own) -> Poll<()> {
        // An error says that the client is gone, which reading notices too.
        match own {
            Own::Tcp(reader) => {
                let _ = SockRef::from(AsRef::<tokio::net::TcpStream>::as_ref(reader))
                    .shutdown(Shutdown::Write);
                Poll::Ready(())
            }
            Own::Other(stream) => Pin::new(stream).poll_shutdown(cx).map(drop),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0
            .state
            .lock()
            .expect("nobody panics while holding the lock")
    }
}

impl State {
    fn add(&mut self, opcode: Opcode, payload: Vec<u8>) {
        self.bytes += payload.len();
        self.queue.push_back(Message { opcode, payload });
    }

    fn close(&mut self, code: Option<u16>, reason: &str) {
        if self.ending != Ending::Open {
            return;
        }
        let mut payload = Vec::new();
        if let Some(code) = code {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(reason.as_bytes());
        }
        self.add(Opcode::Close, payload);
        self.ending = Ending::Closing;
    }

    fn abort(&mut self) {
        self.queue = VecDeque::new();
        self.written = 0;
        self.bytes = 0;
        self.ending = Ending::Aborted;
        self.wake();
    }

    fn wake(&self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }

    /// Writes to a stream that only the connection's task has, and that may keep for a while what
    /// it was given.
    fn poll_flush_to(&mut self, cx: &mut Context<'_>, stream: &mut dyn Io) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        if !self.queue.is_empty() {
            self.is_kept = true;
            self.write(|slices| ready_or_blocked(stream.as_mut().poll_write_vectored(cx, slices)))?;
        }
        if self.is_kept {
            ready!(stream.poll_flush(cx))?;
            self.is_kept = !self.queue.is_empty();
        }
        if self.queue.is_empty() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Writes until all is written or the writer would block.
    fn write(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<()> {
        while !self.queue.is_empty() {
            match self.write_batch(&mut write) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => self.advance(length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.queue = VecDeque::new();
        Ok(())
    }

    fn write_batch(
        &self,
        write: &mut impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut headers = [[0; MAX_SERVER_HEADER]; BATCH];
        let mut slices = [IoSlice::new(&[]); 2 * BATCH];
        let mut count = 0;
        for (message, header) in self.queue.iter().zip(&mut headers) {
            let header = write_header(header, message.opcode, message.payload.len());
            slices[count] = IoSlice::new(header);
            slices[count + 1] = IoSlice::new(&message.payload);
            count += 2;
        }
        let mut rest = &mut slices[..count];
        IoSlice::advance_slices(&mut rest, self.written);
        write(rest)
    }

    /// Counts bytes as written.
    fn advance(&mut self, length: usize) {
        self.written += length;
        while let Some(first) = self.queue.front() {
            let payload = first.payload.len();
            let size = header_length(payload) + payload;
            if self.written < size {
                return;
            }
            self.written -= size;
            self.bytes -= payload;
            self.queue.pop_front();
        }
    }
}

/// A result as those give it that never wait.
fn ready_or_blocked(written: Poll<io::Result<usize>>) -> io::Result<usize> {
    match written {
        Poll::Ready(written) => written,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
