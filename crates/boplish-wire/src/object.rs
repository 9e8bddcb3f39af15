//! JSON objects that are read and written property by property.
//!
//! One reader and one writer for all of them, instead of code that is derived for each type:
//! every visitor of a page loads it.

use core::fmt;
use std::borrow::Cow;

use crate::id::PeerId;
use crate::json::JsonError;
use crate::json::syntax::{self, quoted, unquoted};

/// Properties that are kept of one object; further ones are passed over.
const MAX_PROPERTIES: usize = 64;

/// A JSON object, parsed as far as its properties' texts.
#[derive(Debug)]
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Object<'a> {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`JsonError::NotJson`], [`JsonError::NotObject`], or [`JsonError::Repeated`] for a property
    /// that is there twice.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut parts = Vec::new();
        syntax::parts(text, &mut |part| parts.push(part)).map_err(JsonError::NotJson)?;
        if !syntax::trim(text).starts_with('{') {
            return Err(JsonError::NotObject);
        }
        let mut properties: Vec<(Cow<'a, str>, &'a str)> = Vec::new();
        let mut parts = parts.into_iter();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            let key = unquoted(key).ok_or(JsonError::NotJson(text.len()))?;
            if properties.iter().any(|(other, _)| *other == key) {
                return Err(JsonError::Repeated(key.into_owned()));
            }
            if properties.len() < MAX_PROPERTIES {
                properties.push((key, value));
            }
        }
        Ok(Self(properties))
    }

    /// The JSON text of a property; `None` if it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let text = self.0.iter().find(|(key, _)| key == name)?.1;
        (text != "null").then_some(text)
    }

    /// A property that is a string.
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(unquoted)
    }

    /// A property that is a list of strings.
    pub fn strings(&self, name: &str) -> Option<Vec<Cow<'a, str>>> {
        elements(self.get(name)?)?
            .into_iter()
            .map(unquoted)
            .collect()
    }

    /// A property that is a peer id.
    pub fn peer(&self, name: &str) -> Option<PeerId> {
        self.string(name)?.parse().ok()
    }

    /// A property that is a list of peer ids.
    pub fn peers(&self, name: &str) -> Option<Vec<PeerId>> {
        let texts = self.strings(name)?;
        texts.iter().map(|text| text.parse().ok()).collect()
    }
}

/// The texts of a JSON list's elements.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    syntax::parts(text, &mut |element| elements.push(element)).ok()?;
    text.starts_with('[').then_some(elements)
}

/// Writes a JSON object, property by property.
#[derive(Debug)]
pub struct ObjectWriter(String);

impl Default for ObjectWriter {
    fn default() -> Self {
        Self("{".to_owned())
    }
}

impl ObjectWriter {
    /// An object whose first property is its subtype.
    pub fn of_type(subtype: &str) -> Self {
        let mut writer = Self::default();
        writer.string("type", subtype);
        writer
    }

    /// Adds a property whose JSON text is given.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// Adds a string.
    pub fn string(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, &quoted(value))
    }

    /// Adds a string, if there is one.
    pub fn optional(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.string(name, value),
            None => self,
        }
    }

    /// Adds a list of strings.
    pub fn strings<T: fmt::Display>(&mut self, name: &str, values: &[T]) -> &mut Self {
        let texts: Vec<String> = values
            .iter()
            .map(|value| quoted(&value.to_string()))
            .collect();
        self.raw(name, &format!("[{}]", texts.join(",")))
    }

    /// The object's text.
    pub fn finish(&mut self) -> String {
        let mut text = core::mem::take(&mut self.0);
        text.push('}');
        text
    }
}
