//! Deaths at round numbers, and the clocks that are known to have such defaults.

use std::time::Duration;

use super::super::observation::Observation;
use super::super::times::shortly;
use super::{Finding, Severity};

/// What a clock counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// From the last octet: a heartbeat resets it.
    Silence,
    /// From the request: no heartbeat helps.
    Whole,
    /// One of the two: which is not known.
    Either,
    /// From the request, until the first octet of a response.
    Unanswered,
}

/// A clock that is known to cut streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Its default.
    pub seconds: u64,
    /// Where it is, and what it is called.
    pub whose: &'static str,
    /// What it counts from.
    pub counts: Counts,
    /// Who says so: the vendor's page, or a thread in which it struck, as `owner/repository#number`.
    pub source: &'static str,
}

const fn clock(seconds: u64, whose: &'static str, counts: Counts, source: &'static str) -> Clock {
    Clock { seconds, whose, counts, source }
}

/// The page of AWS on streaming through API Gateway.
const API_GATEWAY: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html";
/// The page of Heroku on its router's clocks.
const HEROKU: &str = "https://devcenter.heroku.com/articles/http-routing#timeouts";
/// The page of Red Hat on HAProxy's defaults section.
const HAPROXY: &str = "https://docs.redhat.com/en/documentation/Red_Hat_Enterprise_Linux/7/html/\
    Load_Balancer_Administration/s1-haproxy-setup-defaults";
/// The page of Google on Cloud Run's clock.
const CLOUD_RUN: &str = "https://cloud.google.com/run/docs/configuring/request-timeout";

/// The defaults seen in the wild, each with who says so.
pub const CLOCKS: [Clock; 30] = [
    clock(10, "ingress-nginx's worker_shutdown_timeout after a reload", Counts::Whole, "kubernetes/ingress-nginx#1373"),
    clock(10, "Tomcat's async timeout in some setups", Counts::Whole, "spring-projects/spring-boot#14237"),
    clock(15, "Envoy's route timeout", Counts::Whole, "envoyproxy/envoy#8517"),
    clock(29, "AWS API Gateway's integration timeout", Counts::Whole, API_GATEWAY),
    clock(30, "GCP load balancer's backend timeout", Counts::Whole, "helm/charts#15141"),
    clock(
        30,
        "gunicorn's worker timeout (sync workers)",
        Counts::Whole,
        "https://docs.gunicorn.org/en/stable/settings.html#timeout",
    ),
    clock(30, "Tomcat's and Spring's async timeout", Counts::Whole, "spring-projects/spring-boot#4021"),
    clock(30, "CloudFront's origin response timeout", Counts::Silence, "Wave-RF/WaveHouse#346"),
    clock(30, "AWS API Gateway's idle timeout of streams, edge-optimized", Counts::Silence, API_GATEWAY),
    clock(30, "Next.js's proxyTimeout of rewrites", Counts::Either, "vercel/next.js#36586"),
    clock(30, "Heroku's router, up to the first octet", Counts::Unanswered, HEROKU),
    clock(55, "Heroku's router, after the first octet", Counts::Silence, HEROKU),
    clock(
        60,
        "nginx's proxy_read_timeout",
        Counts::Silence,
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout",
    ),
    clock(60, "AWS ALB's idle timeout", Counts::Silence, "Wave-RF/WaveHouse#346"),
    clock(60, "HAProxy's timeout client and timeout server in Red Hat's conf", Counts::Silence, HAPROXY),
    clock(60, "cowboy's idle_timeout in old versions", Counts::Whole, "mustafaturan/sse#9"),
    clock(100, "Cloudflare's proxy read timeout (524)", Counts::Silence, "burningmantech/ranger-ims-server#1364"),
    clock(120, "node http-proxy's socket timeout", Counts::Silence, "http-party/node-http-proxy#921"),
    clock(
        125,
        "Cloudflare's proxy read timeout (524), as measured in 2026",
        Counts::Silence,
        "robhunter/agentdeals#1098",
    ),
    clock(180, "Clever Cloud's backend timeout", Counts::Either, "CleverCloud/documentation#223"),
    clock(230, "Azure App Service's front end", Counts::Either, "MicrosoftDocs/SupportArticles-docs#544"),
    clock(300, "Envoy's stream_idle_timeout", Counts::Silence, "Wave-RF/WaveHouse#346"),
    clock(300, "undici's (Node's fetch) bodyTimeout", Counts::Silence, "modelcontextprotocol/typescript-sdk#270"),
    clock(300, "Node's requestTimeout", Counts::Whole, "modelcontextprotocol/typescript-sdk#2541"),
    clock(300, "AWS API Gateway's idle timeout of streams, regional", Counts::Silence, API_GATEWAY),
    clock(300, "Google Cloud Run's request timeout", Counts::Whole, CLOUD_RUN),
    clock(350, "AWS NLB's and NAT gateway's idle timeout (RST on the next use)", Counts::Silence, "encode/httpx#2975"),
    clock(900, "AWS API Gateway's longest stream", Counts::Whole, API_GATEWAY),
    clock(
        900,
        "AWS Lambda's longest life",
        Counts::Whole,
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
    ),
    clock(3600, "Google Cloud Run's longest request", Counts::Whole, CLOUD_RUN),
];

