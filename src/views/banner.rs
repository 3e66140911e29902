//! What surrounds every page: the links, the sources that are lost, the problems.

use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::time::Moment;

use super::{Picture, format};

/// What is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// The live link.
    Ami,
    /// The PBX's tables.
    Database,
}

/// A link's chip in the head of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What.
    pub kind: LinkKind,
    /// The PBX's name where there are several, else empty.
    pub pbx: String,
    /// How it stands.
    pub state: LinkState,
    /// Timer since its last word; empty where it says nothing.
    pub age: String,
}

/// A source that is gone while its last picture stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// What.
    pub kind: LinkKind,
    /// The PBX's name where there are several, else empty.
    pub pbx: String,
    /// Of the picture, to the second; empty if there never was one.
    pub age: String,
    /// Why, and what to do.
    pub cause: String,
}

/// A problem: the key of `asterflow.toml` or empty, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// May be empty.
    pub key: String,
    /// What is wrong and what to do.
    pub sentence: String,
}

/// The surroundings of the pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Banner {
    /// Two a PBX at most.
    pub links: Vec<Link>,
    /// Sources to warn of.
    pub lost: Vec<Lost>,
    /// Problems of the configuration, and warnings of live links.
    pub problems: Vec<Problem>,
    /// What goes on and is nothing to worry about: how far the past is read; empty for nothing.
    pub note: String,
    /// All live figures are old.
    pub live_old: bool,
    /// The figures of the day are old.
    pub history_old: bool,
    /// No PBX has sent a picture yet.
    pub loading: bool,
    /// Which addresses are waited for.
    pub waiting_for: String,
}

/// The surroundings at a moment; `problems` are those of the configuration.
pub fn banner(pictures: &[Picture], problems: &[Problem], now: Moment) -> Banner {
    let several = pictures.len() > 1;
    let mut banner = Banner { problems: problems.to_vec(), ..Banner::default() };
    for picture in pictures {
        let pbx = if several { picture.live.pbx.to_string() } else { String::new() };
        for (kind, status) in [(LinkKind::Ami, &picture.live.ami), (LinkKind::Database, &picture.database)] {
            if status.state == LinkState::Absent {
                continue;
            }
            banner.links.push(Link {
                kind,
                pbx: pbx.clone(),
                state: status.state,
                age: age(kind, status, now),
            });
            if let Some(note) = status.note.as_ref().filter(|_| status.state == LinkState::Live) {
                let pbx = if pbx.is_empty() { String::new() } else { format!("{pbx}: ") };
                banner.note = format!("{} {pbx}{note}", banner.note).trim_start().to_owned();
            }
            match (status.state, &status.detail) {
                (LinkState::Lost | LinkState::Refused, _) => banner.lost.push(lost(kind, &pbx, status, now)),
                (_, Some(sentence)) => {
                    banner.problems.push(Problem { key: String::new(), sentence: sentence.clone() });
                }
                _ => {}
            }
        }
    }
    let gone = |status: &LinkStatus| matches!(status.state, LinkState::Lost | LinkState::Refused);
    banner.live_old = !pictures.is_empty() && pictures.iter().all(|picture| gone(&picture.live.ami));
    banner.history_old = !pictures.is_empty() && pictures.iter().all(|picture| gone(&picture.database));
    banner.loading = !pictures.is_empty() && pictures.iter().all(|picture| !picture.live.known);
    let unknown = pictures.iter().filter(|picture| !picture.live.known);
    banner.waiting_for = unknown.map(|picture| picture.address.as_str()).collect::<Vec<_>>().join(", ");
    banner
}

/// A live AMI link's picture is now; of a database the last poll counts.
fn age(kind: LinkKind, status: &LinkStatus, now: Moment) -> String {
    match (kind, status.state) {
        (LinkKind::Ami, LinkState::Live) | (_, LinkState::Connecting | LinkState::Refused) => String::new(),
        _ => format::timer(status.age_seconds(now)),
    }
}

fn lost(kind: LinkKind, pbx: &str, status: &LinkStatus, now: Moment) -> Lost {
    Lost {
        kind,
        pbx: pbx.to_owned(),
        age: status.fresh_at.map(|fresh| format::duration(now.seconds_since(fresh))).unwrap_or_default(),
        cause: status.detail.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::live::snapshot::Snapshot;
    use crate::views::fixture::{at, picture};

    #[test]
    fn a_lost_link_keeps_counting_the_age_of_its_picture() {
        let mut picture = picture();
        let live = Arc::make_mut(&mut picture.live);
        live.ami.fresh_at = Some(at(58));
        live.ami.enter(LinkState::Lost, Some("It does not answer.".to_owned()), at(60));
        let banner = banner(&[picture], &[], at(100));
        assert!(banner.live_old && !banner.history_old && !banner.loading);
        assert_eq!(
            (banner.lost[0].age.as_str(), banner.lost[0].cause.as_str()),
            ("0:42", "It does not answer.")
        );
    }

    #[test]
    fn a_warning_of_a_live_link_is_a_problem_not_a_loss() {
        let mut picture = picture();
        picture.database.detail = Some("The account cannot read cdr.".to_owned());
        let banner = banner(&[picture], &[], at(100));
        assert_eq!((banner.lost.len(), banner.problems.len(), banner.links[1].age.as_str()), (0, 1, "0:02"));
    }

    #[test]
    fn what_goes_on_is_a_note_and_no_problem() {
        let mut picture = picture();
        picture.database.note = Some("Reading history: 2024-03 …, 38 %.".to_owned());
        let banner = banner(&[picture], &[], at(100));
        assert_eq!((banner.problems.len(), banner.note.as_str()), (0, "Reading history: 2024-03 …, 38 %."));
    }

    #[test]
    fn before_the_first_picture_the_page_waits() {
        let mut picture = picture();
        picture.live = Arc::new(Snapshot::unknown("pbx".into(), at(0)));
        let banner = banner(&[picture], &[], at(3));
        assert!(banner.loading);
        assert_eq!((banner.waiting_for.as_str(), banner.links[0].age.as_str()), ("pbx.example:5039", ""));
    }
}
