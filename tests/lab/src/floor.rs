//! The call centre of the lab: who works in which queue, and the rows that tell Asterisk so.

use std::fmt::Write as _;

/// Password of every phone.
pub const PHONE_PASSWORD: &str = "lab-phone";

/// A queue of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSpec {
    /// Name in queue_log and AMI.
    pub name: &'static str,
    /// What callers dial.
    pub extension: &'static str,
    /// Asterisk's strategy.
    pub strategy: &'static str,
    /// How long a member rings per attempt, seconds.
    pub ring_seconds: u32,
    /// How long a caller may wait, seconds.
    pub wait_seconds: u32,
    /// Service level, seconds.
    pub service_level_seconds: u32,
    /// Most waiting callers; 0 is no limit.
    pub max_waiting: u32,
    /// Dialplan context for keys pressed by waiting callers.
    pub key_context: Option<&'static str>,
    /// Members: extension and penalty.
    pub members: &'static [(&'static str, u32)],
    /// Members are `Local/101@from-queue/n` with the hint's state, as FreePBX makes them; else `PJSIP/101`.
    pub behind_local: bool,
}

/// The three queues.
pub const QUEUES: [QueueSpec; 3] = [
    QueueSpec {
        name: "sales",
        extension: "800",
        strategy: "ringall",
        ring_seconds: 8,
        wait_seconds: 60,
        service_level_seconds: 20,
        max_waiting: 0,
        key_context: None,
        members: &[("101", 0), ("102", 0), ("103", 2)],
        behind_local: false,
    },
    QueueSpec {
        name: "support",
        extension: "801",
        strategy: "rrmemory",
        ring_seconds: 8,
        wait_seconds: 45,
        service_level_seconds: 10,
        max_waiting: 0,
        key_context: Some("queue-keys"),
        members: &[("103", 0), ("104", 0), ("105", 1)],
        behind_local: false,
    },
    QueueSpec {
        name: "vip",
        extension: "802",
        strategy: "linear",
        ring_seconds: 5,
        wait_seconds: 12,
        service_level_seconds: 5,
        max_waiting: 2,
        key_context: None,
        members: &[("106", 0), ("107", 1)],
        behind_local: false,
    },
];

/// FreePBX's manner. It is not there from the start: [`crate::Lab::open_local_queue`] adds it.
pub const LOCAL: QueueSpec = QueueSpec {
    name: "400",
    extension: "400",
    strategy: "ringall",
    ring_seconds: 5,
    wait_seconds: 60,
    service_level_seconds: 20,
    max_waiting: 0,
    key_context: None,
    members: &[("101", 0), ("102", 0)],
    behind_local: true,
};

/// Agents whose names begin like one another, and one whose name Asterisk takes for a database: each caller has one of
/// them. It is not there from the start: [`crate::Lab::open_alike_queue`] adds it with its phones.
pub const ALIKE: QueueSpec = QueueSpec {
    name: "alike",
    extension: "500",
    strategy: "linear",
    ring_seconds: 8,
    wait_seconds: 60,
    service_level_seconds: 20,
    max_waiting: 0,
    key_context: None,
    members: &[("1", 0), ("10", 1), ("101", 2), ("DBsales-1", 3)],
    behind_local: false,
};

/// The phones of [`ALIKE`] that are not among [`PHONES`].
pub const ALIKE_PHONES: [(&str, &str); 3] = [("1", "Una One"), ("10", "Tess Ten"), ("DBsales-1", "Dee Bee")];

/// The phones: extension and the name of who sits there. 108 is spare, 201 and 202 are the supervisors'.
pub const PHONES: [(&str, &str); 10] = [
    ("101", "Alice Adams"),
    ("102", "Bob Brown"),
    ("103", "Carol Clark"),
    ("104", "Dave Diaz"),
    ("105", "Eve Évans"),
    ("106", "Frank Fox"),
    ("107", "Grace Gray"),
    ("108", "Heidi"),
    ("201", "Desk 201"),
    ("202", "Desk 202"),
];

