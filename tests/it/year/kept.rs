//! Nothing is lost: every row that came is stored as it came, once, also those that count for nothing.

use std::collections::BTreeSet;

use asterflow::domain::history::row::LogRow;
use asterflow::domain::ids::PbxName;
use asterflow::store::Store;

/// A row as what it is: without its id, but with the source that its id tells.
fn text(row: &LogRow) -> String {
    let source = if row.id < 0 { "file" } else { "table" };
    let (local, queue) = (row.local, row.queue.to_ascii_lowercase());
    format!("{source} {local} {} {queue} {} {} {:?}", row.callid, row.agent, row.event, row.data)
}

/// The rows that came.
#[derive(Default)]
pub(super) struct Kept {
    rows: BTreeSet<String>,
    callids: BTreeSet<String>,
    agents: BTreeSet<String>,
}

impl Kept {
    pub(super) fn take(&mut self, row: &LogRow) {
        self.rows.insert(text(row));
        for (names, name) in [(&mut self.callids, &row.callid), (&mut self.agents, &row.agent)] {
            if !names.contains(name.as_str()) {
                names.insert(name.to_string());
            }
        }
    }

    /// Holds what is stored against what came.
    pub(super) async fn check(self, store: &Store, pbx: &PbxName) {
        let mut stored = BTreeSet::new();
        let callids: Vec<String> = self.callids.into_iter().collect();
        for some in callids.chunks(500) {
            let rows = store.stored_rows(pbx, some.to_vec()).await.expect("reads");
            stored.extend(rows.values().flatten().map(text));
        }
        for agent in self.agents {
            let rows = store.lone_rows(pbx, &agent, 0, 9_999_999_999).await.expect("reads");
            stored.extend(rows.iter().map(text));
        }
        let missing: Vec<&String> = self.rows.difference(&stored).take(5).collect();
        let invented: Vec<&String> = stored.difference(&self.rows).take(5).collect();
        assert!(missing.is_empty() && invented.is_empty(), "missing {missing:#?}, invented {invented:#?}");
        eprintln!("{} rows are kept", stored.len());
    }
}
