//! The task of one WebSocket.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep, sleep_until};

use super::decoder::{Decoder, Event};
use super::error::Violation;
use super::outbox::{Ending, Outbox};
use super::stream::{Own, Stream};

/// Bytes that are read at once, into a buffer that all connections of a thread share.
const READ_BUFFER: usize = 64 * 1024;

/// Reads after which a connection lets others have their turn.
const READS: usize = 4;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BUFFER].into());
}

/// What is done with what a client sends.
pub trait Handler: Send + Unpin + 'static {
    /// The client sent a text.
    fn handle_text(&mut self, text: Cow<'_, str>);
    /// The client sent a binary message.
    fn handle_binary(&mut self, bytes: Cow<'_, [u8]>);
    /// The client sends a message that is too long. It is not read; nothing is, any more, and the
    /// connection is closed after what the handler says.
    fn handle_too_large(&mut self);
    /// The client was silent for too long; the connection is closed after what the handler says.
    fn handle_idle(&mut self);
    /// All that had come was handled: what it has caused can be sent.
    fn handle_end_of_batch(&mut self);
    /// Nothing more will come. Called once, before the client knows that it is gone.
    fn handle_end(&mut self);
}

/// When things happen on a WebSocket.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How often the client is pinged.
    pub ping_every: Duration,
    /// How long the client may be silent, pongs included.
    pub idle_timeout: Duration,
    /// How long a close may take; then the connection is dropped.
    pub close_timeout: Duration,
}

/// One WebSocket: a future that ends with it.
pub struct Connection<H: Handler> {
    own: Own,
    outbox: Outbox,
    decoder: Decoder,
    handler: H,
    phase: Phase,
    timing: Timing,
    /// Wakes for the next ping or the end of patience, whichever is first.
    timer: Pin<Box<Sleep>>,
    heard: Instant,
    pinged: Instant,
    /// What came right behind the handshake.
    early: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// A close is sent, that of the client is awaited.
    Closing,
    /// Nothing means anything any more; what is to be sent is sent, then the stream is ended.
    Ending,
    /// The client is to end the stream, too. If the server dropped it with unread bytes, the
    /// system would reset the connection, and what the client has not read by then may be lost.
    Ended,
}

