//! Base64 (RFC 4648), small: what there is for it fills the browser's module with a copy of
//! encoder and decoder for each alphabet.

/// A kind of base64. Each byte string is one text, and only that one is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base64 {
    /// With padding (section 4).
    Padded,
    /// The same without.
    Unpadded,
    /// For URLs, without padding (section 5).
    Url,
}

impl Base64 {
    /// The text.
    #[inline(never)]
    pub fn encode(self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for group in bytes.chunks(3) {
            let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
            let mut bits = byte(0) << 24 | byte(1) << 16 | byte(2) << 8;
            for _ in 0..=group.len() {
                let [.., value] = (bits >> 26).to_be_bytes();
                let [plus, slash] = self.last();
                text.push(char::from(match value {
                    0..26 => value + b'A',
                    26..52 => value - 26 + b'a',
                    52..62 => value - 52 + b'0',
                    62 => plus,
                    63.. => slash,
                }));
                bits <<= 6;
            }
        }
        while self == Self::Padded && !text.len().is_multiple_of(4) {
            text.push('=');
        }
        text
    }

    /// The bytes, if the text is this kind of base64.
    #[inline(never)]
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        let digits = match self {
            Self::Padded if !text.len().is_multiple_of(4) => return None,
            Self::Padded => {
                let one = text.strip_suffix('=').unwrap_or(text);
                one.strip_suffix('=').unwrap_or(one)
            }
            Self::Unpadded | Self::Url => text,
        };
        let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
        let (mut bits, mut count) = (0_u32, 0_u32);
        for digit in digits.bytes() {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                last => {
                    62 + u8::try_from(self.last().iter().position(|each| *each == last)?).ok()?
                }
            };
            bits = bits << 6 | u32::from(value);
            count += 6;
            if count >= 8 {
                count -= 8;
                let [byte, ..] = (bits >> count).to_le_bytes();
                bytes.push(byte);
            }
        }
        // Six bits left over are a digit that stands for nothing; fewer have to be zero.
        let is_whole = count < 6 && bits.trailing_zeros() >= count;
        is_whole.then_some(bytes)
    }

    /// The last two characters of the alphabet, the only ones that differ.
    fn last(self) -> [u8; 2] {
        match self {
            Self::Padded | Self::Unpadded => *b"+/",
            Self::Url => *b"-_",
        }
    }
}
