//! What work cost: CPU and wall seconds, and the most memory.

use asterflow::clock;

/// Begun at a moment.
pub(crate) struct Meter {
    tick: asterflow::domain::time::Tick,
    cpu: f64,
}

/// What it cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) peak_mb: f64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { tick: clock::now().tick, cpu: cpu() }
    }

    pub(crate) fn stop(&self) -> Cost {
        let millis = clock::now().tick.since(self.tick);
        let wall = f64::from(u32::try_from(millis).unwrap_or(u32::MAX)) / 1000.0;
        Cost { wall, cpu: cpu() - self.cpu, peak_mb: peak_mb() }
    }
}

/// CPU seconds of all threads so far. The kernel counts in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        behind.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb: f64 =
        line.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse().ok()).unwrap_or(0.0);
    kb / 1024.0
}