/// Other round numbers, which somebody may have set.
const ROUND: [u64; 16] = [5, 10, 15, 20, 30, 45, 60, 75, 90, 100, 120, 180, 240, 300, 600, 900];

/// How far after its number a death may lie: a little, and a hundredth for what passes on the way.
fn is_at(duration: Duration, seconds: u64) -> bool {
    let wanted = Duration::from_secs(seconds);
    let late = Duration::from_millis(700) + wanted / 100;
    duration + Duration::from_millis(150) >= wanted && duration <= wanted + late
}

pub(super) fn findings(seen: &Observation) -> Vec<Finding> {
    let is_cut = seen.outcome() != Some(harness::verdict::Outcome::Intact);
    // With its end mark it is whole, whatever the hour.
    if !seen.ending.how.is_the_peers() || (!is_cut && seen.content.has_mark == Some(true)) {
        return Vec::new();
    }
    let whole = seen.ending.at;
    let last = last_octet(seen);
    let silence = whole.saturating_sub(last);
    // What took its time is what a clock could have measured: of a silence from beginning to end, one or the other.
    let deaths: Vec<(u64, Duration, Counts)> = match (number(silence), number(whole)) {
        (Some(silent), Some(seconds)) if silent == seconds => vec![(seconds, whole, Counts::Either)],
        (of_silence, of_whole) => {
            let of_silence = of_silence.map(|seconds| (seconds, silence, Counts::Silence));
            of_silence.into_iter().chain(of_whole.map(|seconds| (seconds, whole, Counts::Whole))).collect()
        }
    };
    let mut findings = Vec::new();
    for (seconds, took, counts) in deaths {
        let from = match counts {
            Counts::Silence => "of silence",
            Counts::Whole | Counts::Unanswered => "from the request",
            Counts::Either => "from the request, and was silent for as long",
        };
        let what = if is_cut {
            format!("it died {} {from}: this is a clock", shortly(took))
        } else {
            format!("it ended in order {} {from}: if the stream was to go on, a clock ended it", shortly(took))
        };
        // An end in order may just have come then.
        let severity = if is_cut { Severity::Harm } else { Severity::Note };
        findings.push(
            Finding::new(severity, "round-number", what)
                .seen(format!("{seconds} s is the default of: {}", names(seconds, counts, silence == whole)))
                .by("as in golang/go#16100, envoyproxy/envoy#8517, haproxy/haproxy#182")
                .cured_by(match counts {
                    Counts::Silence => "send a comment line (\": beat\") more often than that, or raise that clock",
                    Counts::Either => {
                        "send a comment line (\": beat\") more often than that, and probe again: if it dies all the same, no \
                         heartbeat helps, and that clock is to be raised or switched off for this path"
                    }
                    Counts::Whole | Counts::Unanswered => {
                        "no heartbeat helps against this: raise or switch off that clock for this path, or end in order and resume"
                    }
                }),
        );
    }
    findings
}

/// When the last octet of anything came, before what ended it.
fn last_octet(seen: &Observation) -> Duration {
    let content = seen.content.arrivals.iter().rev().map(|arrival| arrival.at);
    let head = seen.head.as_ref().map(|head| head.at);
    // An error page, or a last-chunk, comes with the death itself and breaks no silence.
    let mut instants = content.chain(head);
    instants.find(|at| seen.ending.at.saturating_sub(*at) > Duration::from_millis(50)).unwrap_or_default()
}

fn number(duration: Duration) -> Option<u64> {
    let known = CLOCKS.iter().map(|clock| clock.seconds).chain(ROUND);
    known.into_iter().find(|seconds| is_at(duration, *seconds))
}

