//! Calls of the cdr beside the captured rows.

use super::*;

pub(super) fn cdr_rows() -> Vec<CdrRow> {
    include_str!("../../../../tests/fixtures/cdr.tsv")
        .lines()
        .map(|line| {
            let columns: Vec<&str> =
                line.split('\t').map(|text| if text == "NULL" { "" } else { text }).collect();
            CdrRow {
                start: parse_local(columns[3]).expect("a time"),
                uniqueid: columns[1].into(),
                linkedid: columns[2].into(),
                src: columns[5].into(),
                dst: columns[6].into(),
                dcontext: columns[7].into(),
                lastapp: columns[10].into(),
                lastdata: columns[11].into(),
                disposition: columns[16].into(),
                dstchannel: columns[4].into(),
            }
        })
        .collect()
}

#[tokio::test]
async fn exactly_one_captured_call_never_entered() {
    let expect = vec![("vip".to_owned(), "5550012".to_owned())];
    let shown = |calls: Vec<crate::domain::history::query::NotEntered>| {
        calls.into_iter().map(|call| (call.queue.to_string(), call.number)).collect::<Vec<_>>()
    };
    let (_dir, store) = empty("UTC").await;
    take(&store, &captured_rows(), 10).await;
    store.apply_cdr(&pbx(), cdr_rows(), None).await.expect("applies");
    assert_eq!(shown(store.not_entered(&pbx(), 0, i64::MAX).await.expect("reads")), expect);
    // The cdr first: nothing is known of routes yet, and when it is read again everything is.
    let (_dir, store) = empty("UTC").await;
    store.apply_cdr(&pbx(), cdr_rows(), None).await.expect("applies");
    take(&store, &captured_rows(), 10).await;
    store.apply_cdr(&pbx(), cdr_rows(), None).await.expect("applies");
    assert_eq!(shown(store.not_entered(&pbx(), 0, i64::MAX).await.expect("reads")), expect);
}