impl<H: Handler> Connection<H> {
    /// A WebSocket after its handshake, with what was already read of it. Messages may have so
    /// many bytes.
    pub fn new(
        stream: Stream,
        early: Vec<u8>,
        max_message: usize,
        timing: Timing,
        handler: impl FnOnce(Outbox) -> H,
    ) -> Self {
        let (own, writer) = stream.split();
        let outbox = Outbox::new(writer);
        let now = Instant::now();
        Self {
            own,
            handler: handler(outbox.clone()),
            outbox,
            decoder: Decoder::new(max_message),
            phase: Phase::Open,
            timing,
            timer: Box::pin(sleep_until(
                now + timing.ping_every.min(timing.idle_timeout),
            )),
            heard: now,
            pinged: now,
            early,
        }
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase == Phase::Open {
            self.handler.handle_end();
            self.timer
                .as_mut()
                .reset(Instant::now() + self.timing.close_timeout);
        }
        self.phase = phase;
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        match self.outbox.poll_ending(cx) {
            Ending::Aborted => return Poll::Ready(Step::End),
            Ending::Closing if self.phase == Phase::Open => self.enter(Phase::Closing),
            Ending::Closing | Ending::Open => {}
        }
        match self.outbox.poll_flush(cx, &mut self.own) {
            Poll::Ready(Err(_)) => return Poll::Ready(Step::End),
            Poll::Ready(Ok(())) if self.phase == Phase::Ending => {
                if self.outbox.poll_shutdown(cx, &mut self.own).is_ready() {
                    self.enter(Phase::Ended);
                }
            }
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        // Before anything is read: somebody who floods must not keep the end away.
        if self.phase != Phase::Open && self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Step::End);
        }
        if !self.early.is_empty() {
            let mut early = std::mem::take(&mut self.early);
            self.handle(&mut early);
            return Poll::Ready(Step::More);
        }
        if let Poll::Ready(step) = self.poll_read(cx) {
            return Poll::Ready(step);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(self.handle_timer())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::new(buffer);
            Poll::Ready(match ready!(self.own.poll_read(cx, &mut read)) {
                Err(_) => Step::End,
                Ok(()) if read.filled().is_empty() => Step::End,
                Ok(()) => {
                    self.handle(read.filled_mut());
                    Step::More
                }
            })
        })
    }

    fn handle(&mut self, mut bytes: &mut [u8]) {
        match self.phase {
            Phase::Open | Phase::Closing => {}
            Phase::Ending | Phase::Ended => return,
        }
        let violation = loop {
            match self.decoder.next(&mut bytes) {
                Ok(Some(event)) => {
                    if !self.handle_event(event) {
                        break None;
                    }
                }
                Ok(None) => break None,
                Err(violation) => break Some(violation),
            }
        };
        if let Some(violation) = violation {
            self.handle_violation(violation);
        }
        self.handler.handle_end_of_batch();
    }

    /// Says whether what comes next means anything.
    fn handle_event(&mut self, event: Event<'_>) -> bool {
        let is_open = self.phase == Phase::Open;
        // Only what is complete: a byte now and then is no sign of life.
        if is_open {
            self.heard = Instant::now();
        }
        match event {
            Event::Text(text) if is_open => self.handler.handle_text(text),
            Event::Binary(bytes) if is_open => self.handler.handle_binary(bytes),
            Event::Ping(payload) if is_open => self.outbox.pong(payload.into_owned()),
            Event::Text(_) | Event::Binary(_) | Event::Ping(_) | Event::Pong => {}
            Event::Close(code) => {
                self.enter(Phase::Ending);
                self.outbox.close(code, "");
                return false;
            }
        }
        true
    }

    fn handle_violation(&mut self, violation: Violation) {
        if self.phase == Phase::Open && violation == Violation::TooLong {
            self.handler.handle_too_large();
        }
        self.enter(Phase::Ending);
        self.outbox
            .close(Some(violation.code()), violation.reason());
    }

    fn handle_timer(&mut self) -> Step {
        if self.phase != Phase::Open {
            return Step::End;
        }
        let now = Instant::now();
        let Timing {
            ping_every,
            idle_timeout,
            ..
        } = self.timing;
        if now >= self.heard + idle_timeout {
            self.handler.handle_idle();
            self.handler.handle_end_of_batch();
            self.enter(Phase::Closing);
            return Step::More;
        }
        if now >= self.pinged + ping_every {
            self.pinged = now;
            self.outbox.ping();
        }
        let next = (self.pinged + ping_every).min(self.heard + idle_timeout);
        self.timer.as_mut().reset(next);
        Step::More
    }
}

/// What follows from a step.
enum Step {
    /// There may be more to do.
    More,
    /// The connection is gone, or it is time to drop it.
    End,
}

impl<H: Handler> Future for Connection<H> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let connection = self.get_mut();
        for _ in 0..READS {
            match ready!(connection.poll_step(cx)) {
                Step::More => {}
                Step::End => {
                    // Whoever still has the outbox must not fill it any more.
                    connection.outbox.abort();
                    connection.enter(Phase::Ended);
                    return Poll::Ready(());
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio::io::{AsyncRead, AsyncWrite};

    use super::*;

    /// A client that sends pings without end, and takes whatever it is sent.
    struct Flood;

    impl AsyncRead for Flood {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buffer.put_slice(&[0x89, 0x80, 0, 0, 0, 0]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Flood {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    struct Nothing;

    impl Handler for Nothing {
        fn handle_text(&mut self, _: Cow<'_, str>) {}
        fn handle_binary(&mut self, _: Cow<'_, [u8]>) {}
        fn handle_too_large(&mut self) {}
        fn handle_idle(&mut self) {}
        fn handle_end_of_batch(&mut self) {}
        fn handle_end(&mut self) {}
    }

    #[tokio::test]
    async fn a_flood_does_not_keep_a_closing_connection_open() {
        let timing = Timing {
            ping_every: Duration::from_secs(3_600),
            idle_timeout: Duration::from_secs(3_600),
            close_timeout: Duration::from_millis(20),
        };
        let stream = Stream::Other(Box::new(Flood));
        let connection = Connection::new(stream, Vec::new(), 1_000, timing, |outbox| {
            outbox.close(Some(1001), "");
            Nothing
        });
        let ended = tokio::time::timeout(Duration::from_secs(30), connection).await;
        ended.expect("the close takes 20 ms at most");
    }
}
