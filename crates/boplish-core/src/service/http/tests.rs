use super::*;

const ID: &str = "48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b";

fn at(path: &str) -> Asked<'_> {
    Asked {
        path,
        ..Asked::default()
    }
}

/// A file of 100 bytes.
fn hundred(asked: Asked<'_>, media_type: &str) -> Answer {
    let uri = uri_of(asked).expect("it is a name");
    let id = ContentId::of(&[0; 100]);
    file(asked, &uri, PeerId::from_bytes([1; 20]), id, media_type)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let found = answer.headers.iter().find(|(it, _)| *it == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn ranges_are_those_of_http() {
    let range = |text| parse_range(text, 100);
    assert_eq!(range("bytes=0-9"), Part::Of(0..10));
    assert_eq!(range("bytes=90-"), Part::Of(90..100));
    assert_eq!(range("bytes=90-1000"), Part::Of(90..100));
    assert_eq!(range("bytes=-10"), Part::Of(90..100));
    assert_eq!(range("bytes=-1000"), Part::Of(0..100));
    assert_eq!(range("bytes=100-"), Part::Nothing);
    assert_eq!(range("bytes=-0"), Part::Nothing);
    for all in ["bytes=9-0", "bytes=0-1,5-6", "lines=0-9", "bytes=a-b", ""] {
        assert_eq!(range(all), Part::All, "{all}");
    }
}

#[test]
fn a_path_is_a_name() {
    let path = format!("{ID}/content/a%20b/1.jpg");
    let asked = Asked {
        query: Some("v=1"),
        ..at(&path)
    };
    let uri = uri_of(asked).expect("it is one");
    assert_eq!(uri.to_string(), format!("bop:{ID}:content/a%20b/1.jpg?v=1"));
    for wrong in ["", "x/content/", "x", "favicon.ico"] {
        assert!(uri_of(at(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn names_do_not_become_markup() {
    let mut folder = Directory::default();
    let target = Target::File {
        id: ContentId::of(b""),
        media_type: "".into(),
    };
    folder.insert("<b>&\"'.txt", target).expect("it is a name");
    let asked = Asked {
        query: Some("v=\"><i>"),
        ..at("<script>/")
    };
    let listed = list(&folder, asked);
    assert!(header(&listed, "content-security-policy").is_some());
    let Body::Text(page) = listed.body else {
        panic!("{:?} is no page", listed.body);
    };
    assert!(!page.contains("<b>") && !page.contains("<script>") && !page.contains("<i>"));
}

#[test]
fn who_has_a_file_is_told_so_and_a_range_only_of_the_same_file() {
    let path = format!("{ID}/content/a");
    let whole = hundred(at(&path), "image/png");
    let tag = header(&whole, "etag").expect("it has one").to_owned();
    assert_eq!(
        (whole.status, header(&whole, "content-length")),
        (200, Some("100"))
    );
    assert_eq!(header(&whole, "cache-control"), Some("no-cache"));
    let weak = format!("W/{tag}");
    for tags in [tag.clone(), format!("\"x\", {tag}"), weak, "*".to_owned()] {
        let asked = Asked {
            if_none_match: Some(&tags),
            ..at(&path)
        };
        assert_eq!(hundred(asked, "").status, 304);
    }
    let part = |if_range| Asked {
        range: Some("bytes=10-19"),
        if_range,
        ..at(&path)
    };
    let some = hundred(part(Some(&tag)), "");
    assert_eq!(
        (some.status, header(&some, "content-range")),
        (206, Some("bytes 10-19/100"))
    );
    assert!(matches!(some.body, Body::Content { ref range, .. } if *range == (10..20)));
    assert_eq!(hundred(part(None), "").status, 206);
    assert_eq!(hundred(part(Some("\"x\"")), "").status, 200);
    let behind = Asked {
        range: Some("bytes=100-"),
        ..at(&path)
    };
    let behind = hundred(behind, "");
    assert_eq!(
        (behind.status, header(&behind, "content-range")),
        (416, Some("bytes */100"))
    );
    let saved = Asked {
        query: Some("v=1&download"),
        ..at(&path)
    };
    let saved = hundred(saved, "");
    assert_eq!(header(&saved, "content-disposition"), Some("attachment"));
    assert!(header(&saved, "cache-control").is_some_and(|it| it.contains("immutable")));
}

#[test]
fn media_types_are_what_http_allows() {
    assert_eq!(content_type("image/svg+xml"), "image/svg+xml");
    assert_eq!(content_type("text/plain"), "text/plain; charset=utf-8");
    let latin = "text/plain; charset=latin1";
    assert_eq!(content_type(latin), latin);
    for wrong in [
        "",
        "text",
        "text/",
        "a b/c",
        "text/plain\r\nx: y",
        "text/plain; ü",
    ] {
        assert_eq!(content_type(wrong), "application/octet-stream", "{wrong}");
    }
}

#[test]
fn a_folder_without_a_slash_is_one_with_it() {
    let asked = Asked {
        query: Some("v=1"),
        ..at("x/content/a%20b")
    };
    let answer = into_folder(asked);
    assert_eq!(answer.status, 307);
    assert_eq!(header(&answer, "location"), Some("./a%20b/?v=1"));
    assert_eq!(header(&answer, "cache-control"), Some("no-cache"));
}

#[test]
fn a_folder_whose_name_looks_like_a_url_leads_nowhere_else() {
    let answer = into_folder(at("x/content/https:evil.example"));
    assert_eq!(header(&answer, "location"), Some("./https:evil.example/"));
}
