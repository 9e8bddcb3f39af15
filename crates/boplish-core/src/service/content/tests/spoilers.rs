//! Sources that would spoil a fetch for the others, and contents that go while they come.

use super::*;

#[test]
fn of_one_hash_and_two_lengths_only_the_true_one_comes() {
    let (bytes, hashed) = content(3 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest, Manner::Honest]);
    let wrong = ContentId {
        length: hashed.id.length - 1,
        ..hashed.id
    };
    let liar = world.peer(1);
    liar.service.hold_content(wrong, None);
    liar.disk.insert(wrong, (bytes.clone(), hashed.clone()));
    let token = world.fetch(wrong);
    let now = world.now;
    let other = world.peer(0).service.begin_fetch(now, hashed.id, None, &[]);
    assert_eq!(other, Err(FetchError::Congested));
    // Its first spans verify, and are here; the last one never comes.
    assert_eq!(
        world.run(token, 2 * MINUTE),
        Some(Err(FetchError::Unavailable))
    );
    let kept = |event: &&ContentEvent| matches!(event, ContentEvent::Span { .. });
    assert!(world.peer(0).events.iter().filter(kept).count() > 0);
    let token = world.fetch(hashed.id);
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert!(world.peer(0).written[&hashed.id] == bytes);
    let token = world.fetch(wrong);
    assert_eq!(world.run(token, MINUTE), Some(Err(FetchError::Unavailable)));
}

#[test]
fn who_says_another_length_in_the_middle_is_left_out_at_once() {
    let (bytes, hashed) = content(6 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Stalls, Manner::Honest]);
    let token = world.fetch(hashed.id);
    while world.peer(0).service.progress(token).map(|it| it.sources) != Some(2) {
        world.step();
    }
    let changed = ContentId {
        length: hashed.id.length + 1,
        ..hashed.id
    };
    let has = ContentMessage::Has {
        id: changed,
        spans: None,
    };
    let now = world.now;
    world.messages.push_front((now, id(1), id(0), has.encode()));
    let begun = world.now;
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert!(world.now.since(begun) < Duration::from_secs(5));
    assert!(world.peer(0).written[&hashed.id] == bytes);
}

#[test]
fn sources_that_are_silent_leave_room_for_others() {
    let (bytes, hashed) = content(2 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest]);
    let silent: Vec<PeerId> = (100..116).map(id).collect();
    let now = world.now;
    let fetcher = world.peer(0);
    let token = fetcher
        .service
        .begin_fetch(now, hashed.id, None, &silent)
        .expect("there is room");
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert!(world.now.since(Time::START) < Duration::from_secs(20));
}

#[test]
fn what_is_forgotten_while_it_comes_is_not_said_to_be_there() {
    let (bytes, hashed) = content(4 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest]);
    let token = world.fetch(hashed.id);
    let kept = |event: &ContentEvent| matches!(event, ContentEvent::Span { .. });
    while !world.peer(0).events.iter().any(kept) {
        world.step();
    }
    world.peer(0).service.forget_content(&hashed.id.hash);
    let ended = world.run(token, MINUTE);
    assert_eq!(ended, Some(Err(FetchError::Storage)));
}
