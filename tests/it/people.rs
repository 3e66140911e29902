//! Who is who, and ends of talks that were not logged, from a real MariaDB.

use asterflow::domain::history::query::Filter;
use jiff::civil::date;

use super::history::{Bench, with_captures};

/// The map as `interface agent source`.
async fn map(bench: &Bench) -> Vec<String> {
    let list = bench.history().names().list(None).await.expect("lists");
    let row = |row: &asterflow::domain::history::identity::IdentityRow| {
        let agents: Vec<&str> = row.claimed_by.iter().map(|agent| agent.as_str()).collect();
        format!("{} {} {}", row.interface, agents.join("|"), row.source.as_str())
    };
    list.rows.iter().map(row).collect()
}

/// Agents with a login: name and seconds.
async fn logged_in(bench: &Bench) -> Vec<(String, u64)> {
    let rows = bench.history().agents(&Filter::new(date(2026, 11, 22), date(2026, 11, 22))).await;
    let rows = rows.expect("answers").into_iter();
    rows.filter_map(|row| Some((row.agent.to_string(), row.figures.logged_in_s?))).collect()
}

async fn run(bench: &Bench, sql: &str) {
    bench.maria.script(&format!("USE asterisk; {sql}")).await.expect("runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_calls_tell_whose_a_phone_is() {
    let bench = Bench::start(false).await;
    with_captures(&bench.maria).await;
    run(&bench, "DELETE FROM queue_members").await;
    bench.sync().await;
    assert_eq!(map(&bench).await, ["PJSIP/101 Alice Adams cdr"], "her calls agree, five times and more");
    assert_eq!(logged_in(&bench).await, [("PJSIP/108".to_owned(), 2)]);
    let member = "INSERT INTO queue_members (queue_name, interface, membername) VALUES ";
    run(&bench, &format!("{member} ('vip', 'PJSIP/108', 'Hügo \\'Hill'), ('sales', 'PJSIP/109', NULL)"))
        .await;
    bench.sync().await;
    let both = ["PJSIP/101 Alice Adams cdr", "PJSIP/108 Hügo 'Hill queue_members"];
    assert_eq!(map(&bench).await, both);
    assert_eq!(logged_in(&bench).await, [("Hügo 'Hill".to_owned(), 2)]);
    bench.sync().await;
    assert_eq!(map(&bench).await, both, "the same once more is nothing new");
    // A table that may not be read, or is not there, is no fault.
    run(&bench, "RENAME TABLE queue_members TO somewhere_else").await;
    bench.sync().await;
    assert_eq!(map(&bench).await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cdr_of_a_leg_ends_a_talk_that_nothing_else_ended() {
    for freepbx in [false, true] {
        let bench = Bench::start(false).await;
        run(
            &bench,
            "INSERT INTO queue_log (time, callid, queuename, agent, event, data1, data2, data3) VALUES
             ('2026-11-20 08:00:00', '1795161600.1', 'q', 'NONE', 'ENTERQUEUE', '', '5551', '1'),
             ('2026-11-20 08:00:10', '1795161600.1', 'q', 'Ann', 'CONNECT', '10', '1795161601.2', '4'),
             ('2026-11-20 09:00:00', 'NONE', 'NONE', 'NONE', 'QUEUESTART', '', '', '');
             INSERT INTO cdr (uniqueid, linkedid, start, end, duration, dst, dcontext, lastapp, lastdata) VALUES
             ('1795161601.2', '1795161600.1', '2026-11-20 08:00:02', '2026-11-20 08:10:10', 608, '', '', '', ''),
             ('1795161601.22', '1795161600.1', '2026-11-20 08:00:02', '2026-11-20 08:00:11', 9, '', '', '', '')",
        )
        .await;
        if freepbx {
            run(
                &bench,
                "ALTER TABLE cdr CHANGE start calldate datetime, DROP COLUMN end, DROP COLUMN answer",
            )
            .await;
        }
        bench.sync().await;
        let filter = Filter::new(date(2026, 11, 20), date(2026, 11, 20));
        let visits = bench.history().visits(&filter).await.expect("answers");
        let visit = visits.iter().find(|visit| visit.outcome == "answered").expect("answered");
        assert_eq!((visit.talk_s, visit.talk_bound_s), (600, None), "freepbx: {freepbx}");
        assert_eq!(visit.marks, ["no end logged", "estimated"]);
    }
}
