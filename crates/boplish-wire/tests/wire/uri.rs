use boplish_wire::limits::MAX_URI;
use boplish_wire::{BopUri, Uid, UriError};
use proptest::prelude::*;

use crate::any::alice;

fn parse(text: &str) -> Result<BopUri, UriError> {
    text.parse()
}

fn segments(uri: &BopUri) -> Vec<&str> {
    uri.segments().collect()
}

#[test]
fn a_uri_has_its_parts() {
    let id = alice().id();
    let uri = parse(&format!(
        "bop:{id}:content/album/caf%C3%A9%20%231.jpg?v=ab%20c&x#top"
    ))
    .unwrap();
    assert_eq!(uri.uid(), &Uid::Peer(id));
    assert_eq!(uri.protocol(), "content");
    assert_eq!(segments(&uri), ["album", "caf\u{e9} #1.jpg"]);
    assert_eq!(uri.query(), Some("v=ab%20c&x"));
    assert_eq!(uri.parameter("v").as_deref(), Some("ab c"));
    assert_eq!(uri.parameter("x").as_deref(), Some(""));
    assert_eq!(uri.parameter("y"), None);
    assert!(!uri.is_folder());
}

#[test]
fn names_at_domains_are_in_lower_case() {
    let uri = parse("BOP:Alice@Example.ORG:content/").unwrap();
    let expected = Uid::Named {
        name: "alice".into(),
        domain: "example.org".into(),
    };
    assert_eq!(uri.uid(), &expected);
    assert!(uri.is_folder());
    assert_eq!(uri.to_string(), "bop:alice@example.org:content/");
}

#[test]
fn folders_end_with_a_slash() {
    for (text, count, is_folder) in [
        ("bop:a@b:content", 0, false),
        ("bop:a@b:content/", 0, true),
        ("bop:a@b:content/x", 1, false),
        ("bop:a@b:content/x/", 1, true),
    ] {
        let uri = parse(text).unwrap();
        assert_eq!((uri.segments().len(), uri.is_folder()), (count, is_folder));
        assert_eq!(uri.to_string(), text);
    }
}

#[test]
fn whatever_is_wrong_is_named() {
    let segment = |text: &str| UriError::Segment(text.to_owned());
    let uid = |text: &str| UriError::Uid(text.to_owned());
    for (text, error) in [
        ("http://example.org/", UriError::Scheme),
        ("", UriError::Scheme),
        ("bop:content/x", UriError::NoProtocol),
        ("bop:1234:content/x", uid("1234")),
        ("bop:a b@example.org:content", uid("a b@example.org")),
        ("bop:a@-example.org:content", uid("a@-example.org")),
        ("bop:@example.org:content", uid("@example.org")),
        ("bop:a@b:/x", UriError::Protocol(String::new())),
        (
            "bop:a@b:con tent/x",
            UriError::Protocol("con tent".to_owned()),
        ),
        ("bop:a@b:content/x//y", segment("")),
        ("bop:a@b:content/../x", segment("..")),
        ("bop:a@b:content/%2e%2e/x", segment("..")),
        ("bop:a@b:content/a%2Fb", segment("a/b")),
        ("bop:a@b:content/%zz", segment("%zz")),
        ("bop:a@b:content/%ff", segment("%ff")),
        ("bop:a@b:content/%", segment("%")),
        ("bop:a@b:content?a b", UriError::Query(' ')),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
    let long = format!("bop:a@b:content/{}", "x".repeat(MAX_URI));
    assert_eq!(parse(&long), Err(UriError::TooLong));
}

#[test]
fn what_is_made_of_parts_is_checked_likewise() {
    let uid = || Uid::Peer(alice().id());
    let made = BopUri::new(uid(), "content", &["a b", "c?d"]).unwrap();
    let made = made.with_query(Some("v=1")).unwrap();
    let text = format!("bop:{}:content/a%20b/c%3Fd?v=1", alice().id());
    assert_eq!(made.to_string(), text);
    assert_eq!(parse(&text), Ok(made));
    let wrong = BopUri::new(uid(), "content", &[".."]);
    assert_eq!(wrong, Err(UriError::Segment("..".to_owned())));
    let wrong = BopUri::new(uid(), "", &[]);
    assert_eq!(wrong, Err(UriError::Protocol(String::new())));
}

proptest! {
    #[test]
    fn every_uri_is_read_as_it_was_written(
        parts in proptest::collection::vec("[^/\\\\\0]{1,12}", 0..5),
        query in proptest::option::of("[a-z0-9=&%/?.-]{0,20}"),
    ) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        prop_assume!(!parts.iter().any(|it| matches!(*it, "." | "..")));
        let made = BopUri::new(Uid::Peer(alice().id()), "content", &parts);
        let made = made.unwrap().with_query(query.as_deref()).unwrap();
        prop_assert_eq!(parse(&made.to_string()), Ok(made));
    }

    #[test]
    fn any_text_is_a_uri_or_refused(text: String) {
        let _ = (parse(&text), parse(&format!("bop:a@b:content/{text}")));
    }
}
