//! One question to a STUN server: how do you see this socket?

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun_types::attribute::XorMappedAddress;
use stun_types::message::{
    BINDING, Message, MessageClass, MessageWrite, MessageWriteExt, MessageWriteVec, TransactionId,
};

use super::GatherOutput;
use crate::transport::{Datagram, LocalCandidate};

/// The pause after the first question; doubled after each (RFC 8489, section 6.2.1).
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Questions asked before the server counts as silent.
const MAX_QUESTIONS: u32 = 5;

/// One question, repeated until it is answered or there is no hope left.
#[derive(Debug)]
pub(super) struct Probe {
    base: SocketAddr,
    server: SocketAddr,
    transaction: TransactionId,
    request: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Asking { asked: u32, next: Instant },
    Answered(SocketAddr),
    Silent,
}

impl Probe {
    pub(super) fn new(base: SocketAddr, server: SocketAddr, now: Instant) -> Self {
        let builder = Message::builder_request(BINDING, MessageWriteVec::new());
        let transaction = builder.transaction_id();
        Self {
            base,
            server,
            transaction,
            request: builder.finish(),
            state: State::Asking {
                asked: 0,
                next: now,
            },
        }
    }

    pub(super) fn base(&self) -> SocketAddr {
        self.base
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(super) fn is_decided(&self) -> bool {
        match self.state {
            State::Asking { .. } => false,
            State::Answered(_) | State::Silent => true,
        }
    }

    pub(super) fn candidate(&self) -> Option<LocalCandidate> {
        match self.state {
            State::Answered(address) => Some(LocalCandidate::ServerReflexive {
                address,
                base: self.base,
            }),
            State::Asking { .. } | State::Silent => None,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Asking { next, .. } => Some(next),
            State::Answered(_) | State::Silent => None,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, outputs: &mut VecDeque<GatherOutput>) {
        let State::Asking { asked, next } = self.state else {
            return;
        };
        if now < next {
            return;
        }
        if asked == MAX_QUESTIONS {
            tracing::debug!(server = %self.server, base = %self.base, "a STUN server is silent");
            self.state = State::Silent;
            return;
        }
        outputs.push_back(GatherOutput::Transmit {
            local: self.base,
            remote: self.server,
            bytes: self.request.clone(),
        });
        self.state = State::Asking {
            asked: asked + 1,
            next: now + FIRST_PAUSE * 2_u32.pow(asked),
        };
    }

    /// Takes the answer; says whether the datagram was one.
    pub(super) fn handle_datagram(
        &mut self,
        datagram: &Datagram,
        outputs: &mut VecDeque<GatherOutput>,
    ) -> bool {
        if datagram.remote != self.server || datagram.local != self.base {
            return false;
        }
        let Ok(message) = Message::from_bytes(&datagram.bytes) else {
            return false;
        };
        if message.transaction_id() != self.transaction {
            return false;
        }
        if self.is_decided() {
            return true;
        }
        let address = message
            .attribute::<XorMappedAddress>()
            .map(|mapped| mapped.addr(self.transaction));
        match address {
            Ok(address) if message.has_class(MessageClass::Success) => {
                self.state = State::Answered(address);
                outputs.extend(self.candidate().map(GatherOutput::Candidate));
            }
            Ok(_) | Err(_) => self.state = State::Silent,
        }
        true
    }
}
