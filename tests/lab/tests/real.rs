//! The lab against itself: what the phones did must be what Asterisk wrote down.
#![allow(clippy::disallowed_methods, reason = "a lab measures real time")]

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use asterflow_lab::ami::{Ami, Message};
use asterflow_lab::asterisk::{ASTERFLOW, POOR};
use asterflow_lab::phone::tones;
use asterflow_lab::scenario::{EndedBy, Outcome, VisitOutcome, run};
use asterflow_lab::{Behaviour, CallRecord, Lab, LabOptions};

const SHORT: Duration = Duration::from_secs(5);

/// One lab for all stories: they run one after the other and leave the floor quiet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_call_centre() -> Result<()> {
    let mut lab = Lab::start(LabOptions::default()).await?;
    answered(&lab).await.context("answered")?;
    abandoned(&lab).await.context("abandoned")?;
    transferred(&lab).await.context("transferred")?;
    behind_local(&lab).await.context("behind Local channels")?;
    everybody_hears(&lab).await.context("sound")?;
    rights(&lab).await.context("rights")?;
    survives_kills(&mut lab).await.context("kills")?;
    Ok(())
}

/// The rows of a visit: agent, event, data1, data2, …
async fn rows(lab: &Lab, outcome: &Outcome) -> Result<(VisitOutcome, Vec<Vec<String>>)> {
    let visit = outcome.visits.first().context("one visit")?.clone();
    let rows = lab.database.queue_log(&visit.uniqueid).await?;
    ensure!(rows.iter().all(|row| row[0] == visit.queue), "rows of another queue: {rows:?}");
    assert_eq!(rows.last().map(|row| row[2].as_str()), Some(visit.last_event.as_str()));
    Ok((visit, rows))
}

/// A whole-second figure of Asterisk against a measured one: it truncates, and both clocks start a little apart.
fn agrees(seconds: &str, ms: u64) -> Result<()> {
    let seconds: u64 = seconds.parse().with_context(|| format!("{seconds:?} is no number"))?;
    ensure!((seconds * 1000).abs_diff(ms) <= 1200, "Asterisk wrote {seconds} s, the phones measured {ms} ms");
    Ok(())
}

fn events(rows: &[Vec<String>]) -> Vec<&str> {
    rows.iter().map(|row| row[2].as_str()).collect()
}

async fn answered(lab: &Lab) -> Result<()> {
    let (visit, rows) = rows(lab, &run(lab, "answered_agent_hangup").await?).await?;
    assert_eq!(events(&rows), ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]);
    assert_eq!(rows[0][4], visit.number);
    assert_eq!(rows[1][1], "Alice Adams");
    assert_eq!((visit.answered_by.as_deref(), visit.ended_by), (Some("PJSIP/101"), EndedBy::Agent));
    agrees(&rows[2][3], visit.waited_ms)?;
    agrees(&rows[2][4], visit.talked_ms)?;
    assert_eq!(visit.rings.len(), 2, "ringall rings both: {:?}", visit.rings);
    Ok(())
}

async fn abandoned(lab: &Lab) -> Result<()> {
    let (visit, rows) = rows(lab, &run(lab, "abandon").await?).await?;
    assert_eq!(events(&rows), ["ENTERQUEUE", "RINGCANCELED", "ABANDON"]);
    agrees(&rows[2][5], visit.waited_ms)?;
    let ring_ms: u64 = rows[1][3].parse()?;
    ensure!(
        ring_ms.abs_diff(visit.rings[0].ms) < 200,
        "Asterisk wrote {ring_ms} ms of ringing, {:?}",
        visit.rings
    );
    Ok(())
}

async fn transferred(lab: &Lab) -> Result<()> {
    let (visit, rows) = rows(lab, &run(lab, "blind_transfer").await?).await?;
    assert_eq!(events(&rows), ["ENTERQUEUE", "CONNECT", "BLINDTRANSFER"]);
    assert_eq!(rows[2][3..5], ["108", "agents"]);
    agrees(&rows[2][6], visit.talked_ms)
}

