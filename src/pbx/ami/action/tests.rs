//! What is sent, byte for byte, and what is not.

use super::*;

#[test]
fn a_line_end_in_a_value_is_refused_not_sent() {
    for bad in ["x\r\nAction: Command", "x\ny", "x\0y"] {
        let hangup = Action::Hangup { channel: bad.into() };
        assert_eq!(hangup.encode("a"), Err(ActionTextError::Control("Channel")));
    }
    let long = Action::Hangup { channel: "x".repeat(1001) };
    assert_eq!(long.encode("a"), Err(ActionTextError::TooLong("Channel")));
}

fn text(action: &Action) -> String {
    String::from_utf8(action.encode("a1").expect("bytes")).expect("text")
}

#[test]
fn acts_upon_queues_are_spelled_as_asterisk_reads_them() {
    let pause = |queue: Option<&str>| Action::QueuePause {
        interface: "PJSIP/101".into(),
        queue: queue.map(str::to_owned),
        paused: true,
        reason: Some("Lunch".into()),
    };
    assert_eq!(
        text(&pause(None)),
        "Action: QueuePause\r\nActionID: a1\r\nInterface: PJSIP/101\r\nPaused: true\r\nReason: Lunch\r\n\r\n"
    );
    assert!(text(&pause(Some("sales"))).contains("Queue: sales\r\n"));
    let up = Action::QueueMoveUp { queue: "q".into(), channel_name: "PJSIP/t-1".into(), priority: 3 };
    assert!(
        text(&up).contains("QueueChangePriorityCaller")
            && text(&up).contains("Caller: PJSIP/t-1\r\nPriority: 3\r\nImmediate: yes\r\n")
    );
    let sent = Action::QueueWithdraw { queue: "q".into(), channel_name: "x".into(), note: None };
    assert!(!text(&sent).contains("WithdrawInfo"));
}

#[test]
fn no_value_of_an_act_becomes_a_header_or_an_action() {
    let bad = || "x\r\nAction: Command\r\nCommand: core stop now".to_owned();
    let acts = [
        Action::QueuePause { interface: bad(), queue: None, paused: true, reason: None },
        Action::QueuePause { interface: "i".into(), queue: Some(bad()), paused: true, reason: None },
        Action::QueuePause { interface: "i".into(), queue: None, paused: true, reason: Some(bad()) },
        Action::QueueAdd {
            queue: "q".into(),
            interface: "i".into(),
            name: Some(bad()),
            state_interface: None,
            penalty: 0,
        },
        Action::QueueAdd {
            queue: "q".into(),
            interface: "i".into(),
            name: None,
            state_interface: Some(bad()),
            penalty: 0,
        },
        Action::QueueRemove { queue: bad(), interface: "i".into() },
        Action::QueuePenalty { queue: None, interface: bad(), penalty: 0 },
        Action::QueueMoveUp { queue: "q".into(), channel_name: bad(), priority: 1 },
        Action::QueueWithdraw { queue: "q".into(), channel_name: "c".into(), note: Some(bad()) },
    ];
    for act in acts {
        assert!(matches!(act.encode("a"), Err(ActionTextError::Control(_))), "{act:?}");
    }
    let conf = |user: &str| Action::ManagerConf { user: user.into(), key: ManagerKey::Read };
    assert!(text(&conf("aster-flow")).contains("Variable: AST_CONFIG(manager.conf,aster-flow,read)\r\n"));
    assert_eq!(conf("a,secret)").encode("a"), Err(ActionTextError::NoWord("username")));
}

#[test]
fn the_key_is_lower_case_hex_of_challenge_and_secret() {
    // md5 of 840415273secret, by md5sum.
    assert_eq!(challenge_key("840415273", "secret"), "81c3ab5534a432bec402f6d988ee45b4");
}

#[test]
fn spying_is_async_and_exact() {
    let spy = Action::Spy {
        phone: "PJSIP/201".into(),
        spied: "17.4,qESu".into(),
        id: "asterflow-1".into(),
        caller_id: "Listen <101>".into(),
        timeout_ms: 20_000,
    };
    let text = String::from_utf8(spy.encode("a1").expect("bytes")).expect("text");
    assert!(text.starts_with("Action: Originate\r\nActionID: a1\r\nChannel: PJSIP/201\r\n"));
    assert!(text.contains("Async: true\r\n") && text.ends_with("\r\n\r\n"));
}
