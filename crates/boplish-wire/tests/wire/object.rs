//! The own reader and writer of JSON against a general one.

use boplish_wire::limits::MAX_PAYLOAD;
use boplish_wire::{JsonError, Object, ObjectWriter, Payload};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// What JSON is made of, and a little that it is not.
const TOKENS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\"a\"",
    "\"b\":",
    "\"\\u0061\":",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\n",
    "\\/",
    "\\x",
    "0",
    "1",
    "-",
    "+",
    ".",
    "e",
    "E",
    "10",
    "-0.5e+3",
    "01",
    "true",
    "false",
    "null",
    "nul",
    "NaN",
    " ",
    "\t",
    "\r\n",
    "\u{1}",
    "\u{a0}",
    "\u{e9}",
    "\u{1f600}",
    "\u{feff}",
];

fn any_text() -> impl Strategy<Value = String> {
    vec(select(&TOKENS[..]), 0..12).prop_map(|tokens| tokens.concat())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            any_map(inner).prop_map(Value::Object),
        ]
    })
}

fn any_map(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((any::<String>(), value), 0..4).prop_map(|entries| entries.into_iter().collect())
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

proptest! {
    #[test]
    fn what_is_json_is_what_others_take_for_it(text in any_text()) {
        prop_assert_eq!(Payload::json(text.clone()).is_ok(), is_json(&text), "{}", text);
    }

    #[test]
    fn what_is_inside_brackets_is_what_others_take_for_it(
        text in any_text(),
        (before, after) in select(&[("[", "]"), ("{\"b\":", "}"), ("{\"b\":[", "]}"), ("\"", "\"")][..]),
    ) {
        let text = [before, &text, after].concat();
        prop_assert_eq!(Payload::json(text.clone()).is_ok(), is_json(&text), "{}", text);
    }

    #[test]
    fn an_object_has_the_properties_that_others_find(map in any_map(any_value()), is_pretty in any::<bool>()) {
        let text = if is_pretty {
            serde_json::to_string_pretty(&map)
        } else {
            serde_json::to_string(&map)
        };
        let text = text.expect("it is JSON");
        let object = Object::parse(&text).expect("others write JSON");
        for (key, value) in &map {
            let read = object.get(key);
            prop_assert_eq!(read.is_none(), value.is_null());
            let read = read.map(|text| serde_json::from_str::<Value>(text).expect("it is JSON"));
            prop_assert_eq!(&read.unwrap_or_default(), value);
            let string = object.string(key);
            prop_assert_eq!(string.as_deref(), value.as_str());
            let texts: Option<Vec<&str>> = value.as_array().and_then(|all| all.iter().map(Value::as_str).collect());
            let read = object.strings(key);
            prop_assert_eq!(read.as_ref().map(|all| all.iter().map(AsRef::as_ref).collect()), texts);
        }
    }

    #[test]
    fn a_string_says_what_others_read(inside in any_text()) {
        let string = format!("\"{inside}\"");
        let text = format!("{{\"a\":{string}}}");
        let read = Object::parse(&text).ok().and_then(|object| object.string("a").map(String::from));
        prop_assert_eq!(read, serde_json::from_str::<String>(&string).ok(), "{}", text);
    }

    #[test]
    fn others_read_what_is_written(name in any::<String>(), value in any::<String>()) {
        let text = ObjectWriter::default().string(&name, &value).finish();
        let read: Map<String, Value> = serde_json::from_str(&text).expect("it is JSON");
        prop_assert_eq!(read.get(&name).and_then(Value::as_str), Some(&*value));
        let others = serde_json::to_string(&read).expect("it is JSON");
        prop_assert_eq!(text, others);
    }
}

#[test]
fn brackets_may_be_deeper_than_any_stack() {
    let depth = MAX_PAYLOAD / 2;
    let text = ["[".repeat(depth), "]".repeat(depth)].concat();
    assert!(Payload::json(text).is_ok());
    assert!(Payload::json("[".repeat(depth)).is_err());
}

#[test]
fn the_byte_is_named_up_to_which_a_text_may_be_json() {
    let at = |text: &str| Object::parse(text).expect_err("no JSON");
    assert_eq!(at(r#"{"a":tru}"#), JsonError::NotJson(8));
    assert_eq!(at(r#"{"a":1,}"#), JsonError::NotJson(7));
    assert_eq!(at(r#"{"a":1"#), JsonError::NotJson(6));
}
