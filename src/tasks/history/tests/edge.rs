//! Where the history begins: while the past is being read, and when the rows of the oldest days are gone.

use super::*;
use crate::store::{Older, Purge, Reading};

fn calls() -> Vec<LogRow> {
    story(&[
        "07:10:00,1795331400.1,q1,NONE,ENTERQUEUE,|5|1",
        "07:10:10,1795331400.1,q1,Ann,CONNECT,10|u|5",
        "07:59:10,1795331400.1,q1,Ann,COMPLETECALLER,10|2940|1",
        "12:00:00,1795348800.3,q1,NONE,ENTERQUEUE,|5|1",
        "12:00:09,1795348800.3,q1,NONE,ABANDON,1|1|9",
    ])
}

#[tokio::test]
async fn hours_at_the_edge_of_what_is_read_are_not_shown_as_whole() {
    let (_dir, history) = history(calls()).await;
    let midnight = 1_795_305_600;
    let filter = Filter { metric: Metric::Talk, ..Filter::new(date(2026, 11, 20), date(2026, 11, 23)) };
    // Read down to the midst of an hour, to a midnight, to the end.
    for (edge, hours, first) in [
        (Some(midnight + 7 * 3600 + 1800), 0, midnight + 86_400),
        (Some(midnight), 1, midnight + 7 * 3600),
        (None, 1, midnight + 7 * 3600),
    ] {
        let older = edge.map(|local| Older { reached: 40, local, floor: i64::MIN });
        let reading = Reading { newest: 90, older, ..Reading::default() };
        let batch = Batch { pbx: pbx(), rows: Vec::new(), oddities: BTreeMap::new(), cursor: None };
        history.store.apply_reading(batch, reading).await.expect("applies");
        assert_eq!(history.known_since(&pbx()).await.expect("answers"), Some(first), "{edge:?}");
        for of in [HeatOf::Together, HeatOf::Agents] {
            let rows = history.heatmap(&filter, of).await.expect("answers");
            assert_eq!(rows.len(), hours, "{edge:?} {rows:?}");
        }
        let known = history.known(None).await.expect("answers").dates.expect("dates");
        assert_eq!(known.0, if hours == 0 { date(2026, 11, 23) } else { day() });
    }
}

#[tokio::test]
async fn what_is_kept_begins_at_the_first_whole_date() {
    for (zone, first) in [("UTC", day()), ("Europe/Berlin", date(2026, 11, 23)), ("America/Lima", day())] {
        let (_dir, history) = history(story(&["12:00:00,1795262400.3,q1,NONE,ENTERQUEUE,|5|1"])).await;
        history.store.register_pbx(&pbx(), zone).await.expect("registers");
        assert_eq!(history.kept_from(None).await.expect("answers"), None);
        let edge = history.store.keep_from(&pbx(), 1_795_305_600 + 5000).await.expect("moves");
        assert_eq!(edge, Some(1_795_305_600));
        history.store.purge(&pbx(), Purge::default()).await.expect("removes");
        assert_eq!(history.kept_from(None).await.expect("answers"), Some(first), "{zone}");
        assert_eq!(history.kept_from(Some(&PbxName::new("other"))).await.expect("answers"), None);
    }
}
