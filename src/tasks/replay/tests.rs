use super::*;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{BoardState, MemberSnapshot, QueueSnapshot};
use crate::domain::time::Moment;

const START: i64 = 1_795_424_400_000;

fn floor(seconds: i64) -> Snapshot {
    let at = Moment::at_millis(START + seconds * 1_000);
    let mut floor = Snapshot::unknown("pbx".into(), at);
    floor.ami.enter(LinkState::Live, None, Moment::at_millis(START));
    floor.known = true;
    let mut alice = MemberSnapshot::free("PJSIP/101", "Alice", Moment::at_millis(START));
    if seconds % 2 == 1 {
        (alice.state, alice.since) = (BoardState::Busy, at);
    }
    floor.queues = vec![QueueSnapshot {
        name: "sales".into(),
        strategy: "ringall".into(),
        service_level_seconds: Some(20),
        waiting: Vec::new(),
        members: vec![alice],
    }];
    floor
}

fn bench(keep: Duration) -> (tempfile::TempDir, Recording, Replays) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("opens");
    (folder, Recording::new(store.clone(), "pbx".into(), keep), Replays::new(store))
}

/// What is shown of Alice at a second: her state.
async fn state(replays: &Replays, seconds: i64) -> Option<BoardState> {
    let floor = replays.at(&"pbx".into(), START + seconds * 1_000).await.expect("reads")?;
    Some(floor.queues[0].members[0].state)
}

#[tokio::test]
async fn what_was_shown_is_read_back_over_segments_and_gaps() {
    let (_folder, mut recording, replays) = bench(Duration::from_secs(86_400));
    for second in 0..1_500 {
        recording.take(&floor(second), START + second * 1_000);
        if second % 3 == 2 {
            recording.write(START + second * 1_000).await;
        }
    }
    for second in [0, 1, 2, 599, 600, 601, 602, 1_199, 1_201, 1_499] {
        let expected = if second % 2 == 1 { BoardState::Busy } else { BoardState::Online };
        assert_eq!(state(&replays, second).await, Some(expected), "at {second} s");
    }
    assert_eq!(state(&replays, -1).await, None);
    assert_eq!(state(&replays, 1_499 + 121).await, None, "nobody recorded then");
    let segments = replays.between(&"pbx".into(), START, START + 1_500_000).await.expect("reads");
    assert_eq!(segments.len(), 3);
    let (mut player, until) =
        replays.segment(&"pbx".into(), segments[1]).await.expect("reads").expect("is there");
    let mut records = 0;
    while player.step(i64::MAX).expect("plays") {
        records += 1;
    }
    assert!(records > 500 && player.at() <= until, "{records} records");
}

#[tokio::test]
async fn a_night_without_changes_is_known_to_be_one() {
    let (_folder, mut recording, replays) = bench(Duration::from_secs(86_400));
    for second in (0..580).step_by(20) {
        recording.take(&floor(0), START + second * 1_000);
        recording.write(START + second * 1_000).await;
    }
    assert_eq!(state(&replays, 570).await, Some(BoardState::Online));
    let recorded = replays.recorded(&"pbx".into()).await.expect("reads").expect("recorded");
    assert!(recorded.until >= START + 500_000 && recorded.bytes < 300, "{recorded:?}");
}

#[tokio::test]
async fn what_is_too_old_goes_and_a_clock_set_back_begins_anew() {
    let (_folder, mut recording, replays) = bench(Duration::from_secs(3_600));
    for minute in 0..180 {
        let second = minute * 60 + minute % 2;
        recording.take(&floor(second), START + second * 1_000);
        recording.write(START + second * 1_000).await;
    }
    let recorded = replays.recorded(&"pbx".into()).await.expect("reads").expect("recorded");
    let oldest = (recorded.from - START) / 60_000;
    assert!((100..=120).contains(&oldest), "from minute {oldest}");
    recording.take(&floor(1), START + 110 * 60_000);
    recording.write(START + 110 * 60_000).await;
    assert_eq!(state(&replays, 110 * 60).await, Some(BoardState::Busy));
}

#[tokio::test]
async fn after_a_write_that_failed_a_new_segment_begins() {
    let (_folder, mut recording, replays) = bench(Duration::from_secs(86_400));
    recording.take(&floor(0), START);
    recording.write(START).await;
    recording.store.tamper("ALTER TABLE replay RENAME TO elsewhere").await;
    recording.take(&floor(1), START + 1_000);
    recording.write(START + 1_000).await;
    recording.store.tamper("ALTER TABLE elsewhere RENAME TO replay").await;
    recording.take(&floor(2), START + 2_000);
    recording.take(&floor(3), START + 3_000);
    recording.write(START + 3_000).await;
    assert_eq!(state(&replays, 2).await, Some(BoardState::Online));
    assert_eq!(state(&replays, 3).await, Some(BoardState::Busy));
}
