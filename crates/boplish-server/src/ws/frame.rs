//! The header of a frame (RFC 6455, section 5.2), and its mask.

use super::error::Violation;

/// Bytes of the longest header that a client sends: two, a length of eight, and a mask.
pub(super) const MAX_CLIENT_HEADER: usize = 14;

/// Bytes of the longest header that a server sends: it masks nothing.
pub(super) const MAX_SERVER_HEADER: usize = 10;

/// Bytes of the longest payload of a control frame (section 5.5).
pub(super) const MAX_CONTROL: usize = 125;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        match self {
            Self::Close | Self::Ping | Self::Pong => true,
            Self::Continuation | Self::Text | Self::Binary => false,
        }
    }
}

/// The header of a client's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) is_last: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    /// Bytes of the payload.
    pub(super) length: u64,
}

impl Header {
    /// Reads a header and says how many bytes it has; `None` if there must be more of them.
    /// Whatever is wrong is seen as soon as its byte is there.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let [first, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Violation::ReservedBits);
        }
        let bits = first & 0x0f;
        let opcode = Opcode::from_bits(bits).ok_or(Violation::Opcode(bits))?;
        let is_last = first & FIN != 0;
        if opcode.is_control() && !is_last {
            return Err(Violation::FragmentedControl);
        }
        let [second, rest @ ..] = rest else {
            return Ok(None);
        };
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
        }
        let short = second & !MASKED;
        if opcode.is_control() && usize::from(short) > MAX_CONTROL {
            return Err(Violation::LongControl);
        }
        let (length, rest) = match short {
            126 => match rest.split_first_chunk::<2>() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            length => (u64::from(length), rest),
        };
        let is_shortest = match short {
            126 => length >= 126,
            127 => length > u64::from(u16::MAX) && length >> 63 == 0,
            _ => true,
        };
        if !is_shortest {
            return Err(Violation::Length);
        }
        let Some((mask, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let header = Self {
            is_last,
            opcode,
            mask: *mask,
            length,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }
}

/// Takes the mask off a part of a payload, before which there were `offset` bytes (section 5.3).
pub(super) fn unmask(bytes: &mut [u8], mut mask: [u8; 4], offset: usize) {
    mask.rotate_left(offset % 4);
    let wide = u64::from_ne_bytes([
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Writes the header of a server's frame, which is never a fragment; gives its bytes.
pub(super) fn write_header(
    buffer: &mut [u8; MAX_SERVER_HEADER],
    opcode: Opcode,
    length: usize,
) -> &[u8] {
    buffer[0] = FIN | opcode.bits();
    let end = match u16::try_from(length) {
        Ok(short @ 0..126) => {
            buffer[1] = short as u8;
            2
        }
        Ok(medium) => {
            buffer[1] = 126;
            buffer[2..4].copy_from_slice(&medium.to_be_bytes());
            4
        }
        Err(_) => {
            buffer[1] = 127;
            buffer[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    &buffer[..end]
}

/// How many bytes [`write_header`] writes for a payload of this length.
pub(super) const fn header_length(length: usize) -> usize {
    match length {
        0..126 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_comes_off_in_parts_as_it_does_at_once() {
        let mask = [1, 20, 90, 250];
        let plain: Vec<u8> = (0..=255).collect();
        let mut masked = plain.clone();
        for (byte, mask) in masked.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        for cut in 0..plain.len() {
            let mut bytes = masked.clone();
            let (left, right) = bytes.split_at_mut(cut);
            unmask(left, mask, 0);
            unmask(right, mask, cut);
            assert_eq!(bytes, plain, "cut at {cut}");
        }
    }

    #[test]
    fn a_header_has_the_length_that_it_is_said_to_have() {
        for length in [0, 125, 126, 65_535, 65_536, 1 << 20] {
            let mut buffer = [0; MAX_SERVER_HEADER];
            let header = write_header(&mut buffer, Opcode::Text, length);
            assert_eq!(header.len(), header_length(length), "{length}");
        }
    }

    #[test]
    fn a_length_that_is_not_written_as_short_as_can_be_is_refused() {
        let short = [0x81, 0xfe, 0, 125, 0, 0, 0, 0];
        let medium = [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0];
        let negative = [0x82, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for bytes in [&short[..], &medium, &negative] {
            assert_eq!(Header::parse(bytes), Err(Violation::Length), "{bytes:?}");
        }
    }
}
