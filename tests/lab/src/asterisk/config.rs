//! The configuration files of one Asterisk: everything that is not in the database.

use anyhow::Result;

use super::{AmiUser, Ports};
use crate::chroot::{Chroot, Instance};
use crate::floor;
use crate::mariadb::{DATABASE, MariaDb};

/// What the files depend on.
pub(super) struct Plan<'a> {
    pub(super) chroot: &'a Chroot,
    pub(super) ports: Ports,
    pub(super) database: &'a MariaDb,
    pub(super) users: &'a [AmiUser],
    /// Path of certificate and key as Asterisk sees them, when AMI speaks TLS.
    pub(super) certificate: Option<String>,
}

/// Writes all files into the instance's `etc` and `odbc`.
pub(super) fn write(instance: &Instance, plan: &Plan<'_>) -> Result<()> {
    let Ports { sip, rtp, .. } = plan.ports;
    let account = plan.database.asterisk();
    let library = plan.chroot.library("chan_pjsip.so")?;
    let folder = library.trim_end_matches("/chan_pjsip.so");
    instance.write("etc/asterisk.conf", &asterisk(instance, folder))?;
    instance.write("etc/modules.conf", &modules())?;
    instance.write(
        "etc/logger.conf",
        "[general]\nqueue_log=yes\n[logfiles]\nfull => notice,warning,error,verbose(3)\n",
    )?;
    instance.write("etc/manager.conf", &manager(plan))?;
    instance.write("etc/extensions.conf", &dialplan())?;
    instance.write(
        "etc/pjsip.conf",
        &format!("[global]\ntype=global\nuser_agent=lab\n[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{sip}\n"),
    )?;
    instance.write("etc/sorcery.conf", SORCERY)?;
    instance.write("etc/extconfig.conf", &extconfig())?;
    instance.write(
        "etc/rtp.conf",
        &format!("[general]\nrtpstart={}\nrtpend={}\nicesupport=no\n", rtp.0, rtp.1),
    )?;
    instance.write(
        "etc/res_odbc.conf",
        &format!(
            "[lab]\nenabled=>yes\ndsn=>lab\nusername=>{}\npassword=>{}\npre-connect=>yes\nmax_connections=>5\n\
             sanitysql=>select 1\nforcecommit=>yes\nconnect_timeout=>2\nnegative_connection_cache=>2\n",
            account.user, account.password
        ),
    )?;
    instance.write("etc/cdr.conf", "[general]\nenable=yes\nunanswered=yes\n")?;
    instance.write("etc/cdr_adaptive_odbc.conf", "[lab]\nconnection=lab\ntable=cdr\n")?;
    instance.write("etc/cel.conf", "[general]\nenable=no\n")?;
    instance.write(
        "etc/queues.conf",
        "[general]\npersistentmembers=yes\nautofill=yes\nshared_lastcall=no\nlog_membername_as_agent=yes\n",
    )?;
    instance.write("etc/musiconhold.conf", "[default]\nmode=files\ndirectory=sounds/en\n")?;
    for empty in ["features", "ccss", "udptl", "indications", "stasis", "http", "queuerules"] {
        instance.write(&format!("etc/{empty}.conf"), "[general]\n")?;
    }
    instance
        .write("odbc/odbcinst.ini", &format!("[maria]\nDriver={}\n", plan.chroot.library("libmaodbc.so")?))?;
    instance.write(
        "odbc/odbc.ini",
        &format!(
            "[lab]\nDriver=maria\nServer=127.0.0.1\nPort={}\nDatabase={DATABASE}\nOption=67108864\nCharset=utf8mb4\n",
            plan.database.port()
        ),
    )?;
    if let (Some(_), Some(text)) = (&plan.certificate, plan.database.bundle()?) {
        instance.write("etc/ami.pem", &text)?;
    }
    Ok(())
}

fn asterisk(instance: &Instance, modules: &str) -> String {
    let mut text = format!("[directories]\nastmoddir => {modules}\nastdatadir => /usr/share/asterisk\n");
    let folders = [
        ("astcachedir", "cache"),
        ("astetcdir", "etc"),
        ("astvarlibdir", "lib"),
        ("astdbdir", "lib"),
        ("astkeydir", "lib"),
        ("astspooldir", "spool"),
        ("astrundir", "run"),
        ("astlogdir", "log"),
    ];
    for (key, folder) in folders {
        text.push_str(&format!("{key} => {}\n", instance.inside(folder)));
    }
    text + "astagidir => /usr/share/asterisk/agi-bin\nastsbindir => /usr/sbin\n[options]\nverbose = 3\ntransmit_silence = yes\nhighpriority = no\n"
}

