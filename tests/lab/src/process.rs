//! Child processes that cannot outlive the test that started them.
//!
//! Owns: the operating-system processes of a lab (Asterisk, MariaDB). In: a command line. Out: a [`Process`] that is
//! killed on drop, and by the kernel if the test dies without running destructors.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

type Order = (Command, SyncSender<std::io::Result<Child>>);

/// The one thread that forks. The kernel's parent-death signal is sent when the *thread* that forked ends, and a test's
/// thread ends long before a lab shared by several tests does; this thread lives as long as the test binary.
fn keeper() -> &'static Mutex<Sender<Order>> {
    static KEEPER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    KEEPER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                // The asker may have gone; then the child is dropped here and its pdeathsig still holds.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    })
}

/// A running child process with its log file.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program args…` with stdout and stderr appended to `log`.
    ///
    /// The command itself must arrange for its parent-death signal (`setpriv --pdeathsig KILL`), as the last step
    /// before the real program: a change of user clears the signal.
    ///
    /// # Errors
    /// When the log cannot be opened or the program cannot be started.
    pub(crate) async fn spawn<S: AsRef<OsStr>>(
        name: &str,
        argv: &[S],
        env: &[(&str, String)],
        log: &Path,
    ) -> Result<Self> {
        let Some((program, args)) = argv.split_first() else { bail!("{name}: an empty command line") };
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("open {}", log.display()))?;
        let mut command = Command::new(program);
        command.args(args).envs(env.iter().map(|(k, v)| (k, v))).stdin(Stdio::null());
        command.stdout(out.try_clone()?).stderr(out);
        let (answer, result) = sync_channel(1);
        keeper()
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send((command, answer))
            .context("the keeper thread ended")?;
        let spawned = tokio::task::spawn_blocking(move || result.recv()).await??;
        let child = spawned.with_context(|| format!("start {}", program.as_ref().display()))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// The process id.
    #[must_use]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The last lines of its log, for error messages.
    #[must_use]
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Kills it at once (SIGKILL) and reaps it.
    pub(crate) fn kill(&mut self) {
        // Both fail only when it has already ended, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end (SIGTERM) and kills it after `grace`.
    pub(crate) async fn terminate(&mut self, grace: Duration) {
        let pid = self.id().to_string();
        // std has no kill(2) without unsafe code; the shell's tool does the same.
        let _ = tokio::process::Command::new("kill").args(["-TERM", &pid]).status().await;
        if self.wait_end(grace).await.is_err() {
            self.kill();
        }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it still runs after `within`.
    pub(crate) async fn wait_end(&mut self, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        while self.is_alive() {
            if Instant::now() > deadline {
                bail!("{} still runs after {within:?}", self.name);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a short command to its end and returns its stdout.
///
/// # Errors
/// When it cannot be started or exits with a failure; the message holds its stderr.
pub(crate) async fn run(argv: &[&str], stdin: Option<&[u8]>) -> Result<String> {
    use tokio::io::AsyncWriteExt as _;
    let Some((program, args)) = argv.split_first() else { bail!("an empty command line") };
    let mut command = tokio::process::Command::new(program);
    command.args(args).kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().with_context(|| format!("start {program}"))?;
    if let (Some(bytes), Some(mut pipe)) = (stdin, child.stdin.take()) {
        pipe.write_all(bytes).await.with_context(|| format!("write to {program}"))?;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        bail!("{program} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
