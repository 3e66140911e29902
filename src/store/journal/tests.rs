use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn act(target: &str) -> JournalEntry {
    JournalEntry::new(&Actor::console(), "test", target)
}

async fn with_three_rows() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a store");
    let opened = store.journal_open(at(1), act("a")).await.expect("a row");
    store.journal_record(at(2), act("b\nline"), "ok").await.expect("a row");
    store.journal_close(at(3), opened, "ok", Some("done".into())).await.expect("a row");
    (folder, store)
}

#[tokio::test]
async fn an_act_is_opened_and_closed_once() {
    let (_folder, store) = with_three_rows().await;
    let page = store.journal_page(None, 10).await.expect("rows");
    assert_eq!(page.iter().map(|row| row.id.0).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!((page[0].refers, page[0].entry.target.as_str()), (Some(JournalId(1)), "a"));
    assert_eq!(page[1].entry.target, "b line", "one row is one line");
    assert_eq!(
        store.journal_verify().await.expect("verdict"),
        JournalVerdict { rows: 3, broken_at: None, open: 0 }
    );
    assert!(store.journal_close(at(4), JournalId(1), "again", None).await.is_err());
    assert!(store.journal_close(at(4), JournalId(2), "no act", None).await.is_err());
}

#[tokio::test]
async fn what_a_crash_left_open_is_closed_at_the_next_start() {
    let (_folder, store) = with_three_rows().await;
    store.journal_open(at(5), act("c")).await.expect("a row");
    assert_eq!(store.journal_verify().await.expect("verdict").open, 1);
    assert_eq!(store.journal_close_interrupted(at(6), &[]).await.expect("count"), 1);
    assert_eq!(store.journal_close_interrupted(at(7), &[]).await.expect("count"), 0);
    assert_eq!(store.journal_verify().await.expect("verdict").open, 0);
}

#[tokio::test]
async fn rows_cannot_be_changed_or_deleted_and_tampering_is_found() {
    for (sql, broken) in [
        ("UPDATE journal SET actor = 'mallory' WHERE id = 2", 2),
        ("UPDATE journal SET result = NULL WHERE id = 2", 2),
        ("DELETE FROM journal WHERE id = 2", 2),
        ("DELETE FROM journal WHERE id = 3", 3),
        ("DELETE FROM journal", 1),
    ] {
        let (_folder, store) = with_three_rows().await;
        let refused = store.write(move |tx| Ok(tx.execute_batch(sql)?)).await;
        assert!(refused.is_err(), "{sql}");
        let forced = format!(
            "DROP TRIGGER journal_never_changes; DROP TRIGGER journal_never_forgets;
             UPDATE sqlite_sequence SET seq = seq; {sql}"
        );
        store.write(move |tx| Ok(tx.execute_batch(&forced)?)).await.expect("tampering");
        let verdict = store.journal_verify().await.expect("verdict");
        assert_eq!(verdict.broken_at, Some(JournalId(broken)), "{sql}");
    }
}

#[tokio::test]
async fn acts_that_may_go_on_without_us_stay_open_for_the_next_run() {
    let (_folder, store) = with_three_rows().await;
    let listening = JournalEntry::new(&Actor::console(), "supervision listen", "a call");
    let opened = store.journal_open(at(5), listening).await.expect("a row");
    store.journal_open(at(6), act("d")).await.expect("a row");
    assert_eq!(store.journal_close_interrupted(at(7), &["supervision listen"]).await.expect("count"), 1);
    let open = store.journal_open_acts(&["supervision listen"]).await.expect("rows");
    assert_eq!(open.iter().map(|row| row.id).collect::<Vec<_>>(), [opened]);
    assert!(store.journal_open_acts(&["test"]).await.expect("rows").is_empty());
    store.journal_record(at(8), act("e"), "ok").await.expect("a row");
    let later = store.journal_after(opened, "test").await.expect("rows");
    assert_eq!(later.iter().map(|row| row.entry.target.as_str()).collect::<Vec<_>>(), ["d", "d", "e"]);
}
