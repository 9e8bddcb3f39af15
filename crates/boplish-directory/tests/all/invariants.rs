//! Random sequences of everything that can happen, against a simple model.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::BTreeMap;

use crate::common::{LOCALHOST, id, keypair, text};
use boplish_directory::{ClientId, CloseReason, Config, ConnId, Directory, Input, Output};
use boplish_wire::bootstrap::{FromServer, challenge_response, joined as joined_text};
use proptest::prelude::*;

/// Ids in use: few, so that they meet.
const IDS: u8 = 6;

#[derive(Debug, Clone)]
enum Step {
    Connect {
        id: u8,
        wants_proof: bool,
    },
    Prove {
        conn: u64,
        with: u8,
    },
    Say {
        conn: u64,
        to: Option<u8>,
        is_own: bool,
    },
    Junk {
        conn: u64,
        text: String,
    },
    Join {
        conn: u64,
    },
    Leave {
        conn: u64,
    },
    Slow {
        conn: u64,
    },
    Wait {
        millis: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let conn = 0..40_u64;
    prop_oneof![
        4 => (0..IDS, any::<bool>()).prop_map(|(id, wants_proof)| Step::Connect { id, wants_proof }),
        4 => (conn.clone(), 0..IDS).prop_map(|(conn, with)| Step::Prove { conn, with }),
        6 => (conn.clone(), prop::option::of(0..IDS), prop::bool::weighted(0.9))
            .prop_map(|(conn, to, is_own)| Step::Say { conn, to, is_own }),
        1 => (conn.clone(), ".{0,40}").prop_map(|(conn, text)| Step::Junk { conn, text }),
        4 => conn.clone().prop_map(|conn| Step::Join { conn }),
        2 => conn.clone().prop_map(|conn| Step::Leave { conn }),
        1 => conn.prop_map(|conn| Step::Slow { conn }),
        1 => (0..4_000_u64).prop_map(|millis| Step::Wait { millis }),
    ]
}

/// What the model knows of an open connection.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    Challenged { id: u8, nonce: [u8; 32] },
    Member { id: u8, proven: bool, joined: bool },
}

#[derive(Default)]
struct Model {
    open: BTreeMap<ConnId, Known>,
}

impl Model {
    fn member(&self, wanted: u8) -> Option<(ConnId, bool)> {
        self.open.iter().find_map(|(conn, known)| match known {
            Known::Member { id, proven, .. } if *id == wanted => Some((*conn, *proven)),
            Known::Member { .. } | Known::Challenged { .. } => None,
        })
    }

    fn joined(&self) -> usize {
        let has_joined = |known: &&Known| matches!(known, Known::Member { joined: true, .. });
        self.open.values().filter(has_joined).count()
    }

    fn members(&self) -> usize {
        let is_member = |known: &&Known| matches!(known, Known::Member { .. });
        self.open.values().filter(is_member).count()
    }
}

