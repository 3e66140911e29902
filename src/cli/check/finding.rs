//! What was found: how bad, about which key, and what to do.

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// It works, but somebody should look.
    Warning,
    /// Something does not work before this is put right.
    Problem,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// The key of the configuration that it is about.
    pub(super) key: String,
    /// What is so.
    pub(super) sentence: String,
    /// What to do; empty where all is good.
    pub(super) cure: String,
    /// It is about one of several hosts not answering.
    pub(super) is_of_host: bool,
}

impl Finding {
    pub(super) fn good(key: String, sentence: impl Into<String>) -> Self {
        Self { level: Level::Good, key, sentence: sentence.into(), cure: String::new(), is_of_host: false }
    }

    pub(super) fn warning(key: String, sentence: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { level: Level::Warning, cure: cure.into(), ..Self::good(key, sentence) }
    }

    pub(super) fn problem(key: String, sentence: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { level: Level::Problem, cure: cure.into(), ..Self::good(key, sentence) }
    }
}

/// Lines to print: level, key, sentence, cure.
pub(super) fn lines(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.key.len()).max().unwrap_or(0);
    let line = |finding: &Finding| {
        let Finding { key, sentence, cure, .. } = finding;
        let gap = if cure.is_empty() { "" } else { " " };
        // What a PBX said stays on its line.
        let text = format!("{sentence}{gap}{cure}").replace(['\r', '\n'], " ");
        format!("{:<8} {key:width$}  {text}\n", finding.level.word())
    };
    findings.iter().map(line).collect()
}

/// How far a clock is ahead of ours, as a finding.
pub(super) fn clock(key: String, whose: &str, ahead_ms: Option<i64>) -> Finding {
    /// More than a caller would notice on a timer.
    const TOLERATED_MS: u64 = 2_000;
    let Some(ahead) = ahead_ms else {
        let sentence = format!("The clock of {whose} could not be asked.");
        return Finding::warning(key, sentence, "Compare it by hand: `date` on both machines.");
    };
    let seconds = format!("{}.{} s", ahead.unsigned_abs() / 1000, ahead.unsigned_abs() % 1000 / 100);
    if ahead.unsigned_abs() <= TOLERATED_MS {
        return Finding::good(key, format!("The clock of {whose} agrees with this machine's to {seconds}."));
    }
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    Finding::warning(
        key,
        format!(
            "The clock of {whose} is {seconds} {side} this machine's: times on the wall are off by that."
        ),
        "Let both machines set their clocks by NTP (timedatectl set-ntp true).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_warned_of_from_two_seconds_on() {
        let level = |ahead| clock("k".into(), "the PBX", ahead).level;
        assert_eq!(level(Some(-1_999)), Level::Good);
        let late = clock("k".into(), "the PBX", Some(-37_200));
        assert_eq!(late.level, Level::Warning);
        assert!(late.sentence.contains("37.2 s behind"), "{late:?}");
        assert!(clock("k".into(), "the PBX", Some(2_500)).sentence.contains("2.5 s ahead of"));
        assert_eq!(level(None), Level::Warning);
    }

    #[test]
    fn a_finding_stays_on_its_line() {
        let told = lines(&[Finding::problem("a.b".into(), "It said:\r\ngood c", "Do.")]);
        assert_eq!(told, "problem  a.b  It said:  good c Do.\n");
    }
}
