//! The little CBOR that frames and signals are made of: maps with numbers for keys, of numbers,
//! flags, bytes and text.
//!
//! Written by hand on minicbor's encoder and decoder: its derives, and the text of its errors,
//! are a large part of a module for browsers.

use core::convert::Infallible;
use core::fmt;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

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

/// Reads items one after the other.
pub(crate) struct Reader<'b>(Decoder<'b>);

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(Decoder::new(bytes))
    }

    /// How many bytes stand behind what has been read.
    pub(crate) fn left(&self) -> usize {
        self.0.input().len() - self.0.position()
    }

    /// The error that what has been read last is not what it should be.
    pub(crate) fn wrong(&self) -> Wrong {
        Wrong::At(self.0.position())
    }

    #[inline(never)]
    fn next(&self) -> Result<Type, Wrong> {
        self.0.datatype().or(Err(self.wrong()))
    }

    /// Whether the next item is a byte string of definite length.
    pub(crate) fn is_bytes(&self) -> Result<bool, Wrong> {
        Ok(self.next()? == Type::Bytes)
    }

    #[inline(never)]
    pub(crate) fn uint(&mut self) -> Result<u64, Wrong> {
        self.0.u64().or(Err(self.wrong()))
    }

    /// A number that fits into a smaller type.
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Wrong> {
        T::try_from(self.uint()?).or(Err(self.wrong()))
    }

    #[inline(never)]
    pub(crate) fn flag(&mut self) -> Result<bool, Wrong> {
        self.0.bool().or(Err(self.wrong()))
    }

    #[inline(never)]
    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], Wrong> {
        self.0.bytes().or(Err(self.wrong()))
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn exactly<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        self.bytes()?.try_into().or(Err(self.wrong()))
    }

    #[inline(never)]
    pub(crate) fn text(&mut self) -> Result<&'b str, Wrong> {
        self.0.str().or(Err(self.wrong()))
    }

    /// What `read` reads, or `None` for a null.
    pub(crate) fn optional<T>(
        &mut self,
        read: fn(&mut Self) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Wrong> {
        if self.next()? == Type::Null {
            self.skip()?;
            return Ok(None);
        }
        read(self).map(Some)
    }

    #[inline(never)]
    pub(crate) fn skip(&mut self) -> Result<(), Wrong> {
        self.0.skip().or(Err(self.wrong()))
    }

    /// Reads a map, part by part.
    pub(crate) fn map(&mut self, read: ReadPart<'_, 'b>) -> Result<(), Wrong> {
        let count = self.0.map().or(Err(self.wrong()))?;
        self.parts(count, true, read)
    }

    /// Reads an array, part by part.
    pub(crate) fn array(&mut self, read: ReadPart<'_, 'b>) -> Result<(), Wrong> {
        let count = self.0.array().or(Err(self.wrong()))?;
        self.parts(count, false, read)
    }

    #[inline(never)]
    fn parts(
        &mut self,
        count: Option<u64>,
        have_keys: bool,
        read: ReadPart<'_, 'b>,
    ) -> Result<(), Wrong> {
        let mut index = 0_i64;
        loop {
            match count {
                Some(count) if index.cast_unsigned() == count => return Ok(()),
                None if self.next()? == Type::Break => return self.skip(),
                Some(_) | None => {}
            }
            let key = if have_keys { self.key()? } else { index };
            read(key, self)?;
            index += 1;
        }
    }

    fn key(&mut self) -> Result<i64, Wrong> {
        // Skipping takes `int` along in any case.
        let key = self.0.int().or(Err(self.wrong()))?;
        i64::try_from(key).or(Err(self.wrong()))
    }
}

/// Writes one map behind other bytes.
pub(crate) struct Writer {
    encoder: Encoder<Vec<u8>>,
    /// Where the map's length is.
    head: usize,
}

impl Writer {
    /// Begins a map behind `bytes`.
    pub(crate) fn map_behind(bytes: Vec<u8>) -> Self {
        let head = bytes.len();
        let mut encoder = Encoder::new(bytes);
        written(encoder.map(0));
        Self { encoder, head }
    }

    /// Begins the map's next field, whose value must be written next.
    #[inline(never)]
    pub(crate) fn field(&mut self, key: u8) -> &mut Self {
        // With at most 23 fields, the length is in the map's first byte.
        self.encoder.writer_mut()[self.head] += 1;
        written(self.encoder.u8(key));
        self
    }

    #[inline(never)]
    pub(crate) fn uint(&mut self, number: u64) {
        written(self.encoder.u64(number));
    }

    #[inline(never)]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        written(self.encoder.bytes(bytes));
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, text: &str) {
        written(self.encoder.str(text));
    }

    /// The beginning of an array with so many items, which must be written next.
    pub(crate) fn array(&mut self, count: usize) {
        written(self.encoder.array(count as u64));
    }

    /// A field that is there only if it is true.
    #[inline(never)]
    pub(crate) fn flag_field(&mut self, key: u8, flag: bool) {
        if flag {
            written(self.field(key).encoder.bool(true));
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.encoder.into_writer()
    }
}

fn written<T>(result: Result<T, minicbor::encode::Error<Infallible>>) {
    assert!(result.is_ok(), "a Vec takes every byte");
}
