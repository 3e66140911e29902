//! The heatmap: dates down, the clock hours of the PBX's zone across. A repeated hour gets a column of its own, a
//! skipped one is absent on its day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::time::{Hour, hour_of};

use super::format;
use super::scale::{Colour, Scale};

/// What the cells show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Talk; amounts are seconds.
    #[default]
    Talk,
    /// Offered visits; amounts are counts.
    Calls,
    /// Answered visits.
    Answered,
    /// Abandoned visits.
    Abandoned,
    /// Service level; amounts are shares of 1.
    ServiceLevel,
    /// Average speed of answer; amounts are seconds.
    SpeedOfAnswer,
    /// Occupancy; amounts are shares of 1.
    Occupancy,
}

/// What is known of one clock hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HourValue {
    /// In the metric's own unit; `None`: the hour is known, the figure is not defined in it.
    pub amount: Option<f64>,
    /// Got a row more than an hour after its own time.
    pub late: bool,
    /// Holds more talk than it lasts: two of the agent's logged talks overlap.
    pub overlapping: bool,
}

/// What a heatmap is made of.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The PBX's zone.
    pub zone: &'a TimeZone,
    /// The present.
    pub now: Timestamp,
    /// What the cells show.
    pub metric: Metric,
    /// Whose hours: an agent's or queue's name; empty for all.
    pub subject: &'a str,
    /// By the UTC second at which the hour starts; hours that hold nothing may be left out.
    pub values: &'a BTreeMap<i64, HourValue>,
    /// The day's own figure where it is not the sum of its hours (shares and means).
    pub day_values: &'a BTreeMap<Date, f64>,
    /// The UTC seconds [from, until) of which everything is known; outside is "no data".
    pub known: Option<(i64, i64)>,
    /// The newest date; `None`: today.
    pub last: Option<Date>,
    /// How many dates.
    pub rows: usize,
}

/// What a cell is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellState {
    /// Holds a value.
    Value,
    /// Known to hold nothing.
    Empty,
    /// Nothing is known of it.
    NoData,
    /// Not yet.
    Ahead,
    /// This day has no such hour.
    #[default]
    Absent,
}

/// One hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// What it is.
    pub state: CellState,
    /// Its value as printed; empty without one.
    pub text: String,
    /// Its colour on the scale.
    pub fill: Colour,
    /// Changed long after its time.
    pub late: bool,
    /// More talk than the hour lasts.
    pub overlapping: bool,
    /// The hour that runs.
    pub now: bool,
    /// The UTC second at which it starts; `None` where the day has no such hour.
    pub start: Option<i64>,
}

/// One date.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// `Sun`.
    pub weekday: &'static str,
    /// `22 Nov`.
    pub date: String,
    /// The present day.
    pub today: bool,
    /// Saturday or Sunday.
    pub weekend: bool,
    /// One a column.
    pub cells: Vec<Cell>,
    /// The day's figure with its unit, or a dash.
    pub total: String,
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heatmap {
    /// What the cells show.
    pub metric: Metric,
    /// Whose hours.
    pub subject: String,
    /// Of the cells.
    pub unit: &'static str,
    /// Column heads.
    pub hours: Vec<String>,
    /// Newest first.
    pub rows: Vec<Row>,
    /// Colour and beginning of each step.
    pub scale: Vec<(Colour, String)>,
    /// Whether a cell is marked late.
    pub any_late: bool,
    /// Whether a cell is marked overlapping.
    pub any_overlapping: bool,
}

/// A column: the clock hour, and which of its occurrences on that day.
type Column = (i8, u8);

/// Makes the page.
pub fn heatmap(request: &Request<'_>) -> Heatmap {
    let today = request.now.to_zoned(request.zone.clone()).date();
    let last = request.last.unwrap_or(today);
    let days: Vec<(Date, BTreeMap<Column, Hour>)> = (0..request.rows)
        .filter_map(|back| last.checked_sub(i64::try_from(back).ok()?.days()).ok())
        .map(|date| (date, hours_of(request.zone, date)))
        .collect();
    let columns: BTreeSet<Column> = days.iter().flat_map(|(_, hours)| hours.keys().copied()).collect();
    let print = Print::for_values(request.metric, &days, request.values);
    let rows: Vec<Row> =
        days.iter().map(|(date, hours)| row(request, &print, &columns, *date, hours, today)).collect();
    Heatmap {
        metric: request.metric,
        subject: request.subject.to_owned(),
        unit: print.unit,
        hours: columns
            .iter()
            .map(|(hour, again)| format!("{hour}{}", if *again > 0 { "b" } else { "" }))
            .collect(),
        any_overlapping: rows.iter().flat_map(|row| &row.cells).any(|cell| cell.overlapping),
        any_late: rows.iter().flat_map(|row| &row.cells).any(|cell| cell.late),
        rows,
        scale: print.scale.steps(),
    }
}

