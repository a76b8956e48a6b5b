//! The fingerprints of chains that we know say what the truth table says.

mod front;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use harness::address;
use harness::gateway::{Conf, Nginx, Process};
use harness::processor;
use mve::chain::{Failed, Fingerprint, Probe, Wish, service};
use mve::matrix::text;
use mve::probe::dial::Way;
use mve::probe::target::Target;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use front::Front;

/// The fingerprint of a chain of nginx with these confs, from the reader to the origin; none on a machine without nginx.
fn fingerprint(confs: &[&str], budget: Option<Duration>) -> Option<Fingerprint> {
    taken(confs, budget, None).map(|taken| taken.expect("a fingerprint"))
}

/// The same with something of ours before them all. Without confs no nginx is asked for.
fn taken(confs: &[&str], budget: Option<Duration>, front: Option<Front>) -> Option<Result<Fingerprint, Failed>> {
    let gateway = |conf: &&str| {
        let conf = Conf::from(fixtures::nginx::conf::text(conf).unwrap_or(conf));
        fixtures::nginx::binary().map(|program| Nginx { program, name: "in a chain".into(), conf })
    };
    let Ok(gateways) = confs.iter().map(gateway).collect::<Result<Vec<_>, _>>() else {
        eprintln!("skipped: no nginx");
        return None;
    };
    let _overtaking_nothing = processor::stay();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    Some(runtime.block_on(async {
        let listener = address::listen(address::next()).and_then(TcpListener::from_std).expect("it listens");
        let origin: SocketAddr = listener.local_addr().expect("it listens");
        let mut next = origin;
        let mut serving = JoinSet::new();
        serving.spawn(service::serve_on(listener));
        let mut running = Vec::new();
        for nginx in gateways.iter().rev() {
            let process = Process::start(nginx, next, address::next()).await.expect("nginx starts");
            next = process.address();
            running.push(process);
        }
        let (mut way, mut scheme) = (Way::default(), "http");
        if let Some(front) = &front {
            next = front.before(next, origin, &mut serving);
            if let Some(file) = front.certificate() {
                (way.cacert, scheme) = (Some(file), "https");
            }
        }
        let chain = Target::read(&format!("{scheme}://{next}")).expect("a URL");
        let run = "test".to_owned();
        let wish = Wish { chain, origin: None, way, fields: String::new(), budget, settle: Duration::ZERO, run };
        Probe::new(wish).run(&|_| ()).await
    }))
}

/// A reviewed table of nginx: for each row (what delimits the content, where, how) the letter in this column.
fn table(name: &str, column: usize) -> BTreeMap<(String, String, String), char> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/matrix").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut origin = String::new();
    let mut rows = BTreeMap::new();
    for line in text.lines().skip(4).filter(|line| !line.is_empty()) {
        if !line.starts_with(' ') {
            origin = line.split_whitespace().next().unwrap_or_default().to_owned();
        }
        let words: Vec<&str> = line[text::NAMES[0]..].split_whitespace().collect();
        if let [cut, end, letters @ ..] = &words[..]
            && let Some(letter) = letters.get(column)
        {
            let letter = letter.chars().next().unwrap_or('-');
            rows.insert((origin.clone(), (*cut).to_owned(), (*end).to_owned()), letter);
        }
    }
    assert!(rows.len() > 3, "{name} has too few rows: {rows:?}");
    rows
}

/// Every cut of the fingerprint has the letter of the table.
fn says_what_the_truth_table_says(fingerprint: &Fingerprint, version: &str, column: usize) {
    let truth = table(&format!("truncation-nginx-{version}.txt"), column);
    for cut in &fingerprint.cuts {
        let end = if cut.end == "-" { "fin" } else { cut.end };
        let key = (cut.framing.to_owned(), cut.cut.to_owned(), end.to_owned());
        let letter = truth.get(&key).unwrap_or_else(|| panic!("{key:?} is no row of the table"));
        let outcome = match letter {
            '.' => "intact",
            'v' => "cut-visible",
            's' | 'S' => "cut-silent",
            other => panic!("{key:?}: {other}"),
        };
        assert_eq!(cut.outcome, outcome, "{key:?}: {cut:?}");
    }
    assert_eq!(fingerprint.cuts.len(), 21);
}

fn says_what_the_table_of_the_held_says(fingerprint: &Fingerprint, version: &str, column: usize) {
    let truth = table(&format!("held-nginx-{version}.txt"), column);
    for passing in fingerprint.passing.iter().filter(|passing| !passing.accepts_gzip) {
        let letter = |what: &str| truth[&(passing.framing.to_owned(), what.to_owned(), "open".to_owned())];
        assert_eq!(passing.header_section, letter("header-section") == '.', "{passing:?}");
        assert_eq!(passing.events == 3, letter("small-events") == '.', "{passing:?}");
        assert_eq!(passing.at_the_end, (passing.events < 3).then_some(true), "{passing:?}");
    }
}