/// Who sits at `extension`; empty for an unknown one.
#[must_use]
pub fn name_of(extension: &str) -> &'static str {
    PHONES.iter().chain(&ALIKE_PHONES).find(|(number, _)| *number == extension).map_or("", |(_, name)| name)
}

/// The queue behind `extension`.
#[must_use]
pub fn queue_at(extension: &str) -> Option<&'static QueueSpec> {
    QUEUES.iter().chain([&LOCAL, &ALIKE]).find(|queue| queue.extension == extension)
}

/// Statements that add [`LOCAL`]; they do nothing when it is there.
pub(crate) fn local_sql() -> String {
    let mut sql = String::new();
    fill(&mut sql, &LOCAL);
    sql.replace("INSERT INTO", "INSERT IGNORE INTO")
}

/// Statements that add [`ALIKE`] and its phones; they do nothing when it is there.
pub(crate) fn alike_sql() -> String {
    let mut sql = String::new();
    for (number, name) in ALIKE_PHONES {
        phone(&mut sql, number, name);
    }
    fill(&mut sql, &ALIKE);
    sql.replace("INSERT INTO", "INSERT IGNORE INTO")
}

/// Statements that fill the realtime tables.
pub(crate) fn sql() -> String {
    let mut sql = String::new();
    for (number, name) in PHONES {
        phone(&mut sql, number, name);
    }
    // Callers come from 127.0.0.2 without a password, as from a provider's line.
    sql.push_str(
        "INSERT INTO ps_aors (id, max_contacts) VALUES ('trunk', 1);
         INSERT INTO ps_endpoints (id, transport, aors, context, disallow, allow, direct_media, dtmf_mode, media_address,
           bind_rtp_to_media_address) VALUES ('trunk', 'udp', 'trunk', 'from-trunk', 'all', 'ulaw', 'no', 'info',
           '127.0.0.1', 'yes');
         INSERT INTO ps_endpoint_id_ips (id, endpoint, `match`) VALUES ('trunk', 'trunk', '127.0.0.2');\n",
    );
    for queue in QUEUES {
        fill(&mut sql, &queue);
    }
    sql
}

fn phone(sql: &mut String, number: &str, name: &str) {
    // A String cannot refuse what is written to it.
    let _ = writeln!(
        sql,
        "INSERT INTO ps_aors (id, max_contacts, remove_existing, qualify_frequency, qualify_timeout, minimum_expiration)
           VALUES ('{number}', 1, 'yes', 5, 2, 5);
         INSERT INTO ps_auths (id, auth_type, username, password) VALUES ('{number}', 'userpass', '{number}', '{PHONE_PASSWORD}');
         INSERT INTO ps_endpoints (id, transport, aors, auth, context, disallow, allow, direct_media, dtmf_mode, callerid,
           media_address, bind_rtp_to_media_address) VALUES ('{number}', 'udp', '{number}', '{number}', 'agents', 'all',
           'ulaw', 'no', 'info', '\"{name}\" <{number}>', '127.0.0.1', 'yes');"
    );
}

fn fill(sql: &mut String, queue: &QueueSpec) {
    let context = queue.key_context.map_or("NULL".to_owned(), |context| format!("'{context}'"));
    let _ = writeln!(
        sql,
        "INSERT INTO queues (name, strategy, timeout, retry, servicelevel, maxlen, context, ringinuse, wrapuptime, autofill,
           timeoutrestart, setinterfacevar) VALUES ('{}', '{}', {}, 1, {}, {}, {context}, 'no', 0, 'yes', 'no', 'yes');",
        queue.name, queue.strategy, queue.ring_seconds, queue.service_level_seconds, queue.max_waiting
    );
    for (number, penalty) in queue.members {
        let (interface, state) = match queue.behind_local {
            true => (format!("Local/{number}@from-queue/n"), format!("'hint:{number}@ext-local'")),
            false => (format!("PJSIP/{number}"), "NULL".to_owned()),
        };
        let _ = writeln!(
            sql,
            "INSERT INTO queue_members (queue_name, interface, membername, state_interface, penalty, paused)
               VALUES ('{}', '{interface}', '{}', {state}, {penalty}, 0);",
            queue.name,
            name_of(number)
        );
    }
}
