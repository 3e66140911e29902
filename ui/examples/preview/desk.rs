//! Supervision in all its states: `--sheet`, `--pin`, `--wrong-pin`, `--wait`, `--ringing`, `--attached`, `--refused`,
//! `--over`, `--transferred`, `--limit`, `--lost`, `--foreign`, `--free`, `--viewer`, `--two-calls`, `--unlocked`, `--bar`.
use crate::{Args, model};
use asterflow_ui::*;
use slint::ComponentHandle;

fn running(stage: DeskStage) -> DeskRunning {
    DeskRunning {
        stage,
        agent: "Alice Adams".into(),
        partner: "+49 30 1234567".into(),
        phone: "Desk 201".into(),
        time: "0:42".into(),
        ..DeskRunning::default()
    }
}

/// What is told of the attempt, by the first flag that is given.
fn attempt(args: &Args) -> Option<DeskRunning> {
    if args.has("--ringing") {
        return Some(DeskRunning { time: "0:04".into(), ..running(DeskStage::Ringing) });
    }
    if args.has("--attached") {
        let mode = if args.has("--barge") { DeskMode::Barge } else { DeskMode::Listen };
        let lost = "Link down: Desk 201 may still listen.";
        let sentence = if args.has("--lost") { lost.into() } else { "".into() };
        return Some(DeskRunning { mode, sentence, ..running(DeskStage::Attached) });
    }
    let ended = |ending, sentence: &str| DeskRunning {
        ending,
        sentence: sentence.into(),
        ..running(DeskStage::Ended)
    };
    if args.has("--refused") {
        let why = "The phone 201 is not registered at the PBX. Switch it on, or check its account.";
        return Some(ended(DeskEnding::Refused, why));
    }
    if args.has("--transferred") {
        return Some(ended(DeskEnding::Transferred, ""));
    }
    if args.has("--limit") {
        return Some(ended(DeskEnding::Said, "It has run for 1 hour, as long as one may."));
    }
    args.has("--over").then(|| ended(DeskEnding::CallOver, ""))
}

/// The second row: `--acts`, `--reasons`, `--confirm`, `--done`, `--not-done`.
fn acts(app: &AppWindow, args: &Args) {
    let acts = app.global::<Acts>();
    let stages = [
        ("--reasons", ActStage::Reasons, ""),
        ("--confirm", ActStage::Confirm, ""),
        ("--done", ActStage::Told, "PJSIP/101 is paused (Lunch) in sales, support."),
        (
            "--not-done",
            ActStage::Told,
            "Asterisk denies it: the AMI user lacks write=agent. Add it in manager.conf and run `manager reload`.",
        ),
    ];
    acts.set_caller_open(args.has("--caller"));
    let stage = stages.into_iter().find(|(flag, ..)| args.has(flag));
    acts.set_shown(args.has("--acts") || stage.is_some());
    acts.set_failed(args.has("--not-done"));
    if let Some((_, stage, sentence)) = stage {
        acts.set_stage(stage);
        acts.set_sentence(sentence.into());
    }
}

pub fn fill(app: &AppWindow, args: &Args) {
    let desk = app.global::<Desk>();
    let mut sheet = desk.get_sheet();
    let attempt = attempt(args);
    let has_pad = ["--pin", "--wrong-pin", "--wait", "--no-pins"].iter().any(|flag| args.has(flag));
    if args.has("--free") || args.has("--over") {
        sheet.why = DeskWhy::Free;
        sheet.card.partner = "".into();
        (sheet.card.state, sheet.card.sub_state) = (AgentState::Online, SubState::Free);
    }
    if args.has("--viewer") {
        (sheet.why, sheet.whom, sheet.locked) = (DeskWhy::NotAllowed, "vera".into(), false);
    }
    if args.has("--two-calls") {
        sheet.why = DeskWhy::Choose;
        let call = |key: &str, name: &str, chosen| DeskChoice { key: key.into(), name: name.into(), chosen };
        let calls =
            vec![call("1", "+49 30 1234567", false), call("2", "Katharina Schmidt-Hohenstein", false)];
        desk.set_calls(model(calls));
    }
    if args.has("--one-phone") {
        desk.set_phones(model(vec![]));
    }
    if args.has("--long-name") {
        sheet.agent = "Maximilian von Hohenstein-Waldburg".into();
        sheet.queues =
            "Sales, Support – hardware and network, Reklamationen, Partner hotline North-East".into();
    }
    if args.has("--attached") || args.has("--unlocked") {
        sheet.locked = false;
        sheet.card.listeners = "Desk 201".into();
        desk.set_unlocked(true);
    }
    if args.has("--foreign") {
        let other = "PJSIP/299 (not from here)";
        sheet.card.listeners = match sheet.card.listeners.as_str() {
            "" => other.into(),
            ours => format!("{ours}, {other}").into(),
        };
    }
    acts(app, args);
    let mut pad = desk.get_pad();
    (pad.wrong, pad.no_pins) = (args.has("--wrong-pin"), args.has("--no-pins"));
    pad.wait = if args.has("--wait") { 8 } else { 0 };
    pad.digits = if args.has("--pin") { 5 } else { 0 };
    desk.set_pad(pad);
    desk.set_sheet(sheet);
    desk.set_sheet_open(!args.has("--bar") && (args.has("--sheet") || attempt.is_some() || has_pad));
    desk.set_pad_open(has_pad);
    let runs = attempt.as_ref().is_some_and(|attempt| attempt.stage != DeskStage::Ended);
    desk.set_bar_open(args.has("--bar") || runs);
    if let Some(attempt) = attempt {
        desk.set_bar(attempt.clone());
        desk.set_here(attempt);
    }
}