/// The clocks with this default that can have counted so.
fn names(seconds: u64, counts: Counts, is_unanswered: bool) -> String {
    let fits = |clock: &&Clock| {
        clock.seconds == seconds
            && match clock.counts {
                Counts::Either => true,
                Counts::Unanswered => is_unanswered,
                Counts::Silence | Counts::Whole => clock.counts == counts || counts == Counts::Either,
            }
    };
    let name = |clock: &Clock| format!("{} ({})", clock.whose, clock.source);
    let names: Vec<String> = CLOCKS.iter().filter(fits).map(name).collect();
    if names.is_empty() { "none that is known here; somebody has set it".to_owned() } else { names.join("; ") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::super::ending::How;
    use super::super::synthetic::{Script, rules};
    use super::*;

    fn dies(beats: &[u64], at: u64) -> Vec<Finding> {
        let script = beats.iter().fold(Script::default(), |script, at| script.content(*at, b": beat\n"));
        findings(&script.cut(at, How::Fin, "no last-chunk").seen())
    }

    #[test]
    fn a_death_after_silence_names_idle_clocks() {
        let found = dies(&[100, 7_000], 67_040);
        assert_eq!(rules(&found), ["round-number"]);
        assert_eq!(found[0].what, "it died 60.0 s of silence: this is a clock");
        assert_eq!(
            found[0].evidence,
            format!(
                "60 s is the default of: nginx's proxy_read_timeout \
                 (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout); AWS ALB's idle timeout \
                 (Wave-RF/WaveHouse#346); HAProxy's timeout client and timeout server in Red Hat's conf ({HAPROXY})"
            )
        );
    }

    #[test]
    fn a_death_in_spite_of_heartbeats_names_absolute_clocks() {
        let beats: Vec<u64> = (0..15).map(|second| second * 1000).collect();
        let found = dies(&beats, 15_010);
        assert_eq!(found[0].what, "it died 15.0 s from the request: this is a clock");
        assert_eq!(found[0].evidence, "15 s is the default of: Envoy's route timeout (envoyproxy/envoy#8517)");
    }

    #[test]
    fn a_death_before_anything_came_may_be_of_either_kind() {
        let found = findings(&Script::default().no_head().ended(30_020, How::Fin).seen());
        assert_eq!(rules(&found), ["round-number"]);
        assert!(found[0].evidence.contains("GCP") && found[0].evidence.contains("CloudFront"), "{}", found[0].evidence);
    }

    #[test]
    fn a_silence_from_the_first_event_on_is_one_death_and_not_two_with_two_cures() {
        let found =
            findings(&Script::default().content(2, b"data: x\n\n").cut(30_020, How::Fin, "no last-chunk").seen());
        assert_eq!(rules(&found), ["round-number"]);
        assert_eq!(found[0].what, "it died 30.0 s from the request, and was silent for as long: this is a clock");
        assert!(found[0].evidence.contains("GCP") && found[0].evidence.contains("CloudFront"), "{}", found[0].evidence);
        assert!(!found[0].evidence.contains("up to the first octet"), "{}", found[0].evidence);
        assert!(found[0].cure.contains("probe again"), "{}", found[0].cure);
        let unanswered = findings(&Script::default().no_head().ended(30_020, How::Fin).seen());
        assert!(unanswered[0].evidence.contains("up to the first octet"), "{}", unanswered[0].evidence);
    }

    #[test]
    fn an_error_page_breaks_no_silence() {
        let seen = Script::default().status(504).head_at(60_003).content(60_003, b"<html>").complete().seen();
        let found = findings(&seen);
        assert_eq!(rules(&found), ["round-number"]);
        assert!(found[0].evidence.contains("proxy_read_timeout"), "{}", found[0].evidence);
    }

    #[test]
    fn an_end_in_order_at_a_round_number_is_a_note_unless_the_mark_came() {
        let beats = (0..30).fold(Script::default(), |script, at| script.content(at * 1000, b"data: x\n\n"));
        let found = findings(&Observation {
            ending: super::super::super::ending::Ending { how: How::Message, at: Duration::from_millis(30_100) },
            ..beats.complete().seen()
        });
        assert_eq!(found.iter().map(|finding| finding.severity.word()).collect::<Vec<_>>(), ["note"]);
        let done = Script::default().content(30_000, b"data: [DONE]\n\n").expect_end("[DONE]").complete().seen();
        assert_eq!(findings(&done), []);
    }

    #[rstest]
    #[case::too_soon(59_800)]
    #[case::too_late(61_400)]
    #[case::anything(47_000)]
    fn other_numbers_are_no_clocks(#[case] at: u64) {
        assert_eq!(dies(&[], at), []);
    }

    #[test]
    fn a_number_that_nobody_is_known_for_is_still_round() {
        let found = dies(&[], 90_100);
        assert!(found[0].evidence.ends_with("none that is known here; somebody has set it"), "{}", found[0].evidence);
    }

    /// `owner/repository#number`.
    fn is_a_thread(source: &str) -> bool {
        let is_a_name = |name: &str| !name.is_empty() && !name.contains(['/', ' ']);
        source.split_once('#').is_some_and(|(repository, number)| {
            repository.split_once('/').is_some_and(|(owner, name)| is_a_name(owner) && is_a_name(name))
                && number.parse::<u64>().is_ok()
        })
    }

    #[test]
    fn no_clock_is_named_without_a_source_that_can_be_opened() {
        for clock in CLOCKS {
            let is_a_page = clock.source.starts_with("https://");
            assert!(is_a_page || is_a_thread(clock.source), "{clock:?}");
        }
        assert!(CLOCKS.is_sorted_by_key(|clock| clock.seconds));
    }

    #[test]
    fn what_we_left_ourselves_did_not_die() {
        assert_eq!(findings(&Script::default().seen()), []);
    }
}