fn manager(plan: &Plan<'_>) -> String {
    let mut text = format!(
        "[general]\nenabled=yes\nport={}\nbindaddr=127.0.0.1\ntimestampevents=yes\nwebenabled=no\n",
        plan.ports.ami
    );
    if let Some(path) = &plan.certificate {
        text.push_str(&format!(
            "tlsenable=yes\ntlsbindaddr=127.0.0.1:{}\ntlscertfile={path}\n",
            plan.ports.ami_tls
        ));
    }
    for AmiUser { name, secret, read, write } in plan.users {
        text.push_str(&format!("[{name}]\nsecret={secret}\nread={read}\nwrite={write}\nwritetimeout=5000\n"));
        text.push_str("deny=0.0.0.0/0.0.0.0\npermit=127.0.0.0/255.0.0.0\n");
    }
    text
}

/// Callers reach the queues, agents reach each other and the queues.
fn dialplan() -> String {
    let mut text = String::from("[general]\nstatic=yes\nwriteprotect=yes\n[globals]\n[from-trunk]\n");
    let queues: String = floor::QUEUES
        .iter()
        .chain([&floor::LOCAL])
        .map(|queue| {
            format!(
                "exten => {ext},1,Answer()\n same => n,Queue({name},tT,,,{wait})\n same => n,NoOp(QS ${{QUEUESTATUS}})\n \
                 same => n,Playback(vm-goodbye)\n same => n,Hangup()\n",
                ext = queue.extension,
                name = queue.name,
                wait = queue.wait_seconds
            )
        })
        .collect();
    text.push_str(&queues);
    text.push_str("[agents]\n");
    // X is any digit in a pattern; both hundreds of extensions dial the phone of that number.
    for pattern in ["_1XX", "_2XX"] {
        text.push_str(&format!("exten => {pattern},1,Dial(PJSIP/${{EXTEN}},30,tT)\n same => n,Hangup()\n"));
    }
    text.push_str("exten => 600,1,Answer()\n same => n,Milliwatt()\n");
    text.push_str(&queues);
    // FreePBX's contexts: members are dialled in the one, the other knows the state of their phones.
    text.push_str(
        "[from-queue]\nexten => _1XX,1,Dial(PJSIP/${EXTEN},30,tT)\n same => n,Hangup()\n[ext-local]\n",
    );
    for (number, _) in floor::PHONES {
        text.push_str(&format!("exten => {number},hint,PJSIP/{number}\n"));
    }
    text.push_str(crate::crowd::DIALPLAN);
    text + "[queue-keys]\nexten => 1,1,NoOp(left by key)\n same => n,Playback(vm-goodbye)\n same => n,Hangup()\n"
}

fn extconfig() -> String {
    let families =
        ["ps_endpoints", "ps_auths", "ps_aors", "ps_endpoint_id_ips", "queues", "queue_members", "queue_log"];
    let lines: String = families.iter().map(|family| format!("{family} => odbc,lab\n")).collect();
    format!("[settings]\n{lines}")
}

const SORCERY: &str = "[res_pjsip]
endpoint=realtime,ps_endpoints
auth=realtime,ps_auths
aor=realtime,ps_aors
[res_pjsip_endpoint_identifier_ip]
identify=realtime,ps_endpoint_id_ips
";

/// Everything is loaded except what opens sockets of its own, needs hardware or complains without a configuration.
fn modules() -> String {
    let mut text = String::from("[modules]\nautoload=yes\n");
    NOT_LOADED.split_whitespace().for_each(|name| text.push_str(&format!("noload => {name}.so\n")));
    text
}

const NOT_LOADED: &str = "
app_adsiprog app_agent_pool app_alarmreceiver app_amd app_confbridge app_festival app_followme app_getcpeid
app_jack app_minivm app_page app_sla app_stasis app_stasis_broadcast app_voicemail app_voicemail_imap
app_voicemail_odbc cdr_csv cdr_custom cdr_manager cdr_odbc cdr_pgsql cdr_radius cdr_sqlite3_custom cdr_tds
cel_custom cel_manager cel_odbc cel_pgsql cel_radius cel_sqlite3_custom cel_tds chan_audiosocket chan_console
chan_iax2 chan_mgcp chan_motif chan_rtp chan_sip chan_skinny chan_unistim chan_websocket codec_amr codec_codec2
func_odbc pbx_ael pbx_dundi pbx_lua pbx_realtime res_adsi res_aeap res_ari res_ari_applications res_ari_asterisk
res_ari_bridges res_ari_channels res_ari_device_states res_ari_endpoints res_ari_events res_ari_playbacks
res_ari_recordings res_ari_sounds res_calendar res_calendar_caldav res_calendar_ews res_calendar_exchange
res_calendar_icalendar res_cdrel_custom res_clialiases res_config_curl res_config_ldap res_config_pgsql
res_config_sqlite3 res_fax res_fax_spandsp res_geolocation res_hep res_hep_pjsip res_hep_rtcp
res_http_media_cache res_limit res_parking res_phoneprov res_pjsip_config_wizard res_pjsip_geolocation
res_pjsip_notify res_pjsip_phoneprov_provider res_pjsip_stir_shaken res_pjsip_transport_websocket res_prometheus
res_resolver_unbound res_rtp_multicast res_smdi res_snmp res_speech_aeap res_stasis_broadcast res_statsd
res_stir_shaken res_stun_monitor res_timing_pthread res_websocket_client res_xmpp
";
