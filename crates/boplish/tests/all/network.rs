//! A server and peers as programs of their own, in one network.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::{Peer, Running, Server};
use serde_json::json;

fn all_ping_all(peers: &mut [Peer]) {
    let ids: Vec<String> = peers.iter().map(|peer| peer.id.clone()).collect();
    for peer in peers {
        let own = peer.id.clone();
        for id in ids.iter().filter(|id| **id != own) {
            let response = peer.ask(json!({"cmd": "ping", "to": id}));
            assert_eq!(response["ok"], true, "{response}");
            assert!(response["round_trip_ms"].as_f64().unwrap() > 0.0);
        }
    }
}

fn join(server: &Server) -> Vec<Peer> {
    let mut peers: Vec<Peer> = (0..3).map(|_| Peer::start(&server.address)).collect();
    for peer in &mut peers {
        peer.wait_for_peers(2);
    }
    peers
}

#[test]
fn three_peers_go_on_without_their_server() {
    let mut server = Server::start();
    let mut peers = join(&server);
    all_ping_all(&mut peers);

    server.running.kill();
    for peer in &mut peers {
        peer.expect(|event| event["event"] == "signaling" && event["open"] == false);
    }
    all_ping_all(&mut peers);

    let (from, to) = (peers[0].id.clone(), peers[2].id.clone());
    let payload = json!({"text": "still here", "n": [1, 2.5, null]});
    let send = json!({"cmd": "send", "to": to, "protocol": "chat", "payload": payload});
    let response = peers[0].ask(send);
    assert_eq!(response["ok"], true, "{response}");
    let message = peers[2].expect(|event| event["event"] == "message");
    assert_eq!(message["from"], json!(from));
    assert_eq!(message["protocol"], "chat");
    assert_eq!(message["payload"], payload);

    for peer in &mut peers {
        let response = peer.ask(json!({"cmd": "quit"}));
        assert_eq!(response["ok"], true);
        assert!(peer.running.wait().success());
    }
}

#[test]
fn requests_groups_and_bad_commands_are_answered() {
    let server = Server::start();
    let mut peers = join(&server);
    let ids: Vec<String> = peers.iter().map(|peer| peer.id.clone()).collect();

    let asked = peers[0].tell(json!({
        "cmd": "request", "to": ids[1], "protocol": "sum", "payload": [1, 2],
    }));
    let request = peers[1].expect(|event| event["event"] == "message");
    assert_eq!(request["payload"], json!([1, 2]));
    let reply = peers[1].ask(json!({
        "cmd": "reply", "to": ids[0], "request": request["request"], "payload": 3,
    }));
    assert_eq!(reply["ok"], true, "{reply}");
    let response = peers[0].expect(|event| event["ref"] == asked);
    assert_eq!(response["payload"], 3);

    let joined = peers[1].ask(json!({"cmd": "group-join", "to": ids[0]}));
    assert_eq!(joined["ok"], true, "{joined}");
    peers[1].expect(|event| event["event"] == "group");
    let sent = peers[1].ask(json!({"cmd": "group-send", "bytes": "AQID"}));
    assert_eq!(sent["ok"], true, "{sent}");
    let said = peers[0].expect(|event| event["event"] == "group-message");
    assert_eq!(said["bytes"], "AQID");

    let nonsense = peers[2].ask(json!({"cmd": "ping", "to": "nobody"}));
    assert_eq!(nonsense["ok"], false);
    assert_eq!(nonsense["error"], "bad-command");
    let myself = ids[2].clone();
    let refused = peers[2].ask(json!({"cmd": "ping", "to": myself}));
    assert_eq!(refused["error"], "refused");
}