fn version() -> String {
    fixtures::nginx::binary().map(|nginx| nginx.version).unwrap_or_default()
}

/// Without a gateway: what the origin itself is taken to do.
#[test]
fn nothing_between_changes_nothing() {
    let fingerprint = fingerprint(&[], None).expect("nginx is not needed");
    assert_eq!(fingerprint.blame, "what lies between passes all that was tried on, at once and unbroken");
    assert_eq!((&fingerprint.changes.request[..], &fingerprint.changes.response[..]), (&[][..], &[][..]));
    assert!(fingerprint.changes.same_chunks && fingerprint.changes.trailers);
    let hows: Vec<_> = fingerprint.departures.iter().map(|departure| departure.how).collect();
    assert_eq!(hows, ["close", "reset", "half-close"]);
    assert!(fingerprint.departures.iter().all(|departure| departure.after_writes == Some(0)), "{fingerprint}");
    assert_eq!(fingerprint.departures[2].still_served, Some(true));
}

#[test]
fn nginx_as_it_ships_holds_small_events_and_asks_in_http_1_0() {
    let Some(fingerprint) = fingerprint(&["as-shipped"], None) else { return };
    says_what_the_truth_table_says(&fingerprint, &version(), 0);
    says_what_the_table_of_the_held_says(&fingerprint, &version(), 0);
    assert_eq!(
        fingerprint.blame,
        "what lies between asks the origin in HTTP/1.0, where a cut looks like an end; holds octets 1 to 3976 of content, \
         and then up to 4095 more, (framing length, close) until the origin writes again or ends; takes a half-close for a departure"
    );
    let close = fingerprint.passing.iter().find(|passing| passing.framing == "close").expect("it was tried");
    assert_eq!((close.from, close.of_it, close.unbuffered_by_field), (Some(3977), Some(3977), Some(true)));
    // The first buffer has the header section of 119 octets too, the next ones have content alone: 4 KiB each.
    assert_eq!(close.then_from, Some(4096));
    let added: Vec<&str> = fingerprint
        .changes
        .response
        .iter()
        .filter(|field| field.sent.is_none())
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!((fingerprint.changes.asked_in.as_str(), &added[..]), ("1.0", &["connection", "server"][..]));
    assert!(!fingerprint.changes.trailers);
}

#[test]
fn nginx_cured_passes_each_event_and_each_cut() {
    let Some(fingerprint) = fingerprint(&["unbuffered-http11"], None) else { return };
    says_what_the_truth_table_says(&fingerprint, &version(), 3);
    says_what_the_table_of_the_held_says(&fingerprint, &version(), 2);
    assert_eq!(fingerprint.blame, "what lies between takes a half-close for a departure");
    assert_eq!(fingerprint.changes.asked_in, "1.1");
}

/// What any of the two does shows, and the one behind asks the other in HTTP/1.0: then a cut is laundered between them.
#[test]
fn two_gateways_in_a_row_show_the_faults_of_both() {
    let Some(fingerprint) = fingerprint(&["as-shipped", "as-shipped"], None) else { return };
    let truth = table("pairs-nginx+nginx-1.28.3+1.30.6.txt", 0);
    for cut in fingerprint.cuts.iter().filter(|cut| cut.end != "-") {
        let key = (cut.framing.to_owned(), cut.cut.to_owned(), cut.end.to_owned());
        let outcome = if "sS".contains(truth[&key]) { "cut-silent" } else { "cut-visible" };
        assert_eq!(cut.outcome, outcome, "{key:?}");
    }
    assert!(fingerprint.blame.starts_with("what lies between turns a cut into a complete end; "), "{fingerprint}");
}

#[test]
fn a_gateway_that_ignores_a_departure_is_noticed_at_a_write() {
    let Some(fingerprint) = fingerprint(&["ignore-client-abort"], None) else { return };
    let [close, reset, half_close] = &fingerprint.departures[..] else { panic!("{fingerprint}") };
    for left in [close, reset] {
        assert!(left.after_writes.is_some_and(|writes| writes > 0), "{fingerprint}");
    }
    assert_eq!((half_close.after_writes, half_close.still_served), (None, Some(true)));
}

#[test]
fn compression_that_is_held_back_is_told_apart() {
    let Some(fingerprint) = fingerprint(&["gzip"], None) else { return };
    let coded: Vec<_> = fingerprint.passing.iter().filter(|passing| passing.coding.is_some()).collect();
    assert_eq!(coded.len(), 3, "{fingerprint}");
    assert!(coded.iter().all(|passing| passing.events == 3 && passing.accepts_gzip), "{fingerprint}");
}

/// What nginx with this time-out for reading is told to be. Only scripts with a pause go through it: what is asked beside
/// them takes as long as a loaded machine does.
fn with_a_clock(clock: &str, budget: Duration) -> Option<Fingerprint> {
    let conf = fixtures::nginx::conf::text("read-timeout").expect("a known conf");
    let conf = conf.replace("proxy_read_timeout 200ms;", &format!("proxy_read_timeout {clock};"));
    taken(&[&conf], Some(budget), Some(Front::for_pauses())).map(|taken| taken.expect("a fingerprint"))
}

