//! Reports as lines of JSON.

use super::*;

fn id() -> PeerId {
    PeerId::from_bytes([0xab; 20])
}

fn json(report: &Report) -> String {
    serde_json::to_string(report).unwrap()
}

#[test]
fn a_message_is_one_line_whatever_its_white_space() {
    let event = Event::Message {
        from: id(),
        protocol: "chat".try_into().unwrap(),
        payload: Payload::json("{\n\r\"text\": \"two\\nlines\"}").unwrap(),
        hops: 1,
        request: None,
    };
    let report = Report::of(event).unwrap();
    let line = json(&report);
    assert!(!line.contains('\n'));
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["event"], "message");
    assert_eq!(value["payload"]["text"], "two\nlines");
    assert_eq!(value.get("bytes"), None);
}

#[test]
fn a_topology_names_the_neighbours_on_the_ring_if_there_is_one() {
    let topology = |successors: Vec<PeerId>| {
        let report = Report::of(Event::Topology {
            from: id(),
            peers: vec![id()],
            predecessors: successors.clone(),
            successors,
        });
        serde_json::to_value(report.unwrap()).unwrap()
    };
    let text = id().to_string();
    let on_ring = topology(vec![id()]);
    assert_eq!(on_ring["peers"][0], *text);
    assert_eq!(on_ring["successors"][0], *text);
    assert_eq!(on_ring["predecessors"][0], *text);
    assert_eq!(topology(Vec::new()).get("successors"), None);
}

#[test]
fn raw_bytes_are_base64() {
    let content = Content::of(&Payload::bytes([1, 2, 3]).unwrap());
    let report = Report::Reply {
        from: id(),
        content,
    };
    let value: Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(value["bytes"], "AQID");
}

#[test]
fn a_response_has_the_fields_of_its_answer_at_the_top() {
    let report = Report::Response {
        reference: 7.into(),
        ok: false,
        answer: Answer::Error {
            error: "timeout",
            message: "late".to_owned(),
        },
    };
    let value: Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(value["ref"], 7);
    assert_eq!(value["error"], "timeout");
    let done = Report::Response {
        reference: Value::Null,
        ok: true,
        answer: Answer::Done {},
    };
    assert_eq!(json(&done), r#"{"event":"response","ref":null,"ok":true}"#);
}