/// The clock hours of a date, in order.
fn hours_of(zone: &TimeZone, date: Date) -> BTreeMap<Column, Hour> {
    let mut hours = BTreeMap::new();
    let Ok(start) = date.to_zoned(zone.clone()) else { return hours };
    let mut at = start.timestamp().as_second();
    for _ in 0..30 {
        let hour = hour_of(zone, at);
        let local = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
        if local.date() != date {
            break;
        }
        let again = (0..4).find(|again| !hours.contains_key(&(local.hour(), *again))).unwrap_or(0);
        hours.insert((local.hour(), again), hour);
        at = hour.end();
    }
    hours
}

/// How the values of a page are printed.
struct Print {
    metric: Metric,
    unit: &'static str,
    /// Amount → printed number.
    per: f64,
    scale: Scale,
}

impl Print {
    fn for_values(
        metric: Metric,
        days: &[(Date, BTreeMap<Column, Hour>)],
        values: &BTreeMap<i64, HourValue>,
    ) -> Self {
        let shown = days.iter().flat_map(|(_, hours)| hours.values());
        let most = shown.filter_map(|hour| values.get(&hour.start)?.amount).fold(0.0_f64, f64::max);
        let (unit, per) = match metric {
            // Three digits fit a cell: minutes while they do, hours beyond.
            Metric::Talk if most / 60.0 < 1000.0 => ("minutes of talk per clock hour", 60.0),
            Metric::Talk => ("hours of talk per clock hour", 3600.0),
            Metric::Calls | Metric::Answered | Metric::Abandoned => ("calls per clock hour", 1.0),
            Metric::ServiceLevel | Metric::Occupancy => ("%", 0.01),
            Metric::SpeedOfAnswer => ("seconds", 1.0),
        };
        let scale = match metric {
            Metric::ServiceLevel => Scale::percent(true),
            Metric::Occupancy => Scale::percent(false),
            _ => Scale::holding(most / per),
        };
        Self { metric, unit, per, scale }
    }

    /// The number in a cell. Talk that is not nothing never shows as 0.
    fn value(&self, amount: f64) -> String {
        let number = amount / self.per;
        match self.metric {
            Metric::Talk if self.per > 60.0 && number < 0.95 => format!("{:.1}", number.max(0.1)),
            Metric::Talk => format!("{:.0}", number.max(1.0)),
            _ => format!("{number:.0}"),
        }
    }

    /// A day's total with its unit.
    fn total(&self, amount: Option<f64>) -> String {
        let Some(amount) = amount else { return format::DASH.to_owned() };
        match self.metric {
            Metric::Talk if amount < 3600.0 => format!("{:.0} min", amount / 60.0),
            Metric::Talk if amount < 359_640.0 => format!("{:.1} h", amount / 3600.0),
            Metric::Talk => {
                format!("{} h", format::count(u64::try_from(format::rounded(amount / 3600.0)).unwrap_or(0)))
            }
            Metric::ServiceLevel | Metric::Occupancy => format::percent(Some(amount)),
            Metric::SpeedOfAnswer => format::mean(Some(amount)),
            Metric::Calls | Metric::Answered | Metric::Abandoned => {
                format::count(u64::try_from(format::rounded(amount)).unwrap_or(0))
            }
        }
    }

    /// Whether a day is the sum of its hours.
    fn adds_up(&self) -> bool {
        matches!(self.metric, Metric::Talk | Metric::Calls | Metric::Answered | Metric::Abandoned)
    }
}