/// nginx's clock, of one second: it is moved by what arrives.
#[test]
fn a_clock_that_comments_and_events_reset_is_an_idle_one() {
    let Some(fingerprint) = with_a_clock("1s", Duration::from_secs(3)) else { return };
    let clock = &fingerprint.clock;
    assert_eq!(
        (clock.kind, clock.comments_reset_it, clock.events_reset_it),
        ("idle", Some(true), Some(true)),
        "{clock}"
    );
    assert!(clock.more_than_ms.is_some_and(|more| more < 1000), "{clock}");
    assert!(clock.at_most_ms.is_some_and(|most| most >= 995), "{clock}");
    assert_eq!(clock.outcome, Some("cut-visible"));
    assert!(
        fingerprint.blame.ends_with("ms after a silence") || fingerprint.blame.contains("cuts a stream"),
        "{fingerprint}"
    );
}

/// nginx moves a timer only by 300 ms or more, so that a shorter one is not moved at all: an absolute clock.
#[test]
fn a_clock_that_nothing_resets_is_an_absolute_one() {
    let Some(fingerprint) = with_a_clock("200ms", Duration::from_secs(2)) else { return };
    let clock = &fingerprint.clock;
    assert_eq!((clock.kind, clock.comments_reset_it, clock.events_reset_it), ("absolute", Some(false), Some(false)));
    assert!(clock.at_most_ms.is_some_and(|most| most >= 195), "{clock}");
}

/// TLS up to a front that ends it, and nginx behind it: what the table says of nginx holds through it.
#[test]
fn over_https_the_same_is_told() {
    let Some(taken) = taken(&["as-shipped"], None, Some(Front::of_tls())) else { return };
    let fingerprint = taken.expect("a fingerprint");
    says_what_the_truth_table_says(&fingerprint, &version(), 0);
    says_what_the_table_of_the_held_says(&fingerprint, &version(), 0);
    assert!(fingerprint.chain.starts_with("https://"), "{}", fingerprint.chain);
    assert!(
        fingerprint.blame.starts_with("what lies between asks the origin in HTTP/1.0, where a cut looks like an end"),
        "{fingerprint}"
    );
    assert!(fingerprint.departures.iter().all(|departure| departure.after_writes == Some(0)), "{fingerprint}");
}

/// Nothing is held: 200 ms later the kernel sends what it has, also if nobody writes.
#[test]
fn what_a_kernel_sends_late_is_not_told_as_held() {
    let taken = taken(&[], None, Some(Front::that_corks())).expect("nginx is not needed");
    let fingerprint = taken.expect("a fingerprint");
    assert!(!fingerprint.blame.contains("holds octets"), "{fingerprint}");
    for passing in &fingerprint.passing {
        // On a machine that is busy enough, 200 ms are over before anybody looks.
        assert!(passing.events == 3 || passing.late_ms.is_some(), "{fingerprint}");
        assert_eq!(
            (passing.from, passing.at_the_end, passing.unbuffered_by_field),
            (None, None, None),
            "{fingerprint}"
        );
    }
}

/// It passes the beginning of a silent stream on, and nothing more: neither octets nor an end.
#[test]
fn a_chain_that_never_ends_a_silent_stream_is_given_up() {
    let taken = taken(&[], Some(Duration::from_millis(300)), Some(Front::that_stalls())).expect("nginx is not needed");
    let fingerprint = taken.expect("a fingerprint");
    assert_eq!((fingerprint.clock.kind, fingerprint.clock.outcome), ("hung", Some("hung")), "{fingerprint}");
    assert_eq!(fingerprint.blame, "what lies between never ends a response that was silent for 300 ms");
    assert!(fingerprint.to_string().contains("it was given up"), "{fingerprint}");
}

/// It answers what it is asked for with octets without end.
#[test]
fn a_chain_that_sends_without_end_is_told_in_a_line() {
    let taken = taken(&[], None, Some(Front::that_floods())).expect("nginx is not needed");
    let failed = taken.expect_err("no fingerprint").to_string();
    assert_eq!(failed, "what came through the chain is no scripted response: it has more than 4194304 octets");
}

/// A certificate that nobody here trusts, and a redirect that leads back, are one line each.
#[test]
fn a_chain_that_cannot_be_entered_is_told_in_a_line() {
    let taken_over_tls = taken(&[], None, Some(Front::of_tls().untrusted())).expect("nginx is not needed");
    let failed = taken_over_tls.expect_err("no fingerprint").to_string();
    assert!(failed.starts_with("the certificate of 127."), "{failed}");
    let redirected = taken(&[], None, Some(Front::that_redirects())).expect("nginx is not needed").expect_err("none");
    assert!(redirected.to_string().contains(" is answered with 302 "), "{redirected}");
}
