//! JSON objects that are read and written property by property.
//!
//! One reader and one writer for all of them, instead of code that is derived for each type:
//! every visitor of a page loads it.

use core::fmt;
use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::id::PeerId;
use crate::json::{JsonError, quoted};

/// Properties that are kept of one object; further ones are passed over.
const MAX_PROPERTIES: usize = 64;

/// A JSON object, parsed as far as its properties' texts.
#[derive(Debug)]
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`JsonError::NotJson`], also for a property that is there twice, or
    /// [`JsonError::NotObject`].
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let not_json = |error: serde_json::Error| JsonError::NotJson(error.to_string());
        if !text
            .trim_start_matches([' ', '\t', '\n', '\r'])
            .starts_with('{')
        {
            serde_json::from_str::<IgnoredAny>(text).map_err(not_json)?;
            return Err(JsonError::NotObject);
        }
        serde_json::from_str(text).map_err(not_json)
    }

    /// The JSON text of a property; `None` if it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let text = self.0.iter().find(|(key, _)| key == name)?.1.get();
        (text != "null").then_some(text)
    }

    /// A property that is a string.
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(string_of)
    }

    /// A property that is a list of strings.
    pub fn strings(&self, name: &str) -> Option<Vec<Cow<'a, str>>> {
        elements(self.get(name)?)?
            .into_iter()
            .map(string_of)
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

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Properties;

        impl<'de> Visitor<'de> for Properties {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut properties: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    if properties.iter().any(|(other, _)| *other == key) {
                        return Err(serde::de::Error::custom("a property is there twice"));
                    }
                    if properties.len() < MAX_PROPERTIES {
                        properties.push((key, value));
                    }
                }
                Ok(Object(properties))
            }
        }

        from.deserialize_map(Properties)
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The string that a JSON text is; borrowed where it has no escapes.
pub(crate) fn string_of(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(text).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The texts of a JSON list's elements.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
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
