//! Queues and members in any number, with names that are hard on a layout.
use crate::glyphs::drawable;
use crate::model;
use asterflow_ui::*;
use slint::{ComponentHandle, SharedString};

fn text(value: impl ToString) -> SharedString {
    value.to_string().into()
}

fn member(queue: usize, index: usize, people: &[&str]) -> MemberCard {
    let kind = (index * 7 + queue * 3 + index / 5) % 10;
    let (state, sub) = match kind {
        0..=2 => (AgentState::Online, SubState::Free),
        3 | 4 => (AgentState::Busy, SubState::Talking),
        5 => (AgentState::Busy, SubState::Ringing),
        6 => (AgentState::Paused, SubState::Free),
        7 => (AgentState::Busy, [SubState::OnHold, SubState::WrapUp, SubState::OtherCall][index % 3]),
        8 => (AgentState::Offline, SubState::Unavailable),
        _ => (AgentState::Busy, SubState::Talking),
    };
    let in_call = matches!(sub, SubState::Talking | SubState::Ringing | SubState::OnHold);
    MemberCard {
        interface: text(format!("PJSIP/{}", 101 + index)),
        name: text(drawable(people[(index + queue * 4) % people.len()])),
        state,
        sub_state: sub,
        since: if state == AgentState::Offline {
            "".into()
        } else if index.is_multiple_of(3) {
            text(format!("{} min", 1 + index * 7 % 95))
        } else {
            text(format!("0:{:02}", index * 13 % 60))
        },
        partner: if in_call {
            text(["+49 30 1234567", "Katharina Schmidt-Hohenstein", "5550001"][index % 3])
        } else {
            "".into()
        },
        reason: if kind == 6 { "Lunch".into() } else { "".into() },
        paused_in: i32::from(kind == 6),
        member_of: 3,
        penalty: (index % 4) as i32,
        calls_today: (index * 5 % 23) as i32,
        listeners: if kind == 3 { "Desk 201".into() } else { "".into() },
    }
}

fn counts(members: &[MemberCard]) -> StateCounts {
    let of = |state: AgentState| members.iter().filter(|member| member.state == state).count() as i32;
    StateCounts {
        online: of(AgentState::Online),
        busy: of(AgentState::Busy),
        ringing: members.iter().filter(|member| member.sub_state == SubState::Ringing).count() as i32,
        paused: of(AgentState::Paused),
        offline: of(AgentState::Offline),
    }
}

pub fn fill(app: &AppWindow, queues: usize, agents: usize, names: &[&str], people: &[&str]) {
    let (mut tiles, mut boards) = (Vec::new(), Vec::new());
    for queue in 0..queues {
        let members: Vec<_> = (0..agents).map(|index| member(queue, index, people)).collect();
        let waiting = [3, 0, 11, 1, 0, 124, 2][queue % 7];
        let level =
            [Level::Warn, Level::Calm, Level::Alarm, Level::Calm, Level::Calm, Level::Alarm, Level::Calm]
                [queue % 7];
        let hue = |kind: usize| match (kind + queue) % 7 {
            0 | 2 | 5 => level,
            _ => Level::Calm,
        };
        let line = |kind, since: &str| AlarmLine {
            kind,
            level,
            count: waiting,
            figure: if kind == AlarmKind::ServiceLevel {
                "41 %".into()
            } else {
                ["1 min", "0:42", "7 min"][queue % 3].into()
            },
            since: since.into(),
        };
        let kinds =
            [AlarmKind::LongestWait, AlarmKind::NoAgentFree, AlarmKind::Waiting, AlarmKind::ServiceLevel];
        let first = line(kinds[queue / 7 % 2 + queue % 3 / 2], ["0:24", "2 min", "1 h 05"][queue % 3]);
        let alarms: Vec<AlarmLine> = match level {
            Level::Calm => Vec::new(),
            Level::Warn => vec![first.clone()],
            Level::Alarm => vec![first.clone(), line(kinds[2], "7 min"), line(kinds[3], "2 h 10")],
        };
        let alarm = alarms.first().cloned().unwrap_or_default();
        let quiet: SharedString = if queue % 7 == 4 { "07:00".into() } else { "".into() };
        let wait = ["1:24", "–", "7:05", "0:06", "–", "58:31", "0:19"][queue % 7];
        let share = ["86 %", "93 %", "41 %", "100 %", "–", "9 %", "77 %"][queue % 7];
        let service_level = ServiceLevel {
            variant: "A".into(),
            seconds: [20, 30, 20, 120][queue % 4],
            value: share.into(),
            level: if queue % 7 == 2 { Level::Alarm } else { Level::Calm },
        };
        let callers = (0..waiting).map(|at| Caller {
            position: at + 1,
            number: text(format!("+49 151 2345{at:04}")),
            name: if at % 2 == 0 {
                text(drawable(people[(at as usize + 3) % people.len()]))
            } else {
                "".into()
            },
            wait: text(format!("{}:{:02}", (waiting - at) / 2, 50 - at % 50)),
            level: if at == 0 { level } else { Level::Calm },
            key: "".into(),
        });
        tiles.push(QueueTile {
            name: names[queue % names.len()].into(),
            title: text(drawable(names[queue % names.len()])),
            pbx: "".into(),
            waiting,
            waiting_level: hue(0),
            longest_wait: wait.into(),
            longest_level: level,
            level,
            alarm,
            quiet_until: quiet.clone(),
            members: counts(&members),
            offered: text(214 - queue * 9),
            answered: text(196 - queue * 9),
            abandoned: text(11 + queue),
            service_level: service_level.clone(),
            speed_of_answer: ["0:14", "2:48", "–"][queue % 3].into(),
        });
        boards.push(BoardQueue {
            name: names[queue % names.len()].into(),
            title: text(drawable(names[queue % names.len()])),
            pbx: "".into(),
            waiting,
            waiting_level: hue(0),
            longest_wait: wait.into(),
            longest_level: level,
            level,
            alarms: model(alarms),
            quiet_until: quiet.clone(),
            service_level,
            counts: counts(&members),
            callers: model(callers.collect()),
            members: model(members),
        });
    }
    app.global::<Overview>().set_queues(model(tiles));
    app.global::<Board>().set_largest(agents as i32);
    app.global::<Board>().set_queues(model(boards));
}

pub fn lose(app: &AppWindow) {
    let wall = app.global::<Wall>();
    wall.set_live_old(true);
    wall.set_history_old(true);
    wall.set_lost(model(vec![
        LostSource {
            kind: LinkKind::Ami,
            pbx: "".into(),
            age: "0:42".into(),
            cause: "pbx.example:5039 does not answer (connection refused).".into(),
            cure:
                "Is Asterisk running, and is [general] enabled=yes in manager.conf? Trying again every 8 s."
                    .into(),
        },
        LostSource {
            kind: LinkKind::Database,
            pbx: "".into(),
            age: "3:08".into(),
            cause: "pbx.example:3306 does not answer (timed out).".into(),
            cure: "Trying again every 8 s.".into(),
        },
    ]));
    wall.set_links(model(vec![
        Link { kind: LinkKind::Ami, pbx: "".into(), state: LinkState::Lost, age: "0:42".into() },
        Link { kind: LinkKind::Database, pbx: "".into(), state: LinkState::Lost, age: "3 min".into() },
    ]));
}
