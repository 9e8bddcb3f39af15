//! JSON's grammar (RFC 8259), as far as it takes to tell where values begin and end, and what
//! strings say.
//!
//! A general library brings floating-point numbers and their tables along: a tenth of a module
//! for browsers. The tests hold this against such a library.

use core::str::Chars;
use std::borrow::Cow;

/// Hands over what a text's one value has inside, in order: the texts of a list's elements, or of
/// an object's keys and values in turn; of other values nothing.
///
/// # Errors
///
/// The first byte that one JSON value can't have there; the text's length, if it only ends too soon.
pub(crate) fn parts<'a>(text: &'a str, part: &mut dyn FnMut(&'a str)) -> Result<(), usize> {
    let mut scanner = Scanner {
        text,
        at: 0,
        open: Vec::new(),
        start: 0,
        part,
    };
    scanner.document().ok_or(scanner.at)
}

/// White space as RFC 8259, section 2, has it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// What a JSON string says; borrowed where it has no escapes. `None` if the text is none, or
/// names half of a character.
pub(crate) fn unquoted(text: &str) -> Option<Cow<'_, str>> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?;
    if !rest.contains('\\') {
        return Some(Cow::Borrowed(rest));
    }
    let mut said = String::with_capacity(rest.len());
    while let Some((plain, escape)) = rest.split_once('\\') {
        said.push_str(plain);
        let mut behind = escape.chars();
        said.push(match behind.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => numbered(&mut behind)?,
            itself => itself,
        });
        rest = behind.as_str();
    }
    said.push_str(rest);
    Some(Cow::Owned(said))
}

/// The character that stands behind `\u`, perhaps as two UTF-16 units.
fn numbered(text: &mut Chars<'_>) -> Option<char> {
    let first = unit(text)?;
    let is_pair = (0xd800..0xdc00).contains(&first);
    let second = if is_pair {
        *text = text.as_str().strip_prefix("\\u")?.chars();
        Some(unit(text)?)
    } else {
        None
    };
    let units = [first].into_iter().chain(second);
    char::decode_utf16(units).next()?.ok()
}

fn unit(text: &mut Chars<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | text.next()?.to_digit(16)? as u16;
    }
    Some(unit)
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        let escape = match c {
            '"' | '\\' => c,
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\0'..' ' => {
                json.push_str(&format!("\\u{:04x}", u32::from(c)));
                continue;
            }
            _ => {
                json.push(c);
                continue;
            }
        };
        json.extend(['\\', escape]);
    }
    json.push('"');
    json
}

/// Bytes that are looked at together, in registers of most processors.
const STEP: usize = 32;

/// Whether none of the bytes is a quotation mark, a backslash or a control character. It looks at all
/// of them without a jump, and only for the least ones, which processors find in many at once.
fn is_plain(bytes: &[u8; STEP]) -> bool {
    let (mut least, mut least_of_others) = (u8::MAX, u8::MAX);
    for &byte in bytes {
        least = least.min(byte);
        least_of_others = least_of_others.min((byte ^ b'"').min(byte ^ b'\\'));
    }
    least >= b' ' && least_of_others != 0
}

/// Reads on as long as the text keeps to the grammar; `None` where it does not.
struct Scanner<'a, 'p> {
    text: &'a str,
    /// The next byte.
    at: usize,
    /// The brackets that must still come, the last one first. How many is up to the sender: too
    /// many for the stack.
    open: Vec<u8>,
    /// Where the part begins that is being read.
    start: usize,
    part: &'p mut dyn FnMut(&'a str),
}

impl Scanner<'_, '_> {
    fn document(&mut self) -> Option<()> {
        loop {
            self.begin_value();
            if let bracket @ (b'[' | b'{') = self.peek()? {
                self.at += 1;
                // In ASCII, both closing brackets are two behind the opening ones.
                self.open.push(bracket + 2);
                self.space();
                if self.peek() != Some(bracket + 2) {
                    self.key()?;
                    continue;
                }
            } else {
                self.scalar()?;
                self.end_value();
            }
            loop {
                self.space();
                let Some(closing) = self.open.last().copied() else {
                    return (self.at == self.text.len()).then_some(());
                };
                if !self.take(closing) {
                    self.expect(b',')?;
                    self.key()?;
                    break;
                }
                self.open.pop();
                self.end_value();
            }
        }
    }

    fn begin_value(&mut self) {
        self.space();
        if self.open.len() == 1 {
            self.start = self.at;
        }
    }

    fn end_value(&mut self) {
        if self.open.len() == 1 {
            (self.part)(&self.text[self.start..self.at]);
        }
    }

    /// A key and its colon, if what is open is an object.
    fn key(&mut self) -> Option<()> {
        if self.open.last() == Some(&b'}') {
            self.begin_value();
            self.string()?;
            self.end_value();
            self.space();
            self.expect(b':')?;
        }
        Some(())
    }

    fn scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            self.plain();
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next().filter(u8::is_ascii_hexdigit)?;
                        }
                    }
                    _ => return None,
                },
                0..b' ' => return None,
                _ => {}
            }
        }
    }

    /// Passes over bytes of a string that stand for themselves, many at a time: payloads are long,
    /// and the server reads every one of them.
    fn plain(&mut self) {
        let (steps, _) = self.text.as_bytes()[self.at..].as_chunks::<STEP>();
        let plain = steps.iter().take_while(|step| is_plain(step)).count();
        self.at += STEP * plain;
    }

    fn number(&mut self) -> Option<()> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let first = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > first).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        self.take(wanted).then_some(())
    }
}