fn run(directory: &mut Directory, now: Duration, input: Input) -> Vec<Output> {
    directory.handle_input(now, input);
    directory.check_invariants();
    let is_event = |output: &Output| matches!(output, Output::Event(_));
    std::iter::from_fn(|| directory.poll_output())
        .filter(|output| !is_event(output))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tables_agree_and_messages_go_where_they_should(
        steps in prop::collection::vec(step(), 1..120),
        seed in any::<[u8; 32]>(),
    ) {
        let mut config = Config { open_ids: true, ..Config::default() };
        config.limits.unproven = 5;
        config.limits.entry_peers = NonZeroUsize::MIN.saturating_add(2);
        config.limits.release_after = Duration::from_secs(3);
        let mut directory = Directory::new(config, seed);
        let mut model = Model::default();
        let mut now = Duration::ZERO;
        let mut connections = 0;
        for step in steps {
            let outputs = match step.clone() {
                Step::Connect { id: number, wants_proof } => {
                    let conn = ConnId(connections);
                    connections += 1;
                    let taken = model.member(number);
                    let outputs = run(&mut directory, now, Input::Connected {
                        conn,
                        id: ClientId::new(&id(number)).expect("a peer id is a client id"),
                        address: LOCALHOST,
                        wants_proof,
                    });
                    for output in &outputs {
                        if let Output::Send { conn: to, text } = output
                            && let Ok(FromServer::Challenge { nonce, .. }) = FromServer::parse(text)
                        {
                            prop_assert_eq!(*to, conn);
                            model.open.insert(conn, Known::Challenged { id: number, nonce });
                        }
                    }
                    if !wants_proof {
                        let refused = Output::Close { conn, reason: CloseReason::IdInUse };
                        prop_assert_eq!(outputs.contains(&refused), taken.is_some());
                        if taken.is_none() {
                            model.open.insert(conn, Known::Member {
                                id: number,
                                proven: false,
                                joined: false,
                            });
                        }
                    }
                    outputs
                }
                Step::Prove { conn, with } => {
                    let conn = ConnId(conn);
                    let known = model.open.get(&conn).cloned();
                    let nonce = match &known {
                        Some(Known::Challenged { nonce, .. }) => *nonce,
                        Some(Known::Member { .. }) | None => [0; 32],
                    };
                    let text = challenge_response(&keypair(with), &nonce);
                    let outputs = run(&mut directory, now, Input::Text { conn, text });
                    if let Some(Known::Challenged { id, .. }) = known && id == with {
                        if let Some((former, _)) = model.member(id) {
                            let reason = CloseReason::Replaced;
                            let closed = Output::Close { conn: former, reason };
                            prop_assert!(outputs.contains(&closed));
                        }
                        model.open.insert(conn, Known::Member { id, proven: true, joined: false });
                    }
                    outputs
                }
                Step::Say { conn, to, is_own } => {
                    let conn = ConnId(conn);
                    let known = model.open.get(&conn).cloned();
                    let own = match known {
                        Some(Known::Challenged { id, .. } | Known::Member { id, .. }) => id,
                        None => 0,
                    };
                    let from = if is_own { own } else { (own + 1) % IDS };
                    let text = text(&id(from), &to.map(id).unwrap_or_default());
                    let input = Input::Text { conn, text: text.clone() };
                    let outputs = run(&mut directory, now, input);
                    let receivers: Vec<ConnId> = outputs
                        .iter()
                        .filter_map(|output| match output {
                            Output::Send { conn, text: sent } if *sent == text => Some(*conn),
                            Output::Send { .. }
                            | Output::Close { .. }
                            | Output::Engine(_)
                            | Output::Event(_) => None,
                        })
                        .collect();
                    let is_member = matches!(known, Some(Known::Member { .. }));
                    match to {
                        Some(to) if is_member && is_own && to != own => {
                            let expected = model.member(to).map(|(conn, _)| conn);
                            prop_assert_eq!(receivers, Vec::from_iter(expected));
                        }
                        None if is_member && is_own && model.members() > 1 => {
                            prop_assert_eq!(receivers.len(), 1);
                            prop_assert_ne!(receivers[0], conn);
                            let known = model.open.get(&receivers[0]);
                            let is_member = matches!(known, Some(Known::Member { .. }));
                            prop_assert!(is_member);
                        }
                        Some(_) | None => prop_assert_eq!(receivers, vec![]),
                    }
                    outputs
                }
                Step::Junk { conn, text } => {
                    run(&mut directory, now, Input::Text { conn: ConnId(conn), text })
                }
                Step::Join { conn } => {
                    let conn = ConnId(conn);
                    let known = model.open.get_mut(&conn);
                    let text = match known {
                        Some(Known::Member { id, proven: true, joined }) => {
                            *joined = true;
                            joined_text(keypair(*id).id())
                        }
                        Some(Known::Member { .. } | Known::Challenged { .. }) | None => {
                            joined_text(keypair(0).id())
                        }
                    };
                    run(&mut directory, now, Input::Text { conn, text })
                }
                Step::Leave { conn } => {
                    model.open.remove(&ConnId(conn));
                    run(&mut directory, now, Input::Disconnected { conn: ConnId(conn) })
                }
                Step::Slow { conn } => {
                    run(&mut directory, now, Input::SlowReader { conn: ConnId(conn) })
                }
                Step::Wait { millis } => {
                    now += Duration::from_millis(millis);
                    run(&mut directory, now, Input::Timeout)
                }
            };
            for output in outputs {
                if let Output::Close { conn, reason } = output {
                    let former = model.open.remove(&conn);
                    if reason == CloseReason::Released {
                        let joined = matches!(former, Some(Known::Member { joined: true, .. }));
                        prop_assert!(joined, "{:?}", former);
                    }
                }
            }
            prop_assert_eq!(directory.stats().connected as usize, model.members(), "{:?}", step);
            let challenged = model.open.len() - model.members();
            prop_assert_eq!(directory.stats().unproven as usize, challenged, "{:?}", step);
            let entries = directory.stats().entry_peers as usize;
            prop_assert!(entries <= 3 && (entries > 0) == (model.joined() > 0), "{:?}", step);
            let waits = challenged > 0 || model.joined() > entries;
            prop_assert_eq!(directory.poll_timeout().is_some(), waits);
        }
    }

    #[test]
    fn the_same_seed_and_inputs_give_the_same_outputs(
        steps in prop::collection::vec((0..20_u64, ".{0,60}"), 1..60),
        seed in any::<[u8; 32]>(),
    ) {
        let run_once = || {
            let mut directory = Directory::new(Config { open_ids: true, ..Config::default() }, seed);
            let mut outputs = Vec::new();
            for (number, (conn, junk)) in steps.iter().enumerate() {
                let conn = ConnId(*conn);
                let name = format!("peer{}", conn.0);
                directory.handle_input(Duration::ZERO, Input::Disconnected { conn });
                directory.handle_input(Duration::ZERO, Input::Connected {
                    conn,
                    id: ClientId::new(&name).expect("letters and digits are unreserved"),
                    address: LOCALHOST,
                    wants_proof: number % 5 == 0,
                });
                for text in [text(&name, ""), junk.clone()] {
                    directory.handle_input(Duration::ZERO, Input::Text { conn, text });
                }
                outputs.extend(std::iter::from_fn(|| directory.poll_output()));
            }
            outputs
        };
        prop_assert_eq!(run_once(), run_once());
    }
}
