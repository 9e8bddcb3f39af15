//! The little CBOR that frames and signals are made of: maps with numbers for keys, of numbers,
//! flags, bytes and text.
//!
//! Of CBOR (RFC 8949), this reads what such maps may be written as, and passes over the rest.
//! The tests hold it against a general library, which would be larger than all frames.

use core::fmt;

/// Why bytes don't have the shape that they should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// They are no CBOR, or something else, up to this byte.
    At(usize),
    /// A map or array lacks what has this number.
    Missing(u8),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(position) => write!(f, "not the CBOR that belongs before byte {position}"),
            Self::Missing(key) => write!(f, "field {key} is missing"),
        }
    }
}

/// Reads one map or array's part, given its key or index. It must read exactly one item.
pub(crate) type ReadPart<'r, 'b> = &'r mut dyn FnMut(i64, &mut Reader<'b>) -> Result<(), Wrong>;

/// The major types (RFC 8949, section 3.1).
mod major {
    pub(super) const UNSIGNED: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ARRAY: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const TAG: u8 = 6;
}

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;
const BREAK: u8 = 0xff;

/// The beginning of an item.
struct Head {
    major: u8,
    /// `None` for an item of indefinite length, and what ends it.
    argument: Option<u64>,
}

/// Reads items one after the other.
pub(crate) struct Reader<'b> {
    bytes: &'b [u8],
    /// The next byte.
    at: usize,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes stand behind what has been read.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The error that what has been read last is not what it should be.
    pub(crate) fn wrong(&self) -> Wrong {
        Wrong::At(self.at)
    }

    fn peek(&self) -> Result<u8, Wrong> {
        self.bytes.get(self.at).copied().ok_or(self.wrong())
    }

    /// Whether the next byte is this one, which then has been read.
    fn take_byte(&mut self, wanted: u8) -> Result<bool, Wrong> {
        let is_there = self.peek()? == wanted;
        self.at += usize::from(is_there);
        Ok(is_there)
    }

    #[inline(never)]
    fn take(&mut self, count: u64) -> Result<&'b [u8], Wrong> {
        let behind = self.bytes.get(self.at..).unwrap_or_default();
        let taken = usize::try_from(count)
            .ok()
            .and_then(|count| behind.get(..count));
        let taken = taken.ok_or(self.wrong())?;
        self.at += taken.len();
        Ok(taken)
    }

    #[inline(never)]
    fn head(&mut self) -> Result<Head, Wrong> {
        let first = self.peek()?;
        self.at += 1;
        let major = first >> 5;
        let argument = match first & 31 {
            small @ 0..24 => Some(small.into()),
            size @ 24..28 => {
                let bytes = self.take(1 << (size - 24))?;
                Some(
                    bytes
                        .iter()
                        .fold(0, |all, byte| all << 8 | u64::from(*byte)),
                )
            }
            31 => None,
            _ => return Err(self.wrong()),
        };
        Ok(Head { major, argument })
    }

    /// The argument of an item of this type and of definite length.
    #[inline(never)]
    fn argument(&mut self, wanted: u8) -> Result<u64, Wrong> {
        let head = self.head()?;
        let argument = head.argument.filter(|_| head.major == wanted);
        argument.ok_or(self.wrong())
    }

    /// Whether the next item is a byte string of definite length.
    pub(crate) fn is_bytes(&self) -> Result<bool, Wrong> {
        let next = self.peek()?;
        Ok(next >> 5 == major::BYTES && next & 31 != 31)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Wrong> {
        self.argument(major::UNSIGNED)
    }

    /// A number that fits into a smaller type.
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Wrong> {
        T::try_from(self.uint()?).or(Err(self.wrong()))
    }

    #[inline(never)]
    pub(crate) fn flag(&mut self) -> Result<bool, Wrong> {
        if self.take_byte(TRUE)? {
            return Ok(true);
        }
        if self.take_byte(FALSE)? {
            return Ok(false);
        }
        Err(self.wrong())
    }

    #[inline(never)]
    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], Wrong> {
        let length = self.argument(major::BYTES)?;
        self.take(length)
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn exactly<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        self.bytes()?.try_into().or(Err(self.wrong()))
    }

    #[inline(never)]
    pub(crate) fn text(&mut self) -> Result<&'b str, Wrong> {
        let length = self.argument(major::TEXT)?;
        core::str::from_utf8(self.take(length)?).or(Err(self.wrong()))
    }

    /// What `read` reads, or `None` for a null.
    pub(crate) fn optional<T>(
        &mut self,
        read: fn(&mut Self) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Wrong> {
        if self.take_byte(NULL)? {
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// Passes over an item, whatever it is.
    #[inline(never)]
    pub(crate) fn skip(&mut self) -> Result<(), Wrong> {
        // How many items each of the items around still has; `None` if a break ends it. Not the
        // stack: how deep they are nested is up to the sender.
        let mut open: Vec<Option<u64>> = vec![Some(1)];
        while let Some(left) = open.last_mut() {
            match left {
                Some(0) => {
                    open.pop();
                    continue;
                }
                Some(left) => *left -= 1,
                None if self.take_byte(BREAK)? => {
                    open.pop();
                    continue;
                }
                None => {}
            }
            let Head { major, argument } = self.head()?;
            match (major, argument) {
                (major::BYTES | major::TEXT, Some(length)) => drop(self.take(length)?),
                (major::ARRAY, Some(count)) => open.push(Some(count)),
                (major::MAP, Some(count)) => open.push(Some(count.saturating_mul(2))),
                (major::TAG, Some(_)) => open.push(Some(1)),
                (major::ARRAY | major::MAP, None) => open.push(None),
                (major::BYTES | major::TEXT, None) => self.skip_chunks(major)?,
                (_, Some(_)) => {}
                (_, None) => return Err(self.wrong()),
            }
        }
        Ok(())
    }

    /// Passes over the rest of a string of indefinite length.
    fn skip_chunks(&mut self, major: u8) -> Result<(), Wrong> {
        while !self.take_byte(BREAK)? {
            let length = self.argument(major)?;
            self.take(length)?;
        }
        Ok(())
    }

    /// Reads a map, part by part.
    pub(crate) fn map(&mut self, read: ReadPart<'_, 'b>) -> Result<(), Wrong> {
        self.parts(major::MAP, read)
    }

    /// Reads an array, part by part.
    pub(crate) fn array(&mut self, read: ReadPart<'_, 'b>) -> Result<(), Wrong> {
        self.parts(major::ARRAY, read)
    }

    #[inline(never)]
    fn parts(&mut self, wanted: u8, read: ReadPart<'_, 'b>) -> Result<(), Wrong> {
        let Head { major, argument } = self.head()?;
        if major != wanted {
            return Err(self.wrong());
        }
        let mut index = 0_i64;
        loop {
            match argument {
                Some(count) if index.cast_unsigned() == count => return Ok(()),
                None if self.take_byte(BREAK)? => return Ok(()),
                Some(_) | None => {}
            }
            let key = if wanted == major::MAP {
                self.key()?
            } else {
                index
            };
            read(key, self)?;
            index += 1;
        }
    }

    fn key(&mut self) -> Result<i64, Wrong> {
        let Head { major, argument } = self.head()?;
        let argument = argument.and_then(|argument| i64::try_from(argument).ok());
        match (major, argument) {
            (major::UNSIGNED, Some(number)) => Ok(number),
            (major::NEGATIVE, Some(number)) => Ok(-1 - number),
            _ => Err(self.wrong()),
        }
    }
}

/// Writes one map behind other bytes.
pub(crate) struct Writer {
    bytes: Vec<u8>,
    /// Where the map's length is.
    head: usize,
}

impl Writer {
    /// Begins a map behind `bytes`.
    pub(crate) fn map_behind(bytes: Vec<u8>) -> Self {
        let head = bytes.len();
        let mut writer = Self { bytes, head };
        writer.head(major::MAP, 0);
        writer
    }

    /// An item's beginning, in as few bytes as it takes.
    #[inline(never)]
    fn head(&mut self, major: u8, argument: u64) {
        let bytes = argument.to_be_bytes();
        let (size, argument) = match argument {
            0..24 => (bytes[7], &[][..]),
            24..0x100 => (24, &bytes[7..]),
            0x100..0x1_0000 => (25, &bytes[6..]),
            0x1_0000..0x1_0000_0000 => (26, &bytes[4..]),
            _ => (27, &bytes[..]),
        };
        self.bytes.push(major << 5 | size);
        self.bytes.extend_from_slice(argument);
    }

    /// Begins the map's next field, whose value must be written next.
    #[inline(never)]
    pub(crate) fn field(&mut self, key: u8) -> &mut Self {
        // With at most 23 fields, the length is in the map's first byte.
        self.bytes[self.head] += 1;
        self.head(major::UNSIGNED, key.into());
        self
    }

    pub(crate) fn uint(&mut self, number: u64) {
        self.head(major::UNSIGNED, number);
    }

    #[inline(never)]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.string(major::BYTES, bytes);
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, text: &str) {
        self.string(major::TEXT, text.as_bytes());
    }

    fn string(&mut self, major: u8, bytes: &[u8]) {
        self.head(major, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// The beginning of an array with so many items, which must be written next.
    pub(crate) fn array(&mut self, count: usize) {
        self.head(major::ARRAY, count as u64);
    }

    /// A field that is there only if it is true.
    #[inline(never)]
    pub(crate) fn flag_field(&mut self, key: u8, flag: bool) {
        if flag {
            self.field(key).bytes.push(TRUE);
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
