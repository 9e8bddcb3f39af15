//! Faults of servers that act as one, each server a process.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::cluster::{Redis, Socket, come_back, find, hear, join, keypair, text};
use crate::common::{PATIENCE, Server};
use futures_util::SinkExt;
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// All clients of a server that is killed are back on others within this time.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// Pairs of clients that talk over two servers all the time.
const PAIRS: u32 = 10;

fn clients() -> u32 {
    let given = std::env::var("CLUSTER_CLIENTS").ok();
    given.map_or(300, |count| {
        count.parse().expect("CLUSTER_CLIENTS is a number")
    })
}

async fn next(socket: &mut Socket) -> String {
    let heard = timeout(PATIENCE, hear(socket))
        .await
        .expect("it comes in time");
    heard.expect("the connection is open")
}

/// Two clients that send each other numbers until they are told to stop; gives how many arrived.
async fn converse(pair: u32, servers: [String; 2], stop: Arc<AtomicBool>) -> u64 {
    let (a, b) = (1_000_000 + 2 * pair, 1_000_001 + 2 * pair);
    let mut alice = join(&servers[0], &keypair(a)).await.unwrap();
    let mut bob = join(&servers[1], &keypair(b)).await.unwrap();
    find(&mut alice, &mut bob, &text(a, b, 0)).await;
    find(&mut bob, &mut alice, &text(b, a, 0)).await;
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        alice.send(Message::text(text(a, b, count))).await.unwrap();
        assert_eq!(next(&mut bob).await, text(a, b, count), "a message is lost");
        bob.send(Message::text(text(b, a, count))).await.unwrap();
        assert_eq!(
            next(&mut alice).await,
            text(b, a, count),
            "a message is lost"
        );
        count += 1;
        sleep(Duration::from_millis(20)).await;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_of_a_killed_server_are_back_soon_and_nobody_else_notices() {
    let redis = Redis::start();
    let mut all: Vec<Server> = (0..3).map(|_| Server::of_cluster(&redis, |_| {})).collect();
    for server in &all {
        server.knows(2).await;
    }
    let mut victim = all.remove(0);
    let others: Vec<String> = all.iter().map(|server| server.address.clone()).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let talks: Vec<_> = (0..PAIRS)
        .map(|pair| {
            let servers = [others[0].clone(), others[1].clone()];
            tokio::spawn(converse(pair, servers, stop.clone()))
        })
        .collect();

    // A third of the clients on each server.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..clients() {
        let address = match number % 3 {
            0 => &victim.address,
            1 => &others[0],
            _ => &others[1],
        };
        let socket = join(address, &keypair(number)).await.unwrap();
        match number % 3 {
            0 => theirs.push((number, socket)),
            _ => ours.push((number, socket)),
        }
    }

    victim.running.kill();
    let back = theirs.into_iter().map(|(number, mut socket)| {
        let others = others.clone();
        tokio::spawn(async move {
            while hear(&mut socket).await.is_ok() {}
            let (socket, time) = come_back(&others, number).await;
            (number, socket, time)
        })
    });
    let back = join_all(back.collect::<Vec<_>>()).await;
    let mut back: Vec<_> = back.into_iter().map(Result::unwrap).collect();
    let slowest = back.iter().map(|(_, _, time)| *time).max().unwrap();
    println!("{} clients are back after at most {slowest:?}", back.len());
    assert!(slowest < BACK_WITHIN, "{slowest:?}");

    // Who was not on that server is still there, and reaches those who are back.
    for ((from, socket), (to, receiver, _)) in ours.iter_mut().zip(&mut back) {
        find(socket, receiver, &text(*from, *to, 7)).await;
    }
    for window in (0..ours.len()).step_by(2) {
        let [(from, sender), (to, receiver), ..] = &mut ours[window..] else {
            break;
        };
        let words = text(*from, *to, 8);
        sender.send(Message::text(words.clone())).await.unwrap();
        assert_eq!(next(receiver).await, words);
    }
    stop.store(true, Ordering::Relaxed);
    for talk in talks {
        let messages = talk.await.expect("no message between others is lost");
        assert!(messages > 5, "{messages} is no conversation");
    }
    for server in &all {
        server.knows(1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_disturbs_nobody() {
    let redis = Redis::start();
    let clock = std::env::temp_dir().join(format!("boplish-clock-{}", std::process::id()));
    fs::write(&clock, "+0d\n").unwrap();
    let library = faketime();
    let jumping = Server::of_cluster(&redis, |command| {
        // Only what tells the time of day: a monotonic clock never jumps.
        command
            .env("LD_PRELOAD", &library)
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
    });
    let steady = Server::of_cluster(&redis, |_| {});
    jumping.knows(1).await;
    steady.knows(1).await;
    let mut alice = join(&jumping.address, &keypair(1)).await.unwrap();
    let mut bob = join(&jumping.address, &keypair(2)).await.unwrap();
    let mut carol = join(&steady.address, &keypair(3)).await.unwrap();
    find(&mut alice, &mut carol, &text(1, 3, 0)).await;
    find(&mut bob, &mut carol, &text(2, 3, 0)).await;
    find(&mut carol, &mut alice, &text(3, 1, 0)).await;
    let year = || {
        let date = Command::new("date")
            .arg("+%Y")
            .env("LD_PRELOAD", &library)
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .output();
        String::from_utf8(date.unwrap().stdout).unwrap()
    };
    let this_year = year();
    for (count, jump) in (0..).zip(["+400d", "-400d", "+0d"]) {
        fs::write(&clock, format!("{jump}\n")).unwrap();
        assert_eq!(year() == this_year, jump == "+0d", "the clock jumps");
        // Some seconds, in which a server that went by that clock would miss the other.
        for round in 0..30 {
            let number = 100 * count + round;
            for (from, to) in [(1, 2), (2, 3), (3, 1)] {
                let words = text(from, to, number);
                let [sender, receiver] = match from {
                    1 => [&mut alice, &mut bob],
                    2 => [&mut bob, &mut carol],
                    _ => [&mut carol, &mut alice],
                };
                sender.send(Message::text(words.clone())).await.unwrap();
                assert_eq!(next(receiver).await, words, "{jump}");
            }
            sleep(Duration::from_millis(50)).await;
        }
        join(&jumping.address, &keypair(10 + count as u32))
            .await
            .unwrap();
        for server in [&jumping, &steady] {
            assert_eq!(server.health()["otherServers"], 1, "{jump}");
            assert_eq!(server.health()["engineState"], "up", "{jump}");
        }
        assert!(
            jumping.health()["uptime"].as_u64().unwrap() < 3_600,
            "{jump}"
        );
    }
    let _ = fs::remove_file(clock);
}

/// The library that fakes the time of day.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let found = folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists());
    found.expect("install the package libfaketime, as `cargo xtask test` does")
}
