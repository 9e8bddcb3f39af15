//! From bytes to messages.

use std::borrow::Cow;
use std::mem;

use super::error::Violation;
use super::frame::{Header, MAX_CLIENT_HEADER, Opcode, unmask};

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message.
    Text(Cow<'a, str>),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// A ping, which wants a pong with the same bytes, of which there are at most 125.
    Ping(Cow<'a, [u8]>),
    /// A pong.
    Pong,
    /// The client says no more; with the code of the close, if it has one. Whatever is read after
    /// that means nothing.
    Close(Option<u16>),
}

/// Reads what one client sends. Of what was read, it keeps only what is incomplete.
#[derive(Debug)]
pub struct Decoder {
    max_message: usize,
    partial: Option<Box<Partial>>,
}

/// What is not complete yet; at least one of its parts.
#[derive(Debug, Default)]
struct Partial {
    header: [u8; MAX_CLIENT_HEADER],
    header_length: usize,
    frame: Option<Frame>,
    /// The payload of a control frame, as far as it has come.
    control: Vec<u8>,
    message: Option<Message>,
}

/// A frame whose header was read, but not yet all of its payload.
#[derive(Debug)]
struct Frame {
    header: Header,
    read: usize,
    left: usize,
}

/// A message whose last frame was not yet read, and its payload as far as it has come.
#[derive(Debug)]
struct Message {
    is_text: bool,
    bytes: Vec<u8>,
    /// How many of the bytes are whole characters.
    valid: usize,
}

impl Decoder {
    /// A decoder for messages of at most so many bytes.
    pub const fn new(max_message: usize) -> Self {
        Self {
            max_message,
            partial: None,
        }
    }

    /// Takes the next event out of what was received; `None` when all of that was taken. Payloads
    /// are unmasked where they are, and given without a copy if they are all there.
    ///
    /// # Errors
    ///
    /// As soon as something is wrong; then nothing more can be read.
    pub fn next<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Event<'a>>, Violation> {
        loop {
            if input.is_empty() {
                return Ok(None);
            }
            if self.partial.is_none()
                && let Some((header, at)) = Header::parse(input)?
            {
                let length = self.check(&header)?;
                if length <= input.len() - at && is_whole(&header) {
                    let payload = &mut take(input, at + length)[at..];
                    unmask(payload, header.mask, 0);
                    return event(header.opcode, Cow::Borrowed(payload)).map(Some);
                }
            }
            let complete = self.read_part(input)?;
            if let Some(event) = complete {
                return Ok(Some(event));
            }
        }
    }

    /// Reads on in what is not complete, and completes at most one frame.
    fn read_part<'a>(&mut self, input: &mut &mut [u8]) -> Result<Option<Event<'a>>, Violation> {
        let Some(header) = self.read_header(input)? else {
            return Ok(None);
        };
        let max = self.max_message;
        let partial = self.partial.get_or_insert_default();
        let frame = partial.frame.get_or_insert(header);
        let length = frame.left.min(input.len());
        let payload = take(input, length);
        unmask(payload, frame.header.mask, frame.read);
        frame.read += length;
        frame.left -= length;
        let is_complete = frame.left == 0;
        let Header {
            is_last, opcode, ..
        } = frame.header;
        if opcode.is_control() {
            partial.control.extend_from_slice(payload);
            if !is_complete {
                return Ok(None);
            }
            let payload = mem::take(&mut partial.control);
            self.end_frame();
            return event(opcode, Cow::Owned(payload)).map(Some);
        }
        let message = partial.message.get_or_insert_with(|| Message {
            is_text: opcode == Opcode::Text,
            bytes: Vec::new(),
            valid: 0,
        });
        debug_assert!(message.bytes.len() + length <= max, "checked by its header");
        message.extend(payload)?;
        if !is_complete {
            return Ok(None);
        }
        let message = if is_last {
            partial.message.take()
        } else {
            None
        };
        self.end_frame();
        message.map(Message::complete).transpose()
    }

    /// The frame that is being read, its header completed if need be; `None` if that needs more
    /// input.
    fn read_header(&mut self, input: &mut &mut [u8]) -> Result<Option<Frame>, Violation> {
        let partial = self.partial.get_or_insert_default();
        if let Some(frame) = partial.frame.take() {
            return Ok(Some(frame));
        }
        let (header, _) = loop {
            let known = &partial.header[..partial.header_length];
            if let Some(header) = Header::parse(known)? {
                break header;
            }
            if input.is_empty() {
                return Ok(None);
            }
            partial.header[partial.header_length] = take(input, 1)[0];
            partial.header_length += 1;
        };
        partial.header_length = 0;
        let left = self.check(&header)?;
        Ok(Some(Frame {
            header,
            read: 0,
            left,
        }))
    }

    /// Whether a frame may come now; gives its length.
    fn check(&self, header: &Header) -> Result<usize, Violation> {
        let message = self.partial.as_ref().and_then(|it| it.message.as_ref());
        let read = match (header.opcode, message) {
            (Opcode::Continuation, Some(message)) => message.bytes.len(),
            (Opcode::Continuation, None) => return Err(Violation::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Violation::Interrupted),
            (Opcode::Text | Opcode::Binary, None) => 0,
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => 0,
        };
        let length = usize::try_from(header.length).map_err(|_| Violation::TooLong)?;
        if !header.opcode.is_control() && length > self.max_message - read {
            return Err(Violation::TooLong);
        }
        Ok(length)
    }

    fn end_frame(&mut self) {
        if let Some(partial) = &mut self.partial {
            partial.frame = None;
            if partial.message.is_none() {
                self.partial = None;
            }
        }
    }
}

