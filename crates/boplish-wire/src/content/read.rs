//! Reads messages about content.

use super::message::{ASK, BLOCK, CANCEL, GET, HAS, HAS_NOT, KEEP, VALUES};
use super::{BLOCK as BLOCK_LENGTH, ContentHash, ContentId, ContentMessage, SPAN, Value, Wanted};
use crate::frame::cbor::{Reader, Wrong};
use crate::limits::{MAX_CONTENT, MAX_VALUES};

/// Bytes of the bits of all spans of the longest content.
const MAX_SPAN_BITS: usize = (MAX_CONTENT / SPAN / 8) as usize;

#[derive(Default)]
struct Fields<'a> {
    kind: Option<u64>,
    hash: Option<[u8; 32]>,
    length: Option<u64>,
    spans: Option<&'a [u8]>,
    flag: bool,
    span: Option<u32>,
    first: u32,
    blocks: u32,
    values: &'a [u8],
    bytes: &'a [u8],
}

pub(super) fn message(reader: &mut Reader<'_>) -> Result<ContentMessage, Wrong> {
    let mut fields = Fields::default();
    reader.map(&mut |key, reader| {
        match key {
            0 => fields.kind = Some(reader.uint()?),
            1 => fields.hash = Some(reader.exactly()?),
            2 => fields.length = Some(reader.uint()?),
            3 => fields.spans = Some(reader.bytes()?),
            4 => fields.flag = reader.flag()?,
            5 => fields.span = Some(reader.small()?),
            6 => fields.first = reader.small()?,
            7 => fields.blocks = reader.small()?,
            8 => fields.values = reader.bytes()?,
            9 => fields.bytes = reader.bytes()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let wrong = reader.wrong();
    let kind = fields.kind.ok_or(Wrong::Missing(0))?;
    let hash = ContentHash(fields.hash.ok_or(Wrong::Missing(1))?);
    let length = fields.length.filter(|length| *length <= MAX_CONTENT);
    let id = length.map(|length| ContentId { hash, length });
    let id = id.ok_or(Wrong::Missing(2));
    let span = fields.span.ok_or(Wrong::Missing(5));
    let first = fields.first;
    Ok(match kind {
        ASK => ContentMessage::Ask { hash },
        HAS => ContentMessage::Has {
            id: id?,
            spans: match fields.spans {
                Some(spans) if spans.len() > MAX_SPAN_BITS => return Err(wrong),
                spans => spans.map(<[u8]>::to_vec),
            },
        },
        HAS_NOT => ContentMessage::HasNot {
            hash,
            busy: fields.flag,
        },
        GET => ContentMessage::Get {
            hash,
            wanted: match fields.span {
                None => Wanted::Spans { first },
                Some(span) => Wanted::Blocks {
                    span,
                    blocks: fields.blocks,
                },
            },
        },
        CANCEL => ContentMessage::Cancel { hash, span: span? },
        VALUES => ContentMessage::Values {
            hash,
            span: fields.span,
            first,
            values: values(fields.values).ok_or(wrong)?,
        },
        BLOCK if fields.bytes.len() > BLOCK_LENGTH => return Err(wrong),
        BLOCK => ContentMessage::Block {
            hash,
            span: span?,
            block: first,
            bytes: fields.bytes.to_vec(),
        },
        KEEP => ContentMessage::Keep {
            id: id?,
            folder: fields.flag,
        },
        _ => return Err(wrong),
    })
}

fn values(bytes: &[u8]) -> Option<Vec<Value>> {
    let (values, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && values.len() <= MAX_VALUES).then(|| values.to_vec())
}