fn row(
    request: &Request<'_>,
    print: &Print,
    columns: &BTreeSet<Column>,
    date: Date,
    hours: &BTreeMap<Column, Hour>,
    today: Date,
) -> Row {
    let amounts = hours.values().filter_map(|hour| request.values.get(&hour.start)?.amount);
    let known = hours.values().any(|hour| is_known(request, *hour));
    let total = match (print.adds_up(), known) {
        // Summed by hand: the sum of no floats is -0.
        (true, true) => Some(amounts.fold(0.0, |sum, amount| sum + amount)),
        (false, true) => request.day_values.get(&date).copied(),
        (_, false) => None,
    };
    Row {
        weekday: weekday(date.weekday()),
        date: format!("{:02} {}", date.day(), MONTHS[usize::try_from(date.month() - 1).unwrap_or(0) % 12]),
        today: date == today,
        weekend: matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        cells: columns.iter().map(|column| cell(request, print, hours.get(column).copied())).collect(),
        total: print.total(total),
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

/// Whether all of an hour is known, as far as it has gone.
fn is_known(request: &Request<'_>, hour: Hour) -> bool {
    request.known.is_some_and(|(from, until)| hour.start >= from && hour.start < until)
}

fn cell(request: &Request<'_>, print: &Print, hour: Option<Hour>) -> Cell {
    let mut cell = Cell::default();
    let Some(hour) = hour else { return cell };
    cell.start = Some(hour.start);
    let now = request.now.as_second();
    cell.now = (hour.start..hour.end()).contains(&now);
    let value = request.values.get(&hour.start);
    cell.late = value.is_some_and(|value| value.late);
    cell.overlapping = value.is_some_and(|value| value.overlapping);
    match value.and_then(|value| value.amount) {
        Some(amount) if amount > 0.0 || !print.adds_up() => {
            cell.state = CellState::Value;
            cell.text = print.value(amount);
            cell.fill = print.scale.colour(amount / print.per);
        }
        _ if hour.start > now => cell.state = CellState::Ahead,
        _ if value.is_some() || is_known(request, hour) => cell.state = CellState::Empty,
        _ => cell.state = CellState::NoData,
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(now: &str, values: &[(&str, f64)], known_from: &str, rows: usize) -> Heatmap {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let second = |text: &str| text.parse::<Timestamp>().expect("a timestamp").as_second();
        let values = values
            .iter()
            .map(|(at, amount)| {
                (second(at), HourValue { amount: Some(*amount), late: false, overlapping: false })
            })
            .collect();
        heatmap(&Request {
            zone: &zone,
            now: now.parse().expect("a timestamp"),
            metric: Metric::Talk,
            subject: "",
            values: &values,
            day_values: &BTreeMap::new(),
            known: Some((second(known_from), second(now))),
            last: None,
            rows,
        })
    }

    #[test]
    fn an_empty_hour_and_an_hour_without_data_differ() {
        let values = [("2026-11-22T07:00:00Z", 720.0)];
        let page = page("2026-11-22T09:30:00Z", &values, "2026-11-22T00:00:00Z", 2);
        assert_eq!((page.hours.len(), page.unit, page.rows.len()), (24, "minutes of talk per clock hour", 2));
        let today = &page.rows[0];
        assert_eq!((today.weekday, today.date.as_str(), today.total.as_str()), ("Sun", "22 Nov", "12 min"));
        assert_eq!((today.cells[8].state, today.cells[8].text.as_str()), (CellState::Value, "12"));
        assert_eq!((today.cells[9].state, today.cells[11].state), (CellState::Empty, CellState::Ahead));
        assert!(today.cells[10].now);
        assert_eq!((page.rows[1].cells[8].state, page.rows[1].total.as_str()), (CellState::NoData, "–"));
        let part = self::page("2026-11-22T09:30:00Z", &[], "2026-11-22T06:30:00Z", 1);
        assert_eq!([7, 8].map(|hour| part.rows[0].cells[hour].state), [CellState::NoData, CellState::Empty]);
    }

    #[test]
    fn little_talk_does_not_show_as_none() {
        let values = [("2026-11-22T07:00:00Z", 20.0), ("2026-11-22T08:00:00Z", 120.0)];
        let minutes = page("2026-11-22T09:30:00Z", &values, "2026-11-22T00:00:00Z", 1);
        let shown = |page: &Heatmap| [8, 9, 10].map(|hour| page.rows[0].cells[hour].text.clone());
        assert_eq!(shown(&minutes), ["1", "2", ""]);
        let values = [
            ("2026-11-22T07:00:00Z", 100.0),
            ("2026-11-22T08:00:00Z", 1080.0),
            ("2026-11-22T09:00:00Z", 72_000.0),
        ];
        let hours = page("2026-11-22T09:30:00Z", &values, "2026-11-22T00:00:00Z", 1);
        assert_eq!(
            (hours.unit, shown(&hours)),
            ("hours of talk per clock hour", ["0.1", "0.3", "20"].map(String::from))
        );
    }

    #[test]
    fn a_repeated_hour_is_a_column_that_other_days_lack() {
        let page = page("2026-10-25T20:00:00Z", &[], "2026-10-01T00:00:00Z", 2);
        assert_eq!((page.hours.len(), page.hours[3].as_str()), (25, "2b"));
        assert_eq!(page.rows[0].cells[3].state, CellState::Empty);
        assert_eq!(page.rows[1].cells[3].state, CellState::Absent);
        assert_eq!(page.rows[1].total, "0 min");
    }

    #[test]
    fn a_skipped_hour_is_absent_on_its_day() {
        let page = page("2026-03-29T20:00:00Z", &[], "2026-03-01T00:00:00Z", 2);
        assert_eq!((page.hours.len(), page.rows[0].cells[2].state), (24, CellState::Absent));
    }
}