impl Message {
    /// Adds a part of the payload, and sees at once when a text is none.
    fn extend(&mut self, payload: &[u8]) -> Result<(), Violation> {
        self.bytes.extend_from_slice(payload);
        if self.is_text {
            match str::from_utf8(&self.bytes[self.valid..]) {
                Ok(text) => self.valid += text.len(),
                Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
                Err(_) => return Err(Violation::NotUtf8),
            }
        }
        Ok(())
    }

    fn complete<'a>(self) -> Result<Event<'a>, Violation> {
        let opcode = if self.is_text {
            Opcode::Text
        } else {
            Opcode::Binary
        };
        event(opcode, Cow::Owned(self.bytes))
    }
}

/// Whether a frame is a message by itself.
fn is_whole(header: &Header) -> bool {
    header.is_last && header.opcode != Opcode::Continuation
}

fn event(opcode: Opcode, payload: Cow<'_, [u8]>) -> Result<Event<'_>, Violation> {
    Ok(match opcode {
        Opcode::Text => Event::Text(match payload {
            Cow::Borrowed(bytes) => {
                Cow::Borrowed(str::from_utf8(bytes).map_err(|_| Violation::NotUtf8)?)
            }
            Cow::Owned(bytes) => {
                Cow::Owned(String::from_utf8(bytes).map_err(|_| Violation::NotUtf8)?)
            }
        }),
        Opcode::Binary | Opcode::Continuation => Event::Binary(payload),
        Opcode::Ping => Event::Ping(payload),
        Opcode::Pong => Event::Pong,
        Opcode::Close => Event::Close(close_code(&payload)?),
    })
}

/// The code of a close, if it has one.
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(Violation::CloseCode)
        };
    };
    str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
    match u16::from_be_bytes(*code) {
        // Those of the RFC that may be sent, those that were registered since, and those that
        // libraries and applications may choose (sections 7.4.1 and 7.4.2).
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some(code)),
        _ => Err(Violation::CloseCode),
    }
}

/// Takes so many bytes off the front.
fn take<'a>(input: &mut &'a mut [u8], length: usize) -> &'a mut [u8] {
    let (front, rest) = mem::take(input).split_at_mut(length);
    *input = rest;
    front
}
