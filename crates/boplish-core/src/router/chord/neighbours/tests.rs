use super::super::space::id_at;
use super::*;

/// A peer at a position.
fn id(at: u32) -> PeerId {
    id_at(at, 0)
}

fn member() -> Table {
    Table {
        member: true,
        ..Table::default()
    }
}

/// Neighbours at these positions, all members.
fn neighbours(positions: &[u32]) -> Neighbours {
    let mut neighbours = Neighbours::new(34);
    for at in positions {
        neighbours.insert(Time::START, id(*at), &member(), Origin::Other);
    }
    neighbours
}

fn positions(entries: &[TableEntry]) -> Vec<u32> {
    entries.iter().map(|it| it.position).collect()
}

#[test]
fn a_new_neighbour_is_told_everything_but_itself_and_then_only_what_is_new() {
    let mut own = neighbours(&[1, 2, 3]);
    let all = own
        .news_for(&id(1), Table::default())
        .expect("it knows nothing");
    assert!(all.full);
    assert_eq!(positions(&all.added), [2, 3]);
    assert_eq!(own.news_for(&id(1), Table::default()), None);

    own.insert(Time::START, id(4), &member(), Origin::Other);
    let news = own
        .news_for(&id(1), Table::default())
        .expect("there is another");
    assert!(!news.full && news.removed.is_empty());
    assert_eq!(positions(&news.added), [4]);

    own.remove(&id(2));
    let news = own.news_for(&id(1), Table::default()).expect("one is gone");
    assert!(!news.full && news.added.is_empty());
    assert_eq!(news.removed, [2]);
}

#[test]
fn who_comes_and_goes_between_two_tables_is_told_as_gone() {
    let mut own = neighbours(&[1]);
    own.news_for(&id(1), Table::default());
    own.insert(Time::START, id(2), &member(), Origin::Other);
    own.remove(&id(2));
    let news = own
        .news_for(&id(1), Table::default())
        .expect("something has changed");
    assert!(news.added.is_empty());
    assert_eq!(news.removed, [2]);
}

#[test]
fn who_goes_and_comes_between_two_tables_is_told_as_there() {
    let mut own = neighbours(&[1, 2]);
    own.news_for(&id(1), Table::default());
    for _ in 0..3 {
        own.remove(&id(2));
        own.insert(Time::START, id(2), &member(), Origin::Other);
    }
    let news = own
        .news_for(&id(1), Table::default())
        .expect("something has changed");
    assert_eq!(positions(&news.added), [2]);
    assert!(news.removed.is_empty());
}

#[test]
fn who_has_missed_too_much_is_told_everything() {
    let mut own = neighbours(&[1, 2]);
    own.news_for(&id(1), Table::default());
    for _ in 0..MAX_CHANGES {
        own.own_changed();
    }
    assert!(
        !own.news_for(&id(1), Table::default())
            .expect("there is news")
            .full
    );
    for _ in 0..=MAX_CHANGES {
        own.own_changed();
    }
    let all = own
        .news_for(&id(1), Table::default())
        .expect("there is news");
    assert!(all.full);
    assert_eq!(positions(&all.added), [2]);
}

#[test]
fn a_change_of_the_own_place_is_news_without_entries() {
    let mut own = neighbours(&[1, 2]);
    own.news_for(&id(1), Table::default());
    own.own_changed();
    let news = own.news_for(&id(1), Table::default());
    assert_eq!(news, Some(Table::default()));
}

#[test]
fn who_is_no_member_is_not_listed_until_it_is() {
    let mut own = neighbours(&[1]);
    own.insert(Time::START, id(2), &Table::default(), Origin::Other);
    let all = own
        .news_for(&id(1), Table::default())
        .expect("it knows nothing");
    assert!(all.added.is_empty());
    own.get_mut(&id(2)).expect("it is linked").member = true;
    own.set_listed(&id(2), true);
    let news = own
        .news_for(&id(1), Table::default())
        .expect("a member has come");
    assert_eq!(positions(&news.added), [2]);
}

#[test]
fn a_peer_that_is_only_late_stays_listed() {
    let mut own = neighbours(&[1, 2]);
    own.get_mut(&id(2)).expect("it is linked").suspect = Some(Time::START);
    let all = own
        .news_for(&id(1), Table::default())
        .expect("it knows nothing");
    assert_eq!(positions(&all.added), [2]);
    own.get_mut(&id(2)).expect("it is linked").given_up = true;
    own.insert(Time::START, id(3), &member(), Origin::Other);
    let all = own
        .news_for(&id(3), Table::default())
        .expect("it knows nothing");
    assert_eq!(positions(&all.added), [1]);
}

fn entry_at(position: u32, latency: u8) -> TableEntry {
    TableEntry {
        position,
        latency,
        gap: 0,
    }
}

#[test]
fn tables_grow_by_what_is_told() {
    let mut own = neighbours(&[1]);
    let link = own.get_mut(&id(1)).expect("it is linked");
    let told = |full, added: &[TableEntry], removed: &[u32]| Table {
        full,
        added: added.to_vec(),
        removed: removed.to_vec(),
        ..Table::default()
    };
    link.learn(&told(true, &[entry_at(7, 1), entry_at(8, 1)], &[]), 9);
    link.learn(&told(false, &[entry_at(8, 5), entry_at(9, 1)], &[7, 77]), 9);
    assert_eq!(*link.table, [entry_at(8, 5), entry_at(9, 1)]);
    link.learn(&told(false, &[], &[]), 9);
    assert!(link.lists(8) && link.lists(9) && !link.lists(7));
    link.learn(&told(false, &[1, 2, 3].map(|at| entry_at(at, 0)), &[]), 3);
    assert_eq!(link.table.len(), 3, "the limit holds");
    link.learn(&told(true, &[], &[]), 9);
    assert!(link.table.is_empty());
}

#[test]
fn an_acknowledgement_is_waited_for_as_the_round_trip_suggests() {
    let mut own = neighbours(&[1]);
    let link = own.get_mut(&id(1)).expect("it is linked");
    assert_eq!(link.ack_timeout(), ACK_UNKNOWN);
    assert_eq!(link.round_trip(), None);
    for _ in 0..100 {
        link.measured(Duration::from_millis(400));
    }
    let steady = link.ack_timeout();
    assert!(
        (Duration::from_millis(600)..Duration::from_millis(610)).contains(&steady),
        "{steady:?}"
    );
    assert_eq!(link.latency(), 200 * 16);
    link.was_late();
    assert!(link.ack_timeout() > steady);
    for _ in 0..99 {
        link.was_late();
    }
    assert_eq!(link.ack_timeout(), ACK_MOST);
    for _ in 0..100 {
        link.measured(Duration::from_millis(1));
    }
    assert_eq!(link.ack_timeout(), ACK_LEAST);
}
