//! One connection of the load.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use boplish_wire::Keypair;
use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

use crate::protocol::{MARK, Protocol, STAMP, Step};
use crate::relay::{HEADER, written};

/// Addresses of the loopback interface that connections come from, so that there are ports enough.
const SOURCES: usize = 16;

/// What frames are masked with: any four bytes will do for servers on the same machine.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A message that came: when it was sent, in nanoseconds, and by which connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) by: usize,
    pub(crate) sent: u64,
    pub(crate) sender: usize,
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) id: String,
    pub(crate) is_ready: bool,
    /// Whom `frame` is for.
    pub(crate) frame_to: Option<Receiver>,
    number: usize,
    protocol: Protocol,
    keypair: Option<Keypair>,
    /// Whether the handshake is over.
    is_open: bool,
    rest: Vec<u8>,
    waiting: Vec<u8>,
    frame: Vec<u8>,
    /// Where the stamp is in it.
    stamp_at: usize,
}

/// Whom a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    Partner,
    Anyone,
}

impl Client {
    pub(crate) fn connect(
        port: u16,
        number: usize,
        protocol: Protocol,
        keypair: Option<Keypair>,
    ) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        // A measurement ends by leaving; no port shall wait for what is still under way.
        socket.set_linger(Some(std::time::Duration::ZERO))?;
        let last = 1 + (number % SOURCES) as u8;
        let source = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
        socket.bind(&source.into()).context("no port is free")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if let Err(error) = socket.connect(&address.into())
            && error.raw_os_error() != Some(EINPROGRESS)
        {
            return Err(error).with_context(|| format!("cannot connect to {address}"));
        }
        let id = protocol.id(number, keypair.as_ref());
        let mut client = Self {
            stream: TcpStream::from_std(socket.into()),
            is_ready: false,
            frame_to: None,
            number,
            protocol,
            keypair,
            is_open: false,
            rest: Vec::new(),
            waiting: Vec::new(),
            frame: Vec::new(),
            stamp_at: 0,
            id,
        };
        match protocol.request(number, &client.id) {
            Some(request) => client.waiting = request.into_bytes(),
            None => {
                client.is_open = true;
                client.waiting.extend_from_slice(&4u32.to_be_bytes());
                client
                    .waiting
                    .extend_from_slice(&(number as u32).to_be_bytes());
            }
        }
        Ok(client)
    }

    /// Makes the message that this connection sends from now on.
    pub(crate) fn prepare(&mut self, to: Receiver, partner: (&str, usize)) -> Result<()> {
        if self.frame_to == Some(to) {
            return Ok(());
        }
        let partner = match to {
            Receiver::Partner => Some(partner),
            Receiver::Anyone => None,
        };
        let message = self.protocol.message(&self.id, partner);
        let mark = position(&message).context("a message has a mark")?;
        self.frame.clear();
        self.stamp_at = mark + MARK.len();
        if self.protocol == Protocol::Relay {
            self.frame = message;
        } else {
            push_frame(&mut self.frame, 0x81, &message);
            self.stamp_at += self.frame.len() - message.len();
        }
        self.frame_to = Some(to);
        Ok(())
    }

    /// Sends the relay's frames to this connection from now on.
    pub(crate) fn aim(&mut self, number: usize) {
        self.frame[4..HEADER].copy_from_slice(&(number as u32).to_be_bytes());
    }

    /// Adds the message to what is to be written.
    pub(crate) fn say(&mut self, time: u64) {
        let stamp = format!("{time:016x}{:08x}", self.number);
        let header = self.frame.len() - crate::protocol::MESSAGE;
        for (index, byte) in stamp.bytes().enumerate() {
            let at = self.stamp_at + index;
            let mask = if self.protocol == Protocol::Relay {
                0
            } else {
                MASK[(at - header) % 4]
            };
            self.frame[at] = byte ^ mask;
        }
        self.waiting.extend_from_slice(&self.frame);
    }

    /// Writes what the socket takes.
    pub(crate) fn flush(&mut self) {
        let written = written(&mut self.stream, &self.waiting);
        if written == self.waiting.len() {
            self.waiting = Vec::new();
        } else {
            self.waiting.drain(..written);
        }
    }

    /// Reads what there is. Messages with a stamp go to `heard`.
    pub(crate) fn read(&mut self, buffer: &mut [u8], heard: &mut Vec<Heard>) -> Result<()> {
        loop {
            let rest = std::mem::take(&mut self.rest);
            buffer[..rest.len()].copy_from_slice(&rest);
            let length = match self.stream.read(&mut buffer[rest.len()..]) {
                Ok(0) => bail!("the server has closed connection {}", self.number),
                Ok(length) => rest.len() + length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.rest = rest;
                    return Ok(());
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("connection {}", self.number));
                }
            };
            let used = self.handle(&buffer[..length], heard)?;
            self.rest = buffer[used..length].to_vec();
            if length < buffer.len() {
                return Ok(());
            }
        }
    }

    fn handle(&mut self, bytes: &[u8], heard: &mut Vec<Heard>) -> Result<usize> {
        let mut used = 0;
        if !self.is_open {
            let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else {
                return Ok(0);
            };
            let head = String::from_utf8_lossy(&bytes[..end]);
            if !head.starts_with("HTTP/1.1 101") {
                bail!("no WebSocket for connection {}: {head}", self.number);
            }
            self.is_open = true;
            used = end + 4;
            let step = self.protocol.opened(&self.id);
            self.follow(step);
        }
        while let Some((opcode, payload, length)) = self.frame_in(&bytes[used..]) {
            match opcode {
                0x1 | 0x2 => self.hear(payload, heard),
                0x8 => bail!("connection {} was closed: {payload:?}", self.number),
                0x9 => push_frame(&mut self.waiting, 0x8a, payload),
                _ => {}
            }
            used += length;
        }
        if !self.waiting.is_empty() {
            self.flush();
        }
        Ok(used)
    }

    /// The opcode, the payload and the length of the first frame, if it is complete.
    fn frame_in<'a>(&self, bytes: &'a [u8]) -> Option<(u8, &'a [u8], usize)> {
        if self.protocol == Protocol::Relay {
            let (length, _) = bytes.split_first_chunk::<4>()?;
            let end = 4 + u32::from_be_bytes(*length) as usize;
            return Some((0x2, bytes.get(HEADER..end)?, end));
        }
        let (at, length) = match *bytes.get(1)? {
            126 => (
                4,
                usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
            ),
            127 => return None,
            short => (2, usize::from(short)),
        };
        Some((bytes[0] & 0x0f, bytes.get(at..at + length)?, at + length))
    }

    fn hear(&mut self, payload: &[u8], heard: &mut Vec<Heard>) {
        if !self.is_ready {
            let step = self
                .protocol
                .heard(payload, &self.id, self.keypair.as_ref());
            return self.follow(step);
        }
        let stamp = position(payload).map(|at| at + MARK.len());
        let stamp = stamp.and_then(|at| payload.get(at..at + STAMP));
        let Some(stamp) = stamp.and_then(|stamp| str::from_utf8(stamp).ok()) else {
            return;
        };
        let (time, sender) = stamp.split_at(16);
        if let (Ok(sent), Ok(sender)) = (
            u64::from_str_radix(time, 16),
            usize::from_str_radix(sender, 16),
        ) {
            heard.push(Heard {
                by: self.number,
                sent,
                sender,
            });
        }
    }

    fn follow(&mut self, step: Step) {
        match step {
            Step::Wait => {}
            Step::Say(texts) => {
                for text in texts {
                    push_frame(&mut self.waiting, 0x81, text.as_bytes());
                }
            }
            Step::Ready(id) => {
                self.id = id;
                self.is_ready = true;
            }
        }
    }
}

/// The system's way to say that a connection is being set up.
const EINPROGRESS: i32 = 115;

fn position(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MARK.len()).position(|it| it == MARK)
}

/// Adds a masked frame.
fn push_frame(to: &mut Vec<u8>, first: u8, payload: &[u8]) {
    to.push(first);
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => to.push(0x80 | short as u8),
        Ok(medium) => {
            to.push(0x80 | 126);
            to.extend_from_slice(&medium.to_be_bytes());
        }
        Err(_) => {
            to.push(0x80 | 127);
            to.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    to.extend_from_slice(&MASK);
    to.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
}
