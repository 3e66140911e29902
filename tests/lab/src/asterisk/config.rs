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
    let modules = plan.chroot.library("chan_pjsip.so")?;
    let modules = modules.trim_end_matches("/chan_pjsip.so");
    instance.write("etc/asterisk.conf", &asterisk(instance, modules))?;
    instance.write("etc/modules.conf", MODULES)?;
    instance.write("etc/logger.conf", "[general]\nqueue_log=yes\n[logfiles]\nfull => notice,warning,error,verbose(3)\n")?;
    instance.write("etc/manager.conf", &manager(plan))?;
    instance.write("etc/extensions.conf", &dialplan())?;
    instance.write(
        "etc/pjsip.conf",
        &format!("[global]\ntype=global\nuser_agent=lab\n[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{sip}\n"),
    )?;
    instance.write("etc/sorcery.conf", SORCERY)?;
    instance.write("etc/extconfig.conf", &extconfig())?;
    instance.write("etc/rtp.conf", &format!("[general]\nrtpstart={}\nrtpend={}\nicesupport=no\n", rtp.0, rtp.1))?;
    instance.write(
        "etc/res_odbc.conf",
        &format!(
            "[lab]\nenabled=>yes\ndsn=>lab\nusername=>{}\npassword=>{}\npre-connect=>yes\nmax_connections=>5\n\
             sanitysql=>select 1\nforcecommit=>yes\nconnect_timeout=>2\nnegative_connection_cache=>2\n",
            account.user, account.password
        ),
    )?;
    instance.write("etc/cdr.conf", "[general]\nenable=yes\nunanswered=yes\n")?;
    instance.write("etc/cdr_adaptive_odbc.conf", "[lab]\nconnection=lab\ntable=cdr\nalias start => start\n")?;
    instance.write("etc/cel.conf", "[general]\nenable=no\n")?;
    instance.write("etc/queues.conf", "[general]\npersistentmembers=yes\nautofill=yes\nshared_lastcall=no\nlog_membername_as_agent=yes\n")?;
    instance.write("etc/musiconhold.conf", "[default]\nmode=files\ndirectory=moh\n")?;
    for empty in ["features", "acl", "ccss", "udptl", "indications", "stasis", "users", "http"] {
        instance.write(&format!("etc/{empty}.conf"), "[general]\n")?;
    }
    instance.write("odbc/odbcinst.ini", &format!("[maria]\nDriver={}\n", plan.chroot.library("libmaodbc.so")?))?;
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
        ("astcachedir", "cache"), ("astetcdir", "etc"), ("astvarlibdir", "lib"), ("astdbdir", "lib"), ("astkeydir", "lib"),
        ("astspooldir", "spool"), ("astrundir", "run"), ("astlogdir", "log"),
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
        text.push_str(&format!("tlsenable=yes\ntlsbindaddr=127.0.0.1:{}\ntlscertfile={path}\n", plan.ports.ami_tls));
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

/// Everything is loaded except what opens sockets of its own or complains without a configuration.
const MODULES: &str = "[modules]
autoload=yes
noload => chan_iax2.so
noload => chan_unistim.so
noload => chan_motif.so
noload => chan_console.so
noload => chan_websocket.so
noload => chan_audiosocket.so
noload => pbx_dundi.so
noload => pbx_ael.so
noload => pbx_lua.so
noload => pbx_realtime.so
noload => app_voicemail.so
noload => app_voicemail_odbc.so
noload => app_voicemail_imap.so
noload => app_minivm.so
noload => app_jack.so
noload => app_festival.so
noload => app_adsiprog.so
noload => app_alarmreceiver.so
noload => app_agent_pool.so
noload => app_followme.so
noload => app_confbridge.so
noload => cdr_csv.so
noload => cdr_custom.so
noload => cdr_manager.so
noload => cdr_odbc.so
noload => cdr_pgsql.so
noload => cdr_radius.so
noload => cdr_sqlite3_custom.so
noload => cdr_tds.so
noload => cel_custom.so
noload => cel_manager.so
noload => cel_odbc.so
noload => cel_pgsql.so
noload => cel_radius.so
noload => cel_sqlite3_custom.so
noload => cel_tds.so
noload => chan_sip.so
noload => chan_skinny.so
noload => chan_mgcp.so
noload => func_odbc.so
noload => res_ari.so
noload => res_calendar.so
noload => res_cdrel_custom.so
noload => res_config_ldap.so
noload => res_config_pgsql.so
noload => res_config_sqlite3.so
noload => res_config_curl.so
noload => res_adsi.so
noload => res_smdi.so
noload => res_fax.so
noload => res_geolocation.so
noload => res_hep.so
noload => res_limit.so
noload => res_parking.so
noload => res_phoneprov.so
noload => res_prometheus.so
noload => res_resolver_unbound.so
noload => res_rtp_multicast.so
noload => res_snmp.so
noload => res_stir_shaken.so
noload => res_stun_monitor.so
noload => res_timing_pthread.so
noload => res_websocket_client.so
noload => res_xmpp.so
noload => res_pjsip_config_wizard.so
noload => res_pjsip_phoneprov_provider.so
noload => res_pjsip_transport_websocket.so
noload => codec_amr.so
noload => codec_codec2.so
";