#[test]
fn commands_that_come_before_the_peer_has_joined_wait_for_it() {
    let server = Server::start();
    let _others = join(&server);
    let mut command = crate::common::boplish(&["peer", "--json", "--min-peers", "3"]);
    command.args(["--bootstrap", &server.address]);
    let input = std::env::temp_dir().join(format!("boplish-commands-{}", std::process::id()));
    std::fs::write(&input, "{\"cmd\": \"peers\"}\n").unwrap();
    command.stdin(std::fs::File::open(&input).unwrap());
    let output = command.output().unwrap();
    std::fs::remove_file(&input).unwrap();
    assert!(output.status.success());
    let lines = crate::common::text(&output.stdout);
    let response: serde_json::Value = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|line: &serde_json::Value| line["event"] == "response")
        .unwrap();
    assert_eq!(response["peers"].as_array().unwrap().len(), 3, "{lines}");
}

#[test]
fn actions_serve_scripts() {
    let server = Server::start();
    let mut peers = join(&server);
    let run = |arguments: &[&str]| {
        let all = [&["peer", "--bootstrap", &server.address], arguments].concat();
        crate::common::run(&all)
    };

    let linked = run(&["peers", "--min-peers", "3"]);
    assert_eq!(crate::common::text(&linked.stdout).lines().count(), 3);

    let pinged = run(&[
        "ping",
        "all",
        "--min-peers",
        "3",
        "--count",
        "2",
        "--interval",
        "0.1",
    ]);
    assert!(pinged.status.success());
    assert_eq!(crate::common::text(&pinged.stdout).lines().count(), 6);

    let to = peers[0].id.clone();
    let sent = run(&["send", &to, "chat", r#"{"text": "hello"}"#]);
    assert!(
        sent.status.success(),
        "{}",
        crate::common::text(&sent.stderr)
    );
    let message = peers[0].expect(|event| event["event"] == "message");
    assert_eq!(message["payload"]["text"], "hello");

    let no_json = run(&["send", &to, "chat", "hello"]);
    assert_eq!(no_json.status.code(), Some(2));
    assert!(crate::common::text(&no_json.stderr).contains("--text"));

    let nobody = "ab".repeat(20);
    let unreachable = run(&["ping", &nobody, "--timeout", "3"]);
    assert_eq!(unreachable.status.code(), Some(3));
}

#[test]
fn a_listener_prints_what_is_sent_to_it_and_leaves() {
    let server = Server::start();
    let mut peers = join(&server);
    let mut command = crate::common::boplish(&["peer", "listen", "chat", "--count", "2", "--json"]);
    command.args(["--bootstrap", &server.address]);
    let mut listener = Running::start(command);
    let joined: serde_json::Value = serde_json::from_str(&listener.line()).unwrap();
    assert_eq!(joined["event"], "joined");
    let id = joined["id"].as_str().unwrap().to_owned();

    let sent = crate::common::run(&[
        "peer",
        "send",
        &id,
        "chat",
        "plain text",
        "--text",
        "--bootstrap",
        &server.address,
    ]);
    assert!(
        sent.status.success(),
        "{}",
        crate::common::text(&sent.stderr)
    );
    let other = json!({"cmd": "send", "to": id, "protocol": "other", "payload": 0});
    peers[0].ask(other);
    let second = json!({"cmd": "send", "to": id, "protocol": "chat", "payload": [2]});
    peers[0].ask(second);

    for payload in [json!("plain text"), json!([2])] {
        let message: serde_json::Value = serde_json::from_str(&listener.line()).unwrap();
        assert_eq!(message["event"], "message");
        assert_eq!(message["payload"], payload);
    }
    assert!(listener.wait().success());
}

#[test]
fn a_request_prints_its_reply() {
    let server = Server::start();
    let mut peers = join(&server);
    let arguments = ["peer", "request", &peers[0].id, "sum", "-"];
    let mut command = crate::common::boplish(&arguments);
    command
        .args(["--bootstrap", &server.address])
        .stdin(std::process::Stdio::piped());
    let mut asker = Running::start(command);
    asker.write("[20, 22]");
    let request = peers[0].expect(|event| event["event"] == "message");
    assert_eq!(request["payload"], json!([20, 22]));
    let reply = peers[0].ask(json!({
        "cmd": "reply", "to": request["from"], "request": request["request"], "payload": 42,
    }));
    assert_eq!(reply["ok"], true, "{reply}");
    assert_eq!(asker.line(), "42");
    assert!(asker.wait().success());
}

#[test]
fn newcomers_join_a_network_whose_server_is_dead() {
    let mut server = Server::start();
    let mut peers = join(&server);
    server.running.kill();
    let mut newcomer = Peer::start_with(&["--no-bootstrap"]);
    let invited = peers[0].ask(json!({"cmd": "invite"}));
    assert_eq!(invited["ok"], true, "{invited}");
    let refused = peers[1].ask(json!({
        "cmd": "complete-invitation", "text": invited["invitation"],
    }));
    assert_eq!(refused["error"], "invitation", "{refused}");
    let accepted = newcomer.ask(json!({
        "cmd": "accept-invitation", "text": invited["invitation"],
    }));
    assert_eq!(accepted["peer"], json!(peers[0].id), "{accepted}");
    let completed = peers[0].ask(json!({
        "cmd": "complete-invitation", "text": accepted["answer"],
    }));
    assert_eq!(completed["peer"], json!(newcomer.id), "{completed}");
    peers.push(newcomer);
    for peer in &mut peers {
        peer.wait_for_peers(3);
    }
    all_ping_all(&mut peers);
}

#[test]
fn people_invite_and_accept_by_copying_lines() {
    let mut command = crate::common::boplish(&["peer", "--no-bootstrap", "--invite"]);
    command.stdin(std::process::Stdio::piped());
    let mut member = Running::start(command);
    let invitation = member.line();
    let invitation = invitation.strip_prefix("invitation ").unwrap();
    let link = format!("https://boplish.example/#invitation={invitation}");
    let accept = ["peer", "--no-bootstrap", "--accept", &link, "ping", "all"];
    let newcomer = Running::start(crate::common::boplish(&accept));
    let answer = newcomer.line();
    let answer = answer.strip_prefix("answer ").unwrap();
    member.write(&format!("nonsense\n{answer}\n"));
    assert!(newcomer.line().contains("seq=1 time="));

    let bad = crate::common::run(&["peer", "--no-bootstrap", "--accept", "nonsense"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(crate::common::text(&bad.stderr).contains("--accept"));
}

#[test]
fn peers_talk_in_a_group_of_those_who_know_the_password() {
    let server = Server::start();
    let mut peers = join(&server);
    let ids: Vec<String> = peers.iter().map(|peer| peer.id.clone()).collect();

    let in_room = |peer: &mut Peer| {
        let joined = peer.ask(json!({"cmd": "join", "room": "r", "password": "sesame"}));
        assert_eq!(joined["ok"], true, "{joined}");
        peer.expect(|event| event["event"] == "joined-group");
        joined["group"].clone()
    };
    let group = in_room(&mut peers[0]);
    assert_eq!(in_room(&mut peers[1]), group);
    peers[0].expect(|event| event["event"] == "members" && event["count"] == 2);
    let published = peers[1].ask(json!({"cmd": "publish", "group": group, "payload": "hello"}));
    assert_eq!(published["ok"], true, "{published}");
    let post = peers[0].expect(|event| event["event"] == "post");
    assert_eq!(post["payload"], "hello");
    assert_eq!(post["from"], json!(ids[1]));
    let tell = json!({"cmd": "tell", "group": group, "to": ids[0], "payload": "psst"});
    let told = peers[1].ask(tell);
    assert_eq!(told["ok"], true, "{told}");
    let direct = peers[0].expect(|event| event["event"] == "direct");
    assert_eq!(direct["payload"], "psst");
    let left = peers[1].ask(json!({"cmd": "leave", "group": group}));
    assert_eq!(left["ok"], true, "{left}");
    let refused = peers[1].ask(json!({"cmd": "publish", "group": group, "payload": "hello"}));
    assert_eq!(refused["error"], "group", "{refused}");
}
