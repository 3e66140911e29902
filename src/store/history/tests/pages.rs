//! Pages of visits are all visits, each once.

use super::*;

async fn check(zone: &str, rows: &[LogRow]) {
    let (_dir, store) = empty(zone).await;
    take(&store, rows, 7).await;
    let all = visits(&store).await;
    assert!(all.len() > 5);
    for limit in 1..=all.len() + 1 {
        let (mut found, mut from, mut pages) = (Vec::new(), Some(0), 0);
        while let Some(start) = from {
            let filter = VisitFilter { from: start, to: i64::MAX, ..VisitFilter::default() };
            let (page, next) = store.visits_page(&pbx(), filter, limit).await.expect("reads");
            let last = page.get(limit - 1).map(|visit| visit.entered);
            let behind = page.iter().skip(limit).all(|visit| Some(visit.entered) == last);
            assert!(behind, "only visits of one second are more than {limit}");
            found.extend(page);
            (from, pages) = (next, pages + 1);
        }
        assert_eq!(found, all, "{zone}, {limit}");
        assert!(pages >= all.len().div_ceil(limit + 3), "{pages} pages of {limit}");
    }
}

#[tokio::test]
async fn pages_of_visits_are_all_visits() {
    for zone in ["UTC", "Europe/Berlin", "Asia/Kolkata"] {
        check(zone, &captured_rows()).await;
        check(zone, &hard()).await;
    }
}

#[tokio::test]
async fn visits_of_a_repeated_hour_are_paged_in_the_order_of_their_instants() {
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    // The hour from 02:00 comes twice; every seven minutes somebody gives up.
    let first = 1_792_881_000;
    let rows: Vec<LogRow> = (0..30_i64)
        .flat_map(|call| {
            let at = first + call * 420;
            let row = move |id, at: i64, event: &str, fields: &str| {
                let mut data: [String; 5] = Default::default();
                data.iter_mut().zip(fields.split('|')).for_each(|(slot, text)| *slot = text.into());
                let local = jiff::Timestamp::from_second(at).expect("a time");
                (id, local, event.to_owned(), data, format!("{}.{call}", first + call * 420))
            };
            [row(call * 2 + 1, at, "ENTERQUEUE", "|5|1"), row(call * 2 + 2, at + 60, "ABANDON", "1|1|60")]
        })
        .map(|(id, at, event, data, callid)| LogRow {
            id,
            local: zone.to_datetime(at),
            callid: callid.into(),
            queue: "q".into(),
            agent: "NONE".into(),
            event: event.into(),
            data: data.map(Into::into),
        })
        .collect();
    check("Europe/Berlin", &rows).await;
}
