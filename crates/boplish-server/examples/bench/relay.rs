//! The limit: one thread around epoll, which passes frames on and does nothing else. A frame is
//! the length of the rest and the number of the connection that it is for, both `u32` in big
//! endian, and the payload. The first frame of a connection gives it its number, and is answered.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);

/// Bytes of a frame before its payload.
pub(crate) const HEADER: usize = 8;

struct Connection {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come.
    rest: Vec<u8>,
    /// What the socket did not take yet.
    waiting: Vec<u8>,
    number: Option<u32>,
}

pub(crate) fn run(port: u16) -> Result<()> {
    let mut relay = Relay {
        poll: Poll::new()?,
        connections: HashMap::new(),
        tokens: HashMap::new(),
        next: 0,
    };
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    relay
        .poll
        .registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1_024);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        relay.poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                relay.accept(&listener)?;
                continue;
            }
            if event.is_writable() {
                relay.write(event.token(), &[]);
            }
            if event.is_readable() {
                relay.read(event.token(), &mut buffer)?;
            }
        }
    }
}

struct Relay {
    poll: Poll,
    connections: HashMap<Token, Connection>,
    tokens: HashMap<u32, Token>,
    next: usize,
}

impl Relay {
    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("the relay cannot accept"),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.next);
            self.next += 1;
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, token, interest)?;
            let connection = Connection {
                stream,
                rest: Vec::new(),
                waiting: Vec::new(),
                number: None,
            };
            self.connections.insert(token, connection);
        }
    }

    fn read(&mut self, token: Token, buffer: &mut [u8]) -> Result<()> {
        loop {
            let Some(connection) = self.connections.get_mut(&token) else {
                return Ok(());
            };
            let rest = std::mem::take(&mut connection.rest);
            buffer[..rest.len()].copy_from_slice(&rest);
            let length = match connection.stream.read(&mut buffer[rest.len()..]) {
                Ok(0) => 0,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    connection.rest = rest;
                    return Ok(());
                }
                Err(_) => 0,
            };
            if length == 0 {
                if let Some(number) = connection.number {
                    self.tokens.remove(&number);
                }
                self.connections.remove(&token);
                return Ok(());
            }
            let is_drained = rest.len() + length < buffer.len();
            self.forward(token, &buffer[..rest.len() + length]);
            if is_drained {
                return Ok(());
            }
        }
    }

    /// Passes on what is complete; frames in a row for one receiver at once.
    fn forward(&mut self, token: Token, bytes: &[u8]) {
        let (mut start, mut at, mut receiver) = (0, 0, None);
        while let Some((to, end)) = frame(bytes, at) {
            let is_first = self.number(token, to);
            let to = if is_first {
                Some(token)
            } else {
                self.tokens.get(&to).copied()
            };
            if to != receiver {
                self.write_to(receiver, &bytes[start..at]);
                (start, receiver) = (at, to);
            }
            at = end;
        }
        self.write_to(receiver, &bytes[start..at]);
        if let Some(connection) = self.connections.get_mut(&token) {
            connection.rest = bytes[at..].to_vec();
        }
    }

    /// Whether this was the first frame of a connection, which gives it its number.
    fn number(&mut self, token: Token, number: u32) -> bool {
        match self.connections.get_mut(&token) {
            Some(connection) if connection.number.is_none() => {
                connection.number = Some(number);
                self.tokens.insert(number, token);
                true
            }
            Some(_) | None => false,
        }
    }

    fn write_to(&mut self, receiver: Option<Token>, bytes: &[u8]) {
        if let Some(receiver) = receiver
            && !bytes.is_empty()
        {
            self.write(receiver, bytes);
        }
    }

    /// Writes what waits, then the bytes; what the socket does not take waits.
    fn write(&mut self, token: Token, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        if !connection.waiting.is_empty() {
            let waiting = std::mem::take(&mut connection.waiting);
            let written = written(&mut connection.stream, &waiting);
            connection.waiting.extend_from_slice(&waiting[written..]);
        }
        let written = if connection.waiting.is_empty() {
            written(&mut connection.stream, bytes)
        } else {
            0
        };
        connection.waiting.extend_from_slice(&bytes[written..]);
    }
}

/// The receiver and the end of the frame that begins at `at`, if it is complete.
fn frame(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let (length, rest) = bytes[at..].split_first_chunk::<4>()?;
    let (to, _) = rest.split_first_chunk::<4>()?;
    let end = at + 4 + u32::from_be_bytes(*length) as usize;
    (end <= bytes.len()).then_some((u32::from_be_bytes(*to), end))
}

/// Writes until the socket takes no more; gives how much that was.
pub(crate) fn written(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(length) => written += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A connection that is gone is noticed when it is read from.
            Err(_) => break,
        }
    }
    written
}
