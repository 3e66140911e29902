//! Any rows at all, in any order, in any batches, doubled or not: the tables are the same.
//!
//! The rows are pieces of calls and of presences that few agents, queues and callids share, some lost, in two hours that
//! hold a repeated one: so that everything that can hang together does.

use proptest::prelude::*;

use super::*;

/// 2026-10-25 01:30:00 in Berlin; the hour from 02:00 comes twice.
const BASE: i64 = 1_792_884_600;

fn local(zone: &TimeZone, second: i64) -> jiff::civil::DateTime {
    zone.to_datetime(jiff::Timestamp::from_second(BASE + second).expect("a time"))
}

/// A row without its id: second, callid, queue, agent, event, data.
type Piece = (i64, String, String, String, &'static str, String);

fn name(kind: &str, n: u8) -> String {
    format!("{kind}{n}")
}

/// A call, or two under two callids, of which each row may be lost.
fn call() -> impl Strategy<Value = Vec<Piece>> {
    let times = (0..7000_i64, 0..400_i64, 0..5000_i64);
    (times, 0..3_u8, 0..2_u8, 0..2_u8, 0..9_u8, any::<u8>(), 0..3_u8).prop_map(
        |((enter, wait, talk), callid, queue, agent, how, lost, other)| {
            // Few callids, each made when it may have been.
            let made = [0, 1500, 4000][usize::from(callid)];
            let enter = enter.max(made);
            let id = format!("{}.{callid}", BASE + made);
            let under = format!("{}.{other}", BASE + [0, 1500, 4000][usize::from(other)]);
            let (q, a) = (name("q", queue), name("A", agent));
            let (connect, end) = (enter + wait, enter + wait + talk);
            let none = || "NONE".to_owned();
            let mut rows: Vec<Piece> =
                vec![(enter, id.clone(), q.clone(), none(), "ENTERQUEUE", "|5|1".into())];
            rows.push((enter + wait / 2, id.clone(), q.clone(), a.clone(), "RINGNOANSWER", "3000".into()));
            match how {
                0 => rows.push((connect, id, q, none(), "ABANDON", format!("1|1|{wait}"))),
                1 => rows.push((connect, id, q, none(), "EXITWITHTIMEOUT", format!("1|1|{wait}"))),
                2 => rows.push((connect, id, q, a, "RINGCANCELED", "4000".into())),
                _ => {
                    let from = if how == 3 { under.clone() } else { id.clone() };
                    rows.push((connect, from, q.clone(), a.clone(), "CONNECT", format!("{wait}|u|2")));
                    let to = if how == 4 { under } else { id };
                    let (event, data) = match how {
                        5 => ("BLINDTRANSFER", format!("200|x|{wait}|{talk}|1")),
                        6 => ("ATTENDEDTRANSFER", format!("BRIDGE|b|{wait}|{talk}|1")),
                        _ => ("COMPLETEAGENT", format!("{wait}|{talk}|1")),
                    };
                    rows.push((end, to, q, a, event, data));
                }
            }
            (0..).zip(rows).filter(|(n, _)| (lost >> (2 * n)) & 3 != 3).map(|(_, row)| row).collect()
        },
    )
}

/// A row of an agent, or a start of Asterisk.
fn lone() -> impl Strategy<Value = Vec<Piece>> {
    const EVENTS: [&str; 9] = [
        "PAUSE",
        "PAUSE",
        "UNPAUSE",
        "PAUSEALL",
        "UNPAUSEALL",
        "ADDMEMBER",
        "REMOVEMEMBER",
        "AGENTLOGIN",
        "AGENTLOGOFF",
    ];
    (0..9000_i64, 0..2_u8, 0..2_u8, 0..9_usize, 0..40_u8, 0..2_u8).prop_map(
        |(at, queue, agent, event, start, why)| {
            if start == 0 {
                return vec![(at, "NONE".into(), "NONE".into(), "NONE".into(), "QUEUESTART", String::new())];
            }
            let event = EVENTS[event];
            let all = event.ends_with("ALL") || event.starts_with("AGENT");
            let queue = if all { "NONE".to_owned() } else { name("q", queue) };
            let reason =
                if event == "ADDMEMBER" { ["", "PAUSED"] } else { ["Lunch", "Coffee"] }[usize::from(why)];
            vec![(at, "NONE".into(), queue, name("A", agent), event, reason.into())]
        },
    )
}

/// Rows with the ids that they would have: nearly in the order of time.
fn rows() -> impl Strategy<Value = Vec<LogRow>> {
    let pieces = (prop::collection::vec(call(), 0..7), prop::collection::vec(lone(), 0..24));
    pieces.prop_map(|(calls, lones)| {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let mut pieces: Vec<Piece> = calls.into_iter().chain(lones).flatten().collect();
        pieces.sort_by_key(|(at, ..)| *at / 30);
        (1..)
            .zip(pieces)
            .map(|(id, (at, callid, queue, agent, event, fields))| {
                let mut data: [String; 5] = Default::default();
                data.iter_mut().zip(fields.split('|')).for_each(|(slot, text)| *slot = text.into());
                let [callid, queue, agent] = [callid, queue, agent].map(Into::into);
                LogRow {
                    id,
                    local: local(&zone, at),
                    callid,
                    queue,
                    agent,
                    event: event.into(),
                    data: data.map(Into::into),
                }
            })
            .collect()
    })
}

/// Rows, and the same in another order, some of them twice, also under a second id.
fn twice() -> impl Strategy<Value = (Vec<LogRow>, Vec<LogRow>, usize)> {
    rows().prop_flat_map(|rows| {
        let doubles = prop::collection::vec((0..rows.len().max(1), any::<bool>()), 0..5);
        (Just(rows.clone()), Just(rows).prop_shuffle(), doubles, 1..9_usize).prop_map(
            |(rows, mut other, doubles, at_once)| {
                for (at, renumbered) in doubles {
                    let Some(mut twin) = rows.get(at).cloned() else { continue };
                    twin.id += if renumbered { 1000 } else { 0 };
                    let place = (at * 7 + 3) % (other.len() + 1);
                    other.insert(place, twin);
                }
                (rows, other, at_once)
            },
        )
    })
}

/// More by hand: `ASTERFLOW_CASES=5000 cargo test any_rows`.
fn cases() -> u32 {
    std::env::var("ASTERFLOW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 600, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn any_rows_give_the_same_tables_in_any_order(case in twice()) {
        let (rows, other, at_once) = case;
        prop_assume!(!rows.is_empty());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(check_same("Europe/Berlin", &rows, &other, at_once));
    }
}