/// FreePBX's members: the rows name the member, the leg is the Local channel's, and a transfer leaves no row of its own.
async fn behind_local(lab: &Lab) -> Result<()> {
    let mark = lab.ami().mark();
    let (visit, answered) = rows(lab, &run(lab, "local_answered").await?).await?;
    assert_eq!(events(&answered), ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]);
    assert_eq!(visit.answered_by.as_deref(), Some("Local/101@from-queue/n"));
    assert_eq!(answered[1][1], "Alice Adams");
    agrees(&answered[2][4], visit.talked_ms)?;
    let connect = |event: &Message| event.is("AgentConnect") && event.get("Uniqueid") == visit.uniqueid;
    let connect = lab.ami().wait_since(mark, SHORT, connect).await?;
    assert_eq!(answered[1][4], connect.get("DestUniqueid"));
    assert!(connect.get("DestChannel").starts_with("Local/101@from-queue-"), "{connect:?}");
    assert!(connect.get("DestChannel").ends_with(";1"), "{connect:?}");
    let states = lab.ami().since(mark);
    let mut states: Vec<&str> = states
        .iter()
        .filter(|e| e.is("QueueMemberStatus") && e.get("Interface") == "Local/101@from-queue/n")
        .map(|event| event.get("Status"))
        .collect();
    states.dedup();
    ensure!(states.ends_with(&["6", "2", "1"]), "the hint tells the phone's state: {states:?}");

    let (visit, transferred) = rows(lab, &run(lab, "local_blind_transfer").await?).await?;
    assert_eq!(events(&transferred), ["ENTERQUEUE", "CONNECT", "COMPLETECALLER"]);
    agrees(&transferred[2][4], visit.logged_talk_ms)?;
    ensure!(visit.logged_talk_ms > visit.talked_ms + 3000, "the talk goes on without the agent: {visit:?}");

    let (visit, held) = rows(lab, &run(lab, "local_hold").await?).await?;
    assert_eq!(events(&held), ["ENTERQUEUE", "CONNECT", "COMPLETECALLER"]);
    agrees(&held[2][4], visit.talked_ms)?;

    let (_, missed) = rows(lab, &run(lab, "local_no_answer").await?).await?;
    let mut names: Vec<&str> =
        missed.iter().filter(|row| row[2] == "RINGNOANSWER").map(|row| row[1].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Alice Adams", "Bob Brown"], "{missed:?}");
    Ok(())
}

/// The tones of both sides arrive at the other side, and only there.
async fn everybody_hears(lab: &Lab) -> Result<()> {
    let agent = lab.phone("106");
    agent.behave(Behaviour::answer_after_ms(100)).await?;
    let call = lab.call("5559999", "802").await?;
    agent.wait_up(SHORT).await?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let (caller, agent) = (call.record(), agent.wait_up(SHORT).await?);
    let heard = [caller.heard(tones::AGENT), agent.heard(tones::CALLER), caller.heard(tones::SUPERVISOR)];
    ensure!(heard[0] > -3.0 && heard[1] > -3.0 && heard[2] < -30.0, "levels in dB: {heard:?}");
    whispered(lab, &caller, &agent).await?;
    drop(call);
    lab.phone("106").wait_idle(SHORT).await.context("a dropped call hangs up")
}

/// A supervisor who whispers is heard by the agent and not by the caller.
async fn whispered(lab: &Lab, caller: &CallRecord, agent: &CallRecord) -> Result<()> {
    let supervisor = lab.phone("201");
    supervisor.behave(Behaviour::answer_after_ms(100)).await?;
    let fits = |event: &Message| event.is("AgentConnect") && event.get("Interface") == "PJSIP/106";
    let leg = lab.ami().wait(SHORT, fits).await?.get("DestUniqueid").to_owned();
    let target = format!("{leg},qESuw");
    let (channel, application) = (("Channel", "PJSIP/201"), ("Application", "ChanSpy"));
    let spy =
        [channel, application, ("Data", target.as_str()), ("Async", "true"), ("ChannelId", "lab-spy-1")];
    let mark = lab.ami().mark();
    ensure!(lab.ami().action("Originate", &spy).await?.is_success(), "Originate is refused");
    lab.ami().wait_since(mark, SHORT, |event| event.is("ChanSpyStart")).await.context("ChanSpyStart")?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let heard = [agent.heard(tones::SUPERVISOR), caller.heard(tones::SUPERVISOR)];
    ensure!(
        heard[0] > -3.0 && heard[1] < -30.0,
        "the supervisor at the agent and at the caller, dB: {heard:?}"
    );
    let both = supervisor.wait_up(SHORT).await?;
    ensure!(
        both.heard(tones::CALLER) > -3.0 && both.heard(tones::AGENT) > -3.0,
        "the supervisor hears too little"
    );
    supervisor.hang_up().await
}

async fn rights(lab: &Lab) -> Result<()> {
    let pause = [("Interface", "PJSIP/107"), ("Paused", "1")];
    let poor = Ami::login(lab.asterisk.ami_address(), &POOR).await?;
    assert_eq!(poor.action("QueuePause", &pause).await?.get("Message"), "Permission denied");
    let ours = Ami::login(lab.asterisk.ami_address(), &ASTERFLOW).await?;
    assert!(ours.action("QueuePause", &pause).await?.is_success());
    assert!(ours.action("QueuePause", &[("Interface", "PJSIP/107"), ("Paused", "0")]).await?.is_success());
    Ok(())
}

/// After a kill of each, the same ports answer and calls work again.
async fn survives_kills(lab: &mut Lab) -> Result<()> {
    let before = (lab.asterisk.ami_address(), lab.database.address());
    let count = lab.database.query("SELECT COUNT(*) FROM queue_log").await?;
    lab.database.kill();
    ensure!(lab.database.query("SELECT 1").await.is_err(), "a killed database answers");
    lab.database.restart().await?;
    assert_eq!(lab.database.query("SELECT COUNT(*) FROM queue_log").await?, count);
    lab.restart_asterisk(true).await?;
    assert_eq!((lab.asterisk.ami_address(), lab.database.address()), before);
    run(lab, "answered_caller_hangup").await.map(drop)
}
