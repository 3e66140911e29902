//! How a trap is sprung: rows go into a store as they would from a table, and the history is asked.

use std::collections::BTreeMap;

use asterflow::domain::history::query::{Bucket, By, Count, Filter};
use asterflow::domain::history::row::LogRow;
use asterflow::domain::history::time_text::parse_local;
use asterflow::domain::ids::PbxName;
use asterflow::store::{Batch, CdrRow, Store};
use asterflow::tasks::history::{History, Thresholds};
use jiff::civil::date;
use serde_json::{Value, json};

/// The day on which a trap is sprung, where its lines name no other.
const DAY: &str = "2026-11-22";

/// A store that took the rows, and its history.
pub(super) struct Told {
    _dir: tempfile::TempDir,
    pub(super) history: History,
}

/// A line `09:00:00 callid queue agent EVENT data1|data2`, or with a date, `2026-10-25T02:10:00 …`.
fn row(id: i64, line: &str) -> LogRow {
    let mut words = line.splitn(6, ' ');
    let mut next = || words.next().unwrap_or("").replace('~', " ");
    let time = next();
    let (callid, queue, agent, event, fields) = (next(), next(), next(), next(), next());
    let mut data: [String; 5] = Default::default();
    // The last column keeps the pipes that are left over, as Asterisk writes it.
    data.iter_mut().zip(fields.splitn(5, '|')).for_each(|(slot, text)| *slot = text.to_owned());
    let [callid, queue, agent, event] = [callid, queue, agent, event].map(Into::into);
    LogRow { id, local: local(&time), callid, queue, agent, event, data: data.map(Into::into) }
}

fn local(time: &str) -> jiff::civil::DateTime {
    let time = if time.contains('T') { time.to_owned() } else { format!("{DAY}T{time}") };
    parse_local(&time).expect("a time")
}

/// A line `09:00:00 uniqueid CDR queue`: a call that ended in the application Queue.
fn cdr(line: &str) -> CdrRow {
    let words: Vec<&str> = line.split(' ').collect();
    CdrRow {
        start: local(words[0]),
        uniqueid: words[1].into(),
        linkedid: words[1].into(),
        src: "555".into(),
        dcontext: "from-outside".into(),
        dst: "800".into(),
        lastapp: "Queue".into(),
        lastdata: words[3].into(),
        disposition: "ANSWERED".into(),
        dstchannel: String::new(),
    }
}

pub(super) async fn tell(zone: &str, story: &str) -> Told {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    let pbx = PbxName::new("pbx");
    store.register_pbx(&pbx, zone).await.expect("registers");
    let lines: Vec<&str> = story.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (calls, rows): (Vec<&str>, Vec<&str>) = lines.into_iter().partition(|line| line.contains(" CDR "));
    let rows: Vec<LogRow> = (1..).zip(rows).map(|(id, line)| row(id, line)).collect();
    // The last row first, and one at a time: nothing may depend on it.
    for row in rows.into_iter().rev() {
        let batch = Batch { pbx: pbx.clone(), rows: vec![row], oddities: BTreeMap::new(), cursor: None };
        store.apply_batch(batch).await.expect("applies");
    }
    store.apply_cdr(&pbx, calls.into_iter().map(cdr).collect(), None).await.expect("applies");
    Told { _dir: dir, history: History::new(store, Thresholds::default()) }
}

/// Everything.
pub(super) fn always() -> Filter {
    Filter::new(date(2020, 1, 1), date(2099, 1, 1))
}

impl Told {
    /// Asks for every line: a subject, then fields with what they must be. Subjects: `queue NAME`, `calls NAME` (visits of
    /// one callid as one), `agent NAME`, `agent@HOUR NAME`, `visit CALLID QUEUE`, `agents` (all names).
    pub(super) async fn expect(&self, expectations: &str) {
        for line in expectations.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (subject, fields) = line.split_once(": ").expect("a subject and its fields");
            let found = self.ask(subject).await;
            for field in fields.split(", ") {
                let (name, expect) = field.rsplit_once(' ').expect("a field and its value");
                let got = match found.get(name) {
                    Some(Value::Null) => "–".to_owned(),
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => panic!("{line}: there is no {name} in {found}"),
                };
                assert_eq!(got, expect.replace('~', " "), "{line}");
            }
        }
    }

    async fn ask(&self, subject: &str) -> Value {
        let (kind, name) = subject.split_once(' ').unwrap_or((subject, ""));
        let name = name.replace('~', " ");
        let (kind, hour) =
            kind.split_once('@').map_or((kind, None), |(kind, hour)| (kind, hour.parse::<i8>().ok()));
        let by = if hour.is_some() { By::Hour } else { By::Range };
        let count = if kind == "calls" { Count::Calls } else { Count::Visits };
        let filter = Filter { by, count, ..always() };
        let at_hour = |bucket: &Bucket| match bucket {
            Bucket::Hour(_, _, at) => Some(*at) == hour,
            _ => hour.is_none(),
        };
        match kind {
            "queue" | "calls" => {
                let rows = self.history.queues(&filter).await.expect("answers");
                shown(rows.iter().find(|row| row.queue.as_str() == name && at_hour(&row.bucket)))
            }
            "agent" => {
                let rows = self.history.agents(&filter).await.expect("answers");
                shown(rows.iter().find(|row| row.agent.as_str() == name && at_hour(&row.bucket)))
            }
            "agents" => {
                let rows = self.history.agents(&filter).await.expect("answers");
                let names: Vec<&str> = rows.iter().map(|row| row.agent.as_str()).collect();
                json!({"all": names.join(" ")})
            }
            "visit" => {
                let (callid, queue) = name.split_once(' ').expect("a callid and a queue");
                let rows = self.history.visits(&filter).await.expect("answers");
                let found = rows.iter().find(|row| row.callid == callid && row.queue.as_str() == queue);
                let mut found = shown(found);
                let marks = found["marks"].as_array().into_iter().flatten().filter_map(Value::as_str);
                found["marks"] = json!(marks.collect::<Vec<_>>().join("+"));
                found
            }
            other => panic!("nobody is called {other}"),
        }
    }
}

/// A row as the API writes it.
fn shown<T: serde::Serialize>(row: Option<&T>) -> Value {
    row.map_or_else(|| json!({"rows": 0}), |row| serde_json::to_value(row).expect("serialises"))
}
