//! Resuming: does a reader that connects again with Last-Event-ID get what it missed, all of it, and once?

use std::collections::BTreeSet;
use std::sync::Arc;

use harness::wire::notation::printable;

use super::super::observation::Observation;
use super::{Finding, count};

/// So many IDs are shown at most.
const SHOWN: usize = 5;
const CLAUSE: &str = "WHATWG HTML 9.2.4";

/// After which event the probe asks again, as a reader would whose connection broke there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The last event ID with it.
    pub id: String,
    /// The IDs up to there, in order.
    before: Vec<Arc<str>>,
    /// The IDs after it, in order.
    after: Vec<Arc<str>>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resumed {
    /// The ID that was sent back.
    pub asked: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The first ID of the answer.
    pub first: Option<String>,
    /// How many events that were known to follow did not come.
    pub missing: usize,
    /// How many events came that had come before.
    pub duplicates: usize,
    /// Whether the answer began from the beginning.
    pub ignored: bool,
    /// What is to be said of it.
    pub findings: Vec<Finding>,
}

/// The event in the middle, so that it is known what has to follow. Every event has an ID of its own, or this tells
/// what is wrong.
///
/// # Errors
/// When the events give a reader nothing to resume with: the finding.
pub fn ask(first: &Observation) -> Result<Asked, Finding> {
    let events = first.content.events.as_ref().map_or(&[][..], |events| &events.timed);
    let mut ids: Vec<Arc<str>> = Vec::new();
    for id in events.iter().filter_map(|event| event.id.clone()) {
        // An event without one has the ID of the event before it.
        if ids.last() != Some(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        let finding =
            Finding::risk("resume", "no event has an ID: a reader that connects again cannot say where it was")
                .seen(format!("{} without id", count(events.len(), "event")))
                .by(CLAUSE)
                .cured_by("send an id field with every event, and heed Last-Event-ID");
        return Err(finding);
    }
    let distinct: BTreeSet<&Arc<str>> = ids.iter().collect();
    if distinct.len() < ids.len() {
        let finding =
            Finding::harm("resume", "IDs come again in one response: nobody can tell after which event to go on")
                .seen(format!("{} among {}", count(distinct.len(), "different ID"), count(ids.len(), "ID")))
                .by(CLAUSE)
                .cured_by("give every event an ID of its own");
        return Err(finding);
    }
    if let Some(id) = ids.iter().find(|id| id.chars().any(char::is_control)) {
        let finding = Finding::harm("resume", "an ID has control characters: it cannot be sent back in a field")
            .seen(format!("id: {}", printable(id)))
            .by("RFC 9110 5.5")
            .cured_by("make IDs of letters and digits");
        return Err(finding);
    }
    let middle = (ids.len() - 1) / 2;
    let after = ids.split_off(middle + 1);
    Ok(Asked { id: ids[middle].to_string(), before: ids, after })
}

/// Holds the answer to a Last-Event-ID against what is known to follow it.
#[must_use]
pub fn judge(asked: &Asked, second: &Observation) -> Resumed {
    let events = second.content.events.as_ref().map_or(&[][..], |events| &events.timed);
    let got: Vec<&Arc<str>> = events.iter().filter_map(|event| event.id.as_ref()).collect();
    let came: BTreeSet<&str> = got.iter().map(|id| &***id).collect();
    let mut duplicates: Vec<&str> = asked.before.iter().map(|id| &**id).filter(|id| came.contains(id)).collect();
    let missing: Vec<&str> = asked.after.iter().map(|id| &**id).filter(|id| !came.contains(id)).collect();
    let status = second.head.as_ref().map(|head| head.status);
    let first = got.first().map(|id| id.to_string());
    // The first one again, or, of a stream that has but one, the one that was asked after.
    let ignored = got.first().is_some_and(|id| asked.before.first() == Some(*id));
    if ignored {
        duplicates.dedup();
    }
    let mut resumed = Resumed {
        asked: Some(asked.id.clone()),
        status,
        first,
        missing: missing.len(),
        duplicates: duplicates.len(),
        ignored,
        findings: Vec::new(),
    };
    let sent = format!("Last-Event-ID: {}", printable(&asked.id));
    let mut say = |finding: Finding, evidence: String, cure: &str| {
        resumed.findings.push(finding.seen(format!("{sent}; {evidence}")).by(CLAUSE).cured_by(cure));
    };
    match status {
        Some(200) => {}
        Some(204) => {
            let what = "the answer is 204: the reader stops for good";
            let finding =
                if missing.is_empty() { Finding::note("resume", what) } else { Finding::harm("resume", what) };
            say(finding, format!("{} were known to follow", count(missing.len(), "event")), "");
            return resumed;
        }
        status => {
            let evidence = status.map_or_else(|| "no response".to_owned(), |status| format!("status {status}"));
            say(Finding::harm("resume", "it cannot be resumed"), evidence, "answer Last-Event-ID as any other request");
            return resumed;
        }
    }
    if ignored {
        say(
            Finding::harm(
                "resume-ignored",
                "Last-Event-ID is ignored: the stream began from its beginning, or its IDs do",
            ),
            format!("{} came again, from {}", count(duplicates.len(), "event"), some(&duplicates)),
            "go on after the event with that ID; let IDs go on counting across connections and restarts",
        );
    } else if !duplicates.is_empty() {
        say(
            Finding::harm("resume-duplicates", "events came again that the reader had already got"),
            format!("{}: {}", count(duplicates.len(), "event"), some(&duplicates)),
            "go on after the event with that ID, not with it",
        );
    }
    if !missing.is_empty() {
        say(
            Finding::harm("resume-gap", "events that had followed are missing: the reader loses them"),
            format!("{}: {}", count(missing.len(), "event"), some(&missing)),
            "keep the last events for as long as readers may be away, and send them first",
        );
    }
    if resumed.findings.is_empty() {
        let what = if asked.after.is_empty() {
            "nothing came again; whether something is missing cannot be told, as it was the last event"
        } else {
            "it resumes: nothing is missing, and nothing came again"
        };
        let next = got.first().map_or_else(|| "no event".to_owned(), |id| format!("id: {}", printable(id)));
        let finding = Finding::note("resume", what).seen(format!("{sent}; then {next}")).by(CLAUSE);
        resumed.findings.push(finding);
    }
    resumed
}

fn some(ids: &[&str]) -> String {
    let more = if ids.len() > SHOWN { ", ..." } else { "" };
    let ids: Vec<String> = ids.iter().take(SHOWN).map(|id| printable(id)).collect();
    format!("{}{more}", ids.join(", "))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::synthetic::{Script, rules};
    use super::*;

    fn stream(ids: &[u32]) -> Script {
        let all: String = ids.iter().map(|id| format!("id: {id}\ndata: x\n\n")).collect();
        Script::default().content(1, all.as_bytes()).complete()
    }

    fn resumed(second: Script) -> Resumed {
        let asked = ask(&stream(&[1, 2, 3, 4, 5]).seen()).expect("there are IDs");
        assert_eq!(asked.id, "3");
        judge(&asked, &second.seen())
    }

    #[rstest]
    #[case::in_order(&[4, 5], &["resume"], "note")]
    #[case::further(&[4, 5, 6], &["resume"], "note")]
    #[case::a_gap(&[5], &["resume-gap"], "harm")]
    #[case::only_what_is_new(&[6, 7], &["resume-gap"], "harm")]
    #[case::one_too_many(&[3, 4, 5], &["resume-duplicates"], "harm")]
    #[case::from_the_beginning(&[1, 2, 3, 4, 5], &["resume-ignored"], "harm")]
    #[case::counted_anew(&[1, 2], &["resume-ignored", "resume-gap"], "harm")]
    fn the_second_response_is_held_against_the_first(
        #[case] ids: &[u32],
        #[case] said: &[&str],
        #[case] severity: &str,
    ) {
        let resumed = resumed(stream(ids));
        assert_eq!(rules(&resumed.findings), said);
        assert_eq!(resumed.findings[0].severity.word(), severity);
    }

    #[test]
    fn the_numbers_are_those_of_events() {
        let resumed = resumed(stream(&[2, 3, 5, 6]));
        assert_eq!((resumed.missing, resumed.duplicates, resumed.ignored), (1, 2, false));
        assert_eq!(resumed.findings[0].evidence, "Last-Event-ID: 3; 2 events: 2, 3");
    }

    #[rstest]
    #[case::none(&b"data: x\n\ndata: y\n\n"[..], "no event has an ID: a reader that connects again cannot say where it was")]
    #[case::again(
        b"id: 1\ndata: x\n\nid: 2\ndata: y\n\nid: 1\ndata: z\n\n",
        "IDs come again in one response: nobody can tell after which event to go on"
    )]
    #[case::controls(b"id: a\x1bb\ndata: x\n\n", "an ID has control characters: it cannot be sent back in a field")]
    fn without_good_ids_nothing_is_asked(#[case] content: &[u8], #[case] what: &str) {
        let asked = ask(&Script::default().content(1, content).complete().seen());
        assert_eq!(asked.expect_err("nothing to ask with").what, what);
    }

    #[test]
    fn a_204_ends_it() {
        assert_eq!(resumed(Script::default().status(204)).findings[0].severity.word(), "harm");
        let asked = ask(&stream(&[7]).seen()).expect("there is an ID");
        assert_eq!(judge(&asked, &Script::default().status(204).seen()).findings[0].severity.word(), "note");
    }
}
