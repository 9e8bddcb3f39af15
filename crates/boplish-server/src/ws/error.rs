//! How a client can break the protocol.

/// How a client broke the protocol; nothing that it sends after that can be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A reserved bit is set, although no extension was agreed on (section 5.2).
    #[error("a reserved bit is set")]
    ReservedBits,
    /// An opcode that the RFC leaves free (section 5.2).
    #[error("there is no opcode {0}")]
    Opcode(u8),
    /// A frame of a client without a mask (section 5.1).
    #[error("a frame of a client must be masked")]
    Unmasked,
    /// A length that is not written as short as it can be, or has its highest bit set
    /// (section 5.2).
    #[error("the length must be written as short as it can be")]
    Length,
    /// A ping, pong or close in several frames (section 5.5).
    #[error("a control frame must not be fragmented")]
    FragmentedControl,
    /// A ping, pong or close of more than 125 bytes (section 5.5).
    #[error("a control frame has at most 125 bytes")]
    LongControl,
    /// A continuation without a message that it continues (section 5.4).
    #[error("there is no message to continue")]
    NothingToContinue,
    /// A new message within another one (section 5.4).
    #[error("a message begins before the last one has ended")]
    Interrupted,
    /// A text or the reason of a close that is not UTF-8 (section 8.1).
    #[error("a text must be UTF-8")]
    NotUtf8,
    /// A close of one byte, or with a code that must not be sent (sections 5.5.1 and 7.4).
    #[error("this is no code for a close")]
    CloseCode,
    /// A message that is longer than the server reads (section 10.4).
    #[error("the message is too long")]
    TooLong,
}

impl Violation {
    /// The code of the close that answers it (section 7.4.1).
    pub const fn code(self) -> u16 {
        self.answer().0
    }

    /// The reason in the close that answers it, at most 123 bytes (section 5.5).
    pub const fn reason(self) -> &'static str {
        self.answer().1
    }

    const fn answer(self) -> (u16, &'static str) {
        match self {
            Self::ReservedBits
            | Self::Opcode(_)
            | Self::Unmasked
            | Self::Length
            | Self::FragmentedControl
            | Self::LongControl
            | Self::NothingToContinue
            | Self::Interrupted
            | Self::CloseCode => (1002, "this is not as RFC 6455 has it"),
            Self::NotUtf8 => (1007, "a text message must be UTF-8"),
            Self::TooLong => (1009, "the message is too long"),
        }
    }
}
