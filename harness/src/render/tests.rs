use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::transcript::{Event, chain};

/// Reads a text, and renders what it says.
fn again(text: &str, redactions: &Redactions) -> String {
    render(&parse(text).expect("the transcript of a test"), redactions)
}

const TWO_HOPS: &str = r#"chain: c raw, p nginx as-shipped, o writer

1. the origin sends one event and keeps the response open
c>p  GET /events HTTP/1.1\r\n
c>p  Host: mve.test\r\n
c>p  \r\n
     p>o  -- connect
     p>o  GET /events HTTP/1.1\r\n
     p>o  Host: mve.test\r\n
     p>o  \r\n
     o>p  HTTP/1.1 200 OK\r\n
     o>p  Content-Type: text/event-stream\r\n
     o>p  Transfer-Encoding: chunked\r\n
     o>p  Trailer: Checksum\r\n
     o>p  \r\n
     o>p  b\r\n  # chunk 1: 11 octets
     o>p  data: one\n
     o>p  \n
     o>p  \r\n
p>c  -- silence  # fenced: nothing more has arrived
o:   write 1: 11 octets
o:   flush 1: ok

2. the deadline passes
     o>p  0\r\n  # last-chunk
     o>p  Checksum: 1\r\n  # trailer field
     o>p  \r\n
     o>p  -- FIN
p>c  HTTP/1.1 200 OK\r\n
p>c  Content-Type: text/event-stream\r\n
p>c  Content-Length: 100\r\n
p>c  \r\n
p>c  data: one\n
p>c  \n
p>c  -- FIN  # 11 of 100 octets
o:   flush 2: i/o timeout
p:   [error] upstream \x22prematurely\x22 closed
c:   200, then the content ended without an error

verdict
o>p  200, complete (last-chunk); 1 event
p>c  200, incomplete: 11 of 100 octets; 1 event
lost: the end of the message (incomplete: 11 of 100 octets)
outcome: cut-visible
"#;

#[test]
fn a_transcript_over_two_hops_reads_like_this() {
    // The notation escapes no quotation marks: what is read with \x22 is shown as it is.
    assert_eq!(again(TWO_HOPS, &Redactions::all()), TWO_HOPS.replace("\\x22", "\""));
}

#[test]
fn lanes_of_several_gateways_keep_one_column_a_hop() {
    let text = r"chain: c hyper's client, p1 nginx, p2 envoy\x2c edge, o

1. x
c>p1   GET / HTTP/1.1\r\n
c>p1   -- RST  # in the header section
     p1>p2  -- connect
          p2>o   -- connect
o:     write 1: 1 octet
p2:
p1:    \x20

verdict
o>p2   no response
p2>p1  no response
p1>c   no response
lost: the response
outcome: cut-visible
";
    let text = text.replace("# in the header", "# cut in the header");
    assert_eq!(again(&text, &Redactions::none()), text);
}

/// A response over one hop whose lines are given; what the render shows of it.
fn shown(lines: &str, redactions: &Redactions) -> String {
    let lines: String = lines.lines().map(|line| format!("o>c  {line}\n")).collect();
    let text = again(&format!("chain: c raw, o scripted\n1. x\nc>o  GET / HTTP/1.1\\r\\n\\r\\n\n{lines}"), redactions);
    let lines = text.lines().take_while(|line| *line != "verdict").filter_map(|line| line.strip_prefix("o>c  "));
    lines.collect::<Vec<_>>().join("\n")
}

const CHUNKED: &str = r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const PLAIN: &str = r"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
const CLOSE: &str = r"HTTP/1.1 200 OK\r\n\r\n";

#[rstest]
#[case::chunk_data_and_its_end(CHUNKED, r"5\r\ndata:\r\n", "5\\r\\n  # chunk 1: 5 octets\ndata:\n\\r\\n")]
#[case::one_octet(CHUNKED, r"1\r\na\r\n", "1\\r\\n  # chunk 1: 1 octet\na\n\\r\\n")]
#[case::no_chunk_size(CHUNKED, r"event: a\n\n", "event: a\\n  # ? expected chunk-size\n\\n")]
#[case::no_crlf(CHUNKED, r"1\r\nab\r\n", "1\\r\\n  # chunk 1: 1 octet\na\nb\\r\\n  # ? expected CRLF after chunk-data")]
#[case::cut_in_chunk_size(CHUNKED, "1\n-- FIN", "1  # chunk 1\n-- FIN  # cut inside chunk-size")]
#[case::cut_in_chunk_data(
    CHUNKED,
    "5\\r\\nda\n-- RST",
    "5\\r\\n  # chunk 1: 5 octets\nda\n-- RST  # cut inside chunk-data"
)]
#[case::no_last_chunk(CHUNKED, "-- FIN", "-- FIN  # no last-chunk")]
#[case::complete(CHUNKED, "0\\r\\n\\r\\n\n-- FIN", "0\\r\\n  # last-chunk\n\\r\\n\n-- FIN")]
#[case::a_line_end_of_lf(CHUNKED, r"0\n\r\n", "0\\n  # last-chunk; chunk-size line ended by LF alone\n\\r\\n")]
#[case::surplus(PLAIN, r"HTTP/1.1 500\r\n\r\n", "HTTP/1.1 500\\r\\n  # after the message\n\\r\\n")]
#[case::close_delimited(CLOSE, "a\n-- FIN", "a\n-- FIN")]
#[case::close_delimited_reset(CLOSE, "a\n-- RST", "a\n-- RST  # close-delimited, ended by RST")]
#[case::looks_like_a_fact(CLOSE, r"\x2d- FIN", r"\x2d- FIN")]
#[case::an_elision_inside_a_line(CLOSE, r##"a # ... 64 octets, all "x""##, r##"a \x23 ... 64 octets, all "x""##)]
#[case::looks_like_an_elision(CLOSE, r##"\x23 ... 64 octets, all "x""##, r##"\x23 ... 64 octets, all "x""##)]
fn pieces_say_what_they_are(#[case] head: &str, #[case] lines: &str, #[case] expected: &str) {
    let text = shown(&format!("{head}\n{lines}"), &Redactions::none());
    assert!(text.ends_with(&format!("\n{expected}")), "{text}");
}

#[test]
fn behind_a_switch_of_protocol_neither_direction_is_http() {
    let text = "chain: c raw, o scripted\n\n1. x\n\
                c>o  GET / HTTP/1.1\\r\\n\nc>o  Upgrade: echo\\r\\n\nc>o  \\r\\n\nc>o  ping  # raw\nc>o  -- FIN\n\
                o>c  HTTP/1.1 101 Switching Protocols\\r\\n\no>c  Upgrade: echo\\r\\n\no>c  \\r\\n\no>c  pong  # raw\n";
    let shown = again(text, &Redactions::none());
    assert!(shown.starts_with(text), "{shown}");
    let refused = shown.replace("101 Switching Protocols", "426 Upgrade Required");
    assert!(again(&refused, &Redactions::none()).contains("-- FIN  # cut inside the request-line"));
}

#[rstest]
#[case::short(r##"# ... 63 octets, all "x""##, "x".repeat(63))]
#[case::long_enough("x".repeat(64), r##"# ... 64 octets, all "x""##)]
#[case::in_its_place(format!(r"a{}b\n", "x".repeat(64)), "a\n# ... 64 octets, all \"x\"\nb\\n")]
#[case::two_of_them(format!("{}{}", "x".repeat(70), "y".repeat(80)), "# ... 70 octets, all \"x\"\n# ... 80 octets, all \"y\"")]
#[case::line_ends(r"\n".repeat(100), r##"# ... 100 octets, all "\n""##)]
#[case::a_sign(r"\x23".repeat(64), r##"# ... 64 octets, all "\x23""##)]
#[case::a_quotation_mark("\"".repeat(64), "# ... 64 octets, all \"\"\"")]
#[case::many(r##"# ... 1,048,576 octets, all "\x00""##, r##"# ... 1,048,576 octets, all "\x00""##)]
fn equal_octets_are_elided(#[case] lines: impl AsRef<str>, #[case] expected: impl AsRef<str>) {
    let text = shown(&format!("{CLOSE}\n{}", lines.as_ref()), &Redactions::none());
    assert!(text.ends_with(&format!("\n{}", expected.as_ref())), "{text}");
}

#[test]
fn an_elided_piece_bears_the_annotation_of_its_beginning() {
    let text = shown(&format!("{PLAIN}{}", "x".repeat(64)), &Redactions::none());
    assert!(text.ends_with("a\n# ... 64 octets, all \"x\"  # after the message"), "{text}");
    assert_eq!(shown(&text, &Redactions::none()), text);
}

#[rstest]
#[case::inside_chunk_data(CHUNKED, "64\\r\\n", "-- FIN  # cut inside chunk-data", "some")]
#[case::still_open(CHUNKED, "64\\r\\n", "", "70")]
#[case::close_delimited(CLOSE, "", "-- FIN", "70")]
fn how_much_passed_before_a_cut_is_redacted(
    #[case] head: &str,
    #[case] size: &str,
    #[case] end: &str,
    #[case] count: &str,
) {
    let text = shown(&format!("{head}{size}\n{}\n{end}", "x".repeat(70)), &Redactions::all());
    let expected = format!("# ... {count} octets, all \"x\"\n{end}");
    assert!(text.ends_with(expected.trim_end()), "{text}");
    assert_eq!(shown(&text, &Redactions::all()), text);
}

#[test]
fn annotations_see_the_lane_as_a_whole() {
    let text = shown(&format!("{CHUNKED}5\\r\\nda\n-- silence\nta:\\r\\n"), &Redactions::none());
    let end = "5\\r\\n  # chunk 1: 5 octets\nda\n-- silence  # fenced: nothing more has arrived\nta:\n\\r\\n";
    assert!(text.ends_with(end), "{text}");
}

const TO_REDACT: &str = r"HTTP/1.1 200 OK\r\n
Server: nginx/1.28.3\r\n
date:Mon, 01 Jan 2024 00:00:00 GMT \r\n
Location: http://127.0.0.1:8080/a\r\n
Via: 1.1 127.0.0.1:8080, 1.0 fred\r\n
X-Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n
Content-Length: 24\r\n
\r\n
Date: 1\r\n
127.0.0.1:8080\n";

#[test]
fn field_values_are_redacted_and_nothing_else() {
    assert_eq!(
        shown(TO_REDACT, &Redactions::all()),
        r"HTTP/1.1 200 OK\r\n
Server: nginx/<version>\r\n
date:<date> \r\n
Location: http://<origin>/a\r\n
Via: 1.1 <origin>, 1.0 fred\r\n
X-Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n
Content-Length: 24\r\n
\r\n
Date: 1\r\n
127.0.0.1:8080\n"
    );
    assert_eq!(shown(TO_REDACT, &Redactions::none()), TO_REDACT);
    let only_date = shown(TO_REDACT, &Redactions::of([Redaction::Date]));
    assert_eq!(only_date, TO_REDACT.replacen("Mon, 01 Jan 2024 00:00:00 GMT", "<date>", 1));
}

#[test]
fn a_value_that_two_steps_share_is_redacted_once() {
    let text = shown("HTTP/1.1 200 OK\\r\\nDate: Mon, 01\n-- silence\n Jan 2024\\r\\n", &Redactions::all());
    assert!(text.ends_with("Date: <date>\n-- silence  # fenced: nothing more has arrived\n\\r\\n"), "{text}");
}

#[test]
fn a_host_is_redacted_in_the_request() {
    let text = "chain: c raw, o scripted\n1. x\nc>o  GET / HTTP/1.1\\r\\nHost: 127.0.0.1:1\\r\\n\\r\\n\n";
    assert!(again(text, &Redactions::all()).contains("\nc>o  Host: <origin>\\r\\n\n"));
}

const CHAIN: &str = "chain: c raw, p nginx, o scripted\n";

#[rstest]
#[case::nothing("", "line 1: no chain: begin with a line like \"chain: c raw, p nginx, o scripted\"")]
#[case::no_chain("\n1. x", "line 2: no chain: begin with a line like \"chain: c raw, p nginx, o scripted\"")]
#[case::no_name(
    "chain: c, , o",
    "line 1: \"\" names no node of its own: give every node a name of letters and digits, from the reader to the origin, separated by a comma and a space"
)]
#[case::same_name(
    "chain: c, c",
    "line 1: \"c\" names no node of its own: give every node a name of letters and digits, from the reader to the origin, separated by a comma and a space"
)]
#[case::step("1. x\n3. y", "line 3: step \"3\" stands where step 2 is due: number the steps from 1")]
#[case::lane(
    "c>o  x",
    "line 2: \"c>o\" is no lane of this chain: begin with one of c>p p>o o>p p>c o: p: c:, or with the number of a step"
)]
#[case::terminal(
    "\x1b[2J",
    "line 2: \"\\x1b[2J\" is no lane of this chain: begin with one of c>p p>o o>p p>c o: p: c:, or with the number of a step"
)]
#[case::no_octets("c>p", "line 2: nothing stands behind the lane: add octets or a fact, or remove the line")]
#[case::annotation_alone(
    "c>p  # x",
    "line 2: nothing stands behind the lane: add octets or a fact, or remove the line"
)]
#[case::fact(
    "c>p  -- fin",
    "line 2: \"-- fin\" is no fact: write -- connect or -- FIN or -- RST or -- silence, or \\x2d for the first - of octets"
)]
#[case::connect(
    "p>c  -- connect",
    "line 2: a connection is made towards the origin: write -- connect in the lane of the requests"
)]
#[case::elision(
    "c>p  # ... 5 x",
    "line 2: \"5 x\" is no elision: write # ... 16,320 octets, all \"x\" (one octet, in notation)"
)]
#[case::too_long(
    "c>p  # ... 67,108,865 octets, all \"x\"",
    "line 2: more than 67,108,864 octets in all: shorten the elision"
)]
#[case::beyond_all_numbers(
    "c>p  # ... 99,999,999,999,999,999,999 octets, all \"x\"",
    "line 2: \"99,999,999,999,999,999,999 octets, all \"...\" is no elision: write # ... 16,320 octets, all \"x\" (one octet, in notation)"
)]
#[case::escape("c>p  a\\q", "line 2: column 2: \\ begins no escape (known: \\r \\n \\t \\\\ \\xNN)")]
#[case::sentence("1. \\xff", "line 2: this text is not UTF-8 once its escapes are read: correct the \\xNN")]
fn what_is_no_transcript_says_where_and_what_to_do(#[case] text: &str, #[case] says: &str) {
    let is_whole = text.is_empty() || text.starts_with("chain") || text.starts_with('\n');
    let text = if is_whole { text.to_owned() } else { format!("{CHAIN}{text}") };
    let error = parse(&text).expect_err("no transcript").to_string();
    assert_eq!(error.replace("\\x22", "\""), says.replace("\\x22", "\""));
}

#[test]
fn a_chain_without_end_is_refused() {
    let nodes: Vec<String> = (0..17).map(|at| format!("n{at}")).collect();
    let error = parse(&format!("chain: {}", nodes.join(", "))).expect_err("too many");
    assert_eq!(error.to_string(), "line 1: more than 16 nodes: shorten the chain");
}

#[test]
fn a_transcript_from_a_windows_editor_and_in_another_order_is_the_same() {
    let text = "chain: c raw, o scripted\r\n1. x\r\no>c a\r\nc>o  b  # any\r\no>c\t\r\n";
    assert_eq!(parse(text).map_err(|error| error.line), Err(5));
    let read = parse(&text.replace("o>c\t", "   o>c   d   ")).expect("a transcript");
    let what = |octets: &str| What::Octets(octets.as_bytes().to_vec());
    assert_eq!(
        read.events,
        [
            Event { step: StepId(0), lane: Lane::request(0), what: what("b") },
            Event { step: StepId(0), lane: Lane::response(0), what: what("ad") },
        ]
    );
}

/// Octets that are often almost HTTP, and at times anything.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "GET / HTTP/1.1\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Type: text/event-stream\r\n",
        "Content-Length: 5\r\n",
        "Content-Encoding: gzip\r\n",
        "Date: now\r\n",
        "\r\n",
        "\n",
        "5\r\n",
        "data:",
        "0\r\n",
        "data: one\n\n",
        "-- FIN",
        "# ... 64 octets, all \"x\"",
        "  # after",
        "verdict",
        " ",
        "1. x",
    ]);
    let piece = prop_oneof![
        6 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..20),
        1 => (any::<u8>(), 60..200_usize).prop_map(|(octet, count)| vec![octet; count]),
    ];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

/// Any text, with what the format itself uses.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ #\\\\\\-\n\r\t,.:\"a1é]{0,12}", Just("flush 1: ok".to_owned())]
}

/// Any transcript in its own order, over one to four hops.
fn transcript() -> impl Strategy<Value = Transcript> {
    let nodes = (text(), prop::collection::vec(text(), 0..4), text());
    let event = (0..5_usize, 0..5_usize, 0..3_usize, 0..5_usize, octets(), text());
    (nodes, prop::collection::vec(text(), 0..5), prop::collection::vec(event, 0..30)).prop_map(
        |((reader, gateways, origin), steps, events)| {
            let chain = chain(&reader, &gateways, &origin);
            let hops = chain.len() - 1;
            let mut all: Vec<Event> = Vec::new();
            for (step, at, kind, what, octets, note) in events {
                let lane = [Lane::request(at % hops), Lane::response(at % hops), Lane::notes(at % (hops + 1))][kind];
                let what = match (kind, what) {
                    (2, 0) => What::Note(octets),
                    (2, _) => What::Note(note.into()),
                    (0, 0) => What::Connect,
                    (_, 1) => What::Fin,
                    (_, 2) => What::Rst,
                    (_, 3) => What::Silence,
                    _ => What::Octets(octets),
                };
                all.push(Event { step: StepId(step % steps.len().max(1)), lane, what });
            }
            all.sort_by_key(|event| (event.step, event.lane));
            let mut events: Vec<Event> = Vec::new();
            for event in all {
                match (events.last_mut(), &event) {
                    (
                        Some(Event { step, lane, what: What::Octets(run) }),
                        Event { step: its, lane: same, what: What::Octets(piece) },
                    ) if step == its && lane == same => run.extend_from_slice(piece),
                    _ => events.push(event),
                }
            }
            let steps = steps.into_iter().map(|text| Step { text }).collect();
            Transcript { chain, steps, events, ..Transcript::default() }
        },
    )
}

proptest! {
    #[test]
    fn any_transcript_survives_the_round_trip(transcript in transcript()) {
        let text = render(&transcript, &Redactions::none());
        prop_assert!(text.bytes().all(|octet| octet == b'\n' || (b' '..=b'~').contains(&octet)), "{}", text);
        prop_assert!(!text.contains(" \n"), "{}", text);
        prop_assert_eq!(parse(&text), Ok(transcript), "{}", text);
    }

    #[test]
    fn redaction_takes_no_fact_away(transcript in transcript()) {
        let text = render(&transcript, &Redactions::all());
        let facts = |transcript: &Transcript| {
            let facts = transcript.events.iter().filter(|event| !matches!(event.what, What::Octets(_)));
            facts.cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(parse(&text).map(|read| facts(&read)), Ok(facts(&transcript)), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_in_one_line(text: String) {
        one_line(&text)?;
        one_line(&format!("chain: c a, o b\n{text}"))?;
        one_line(&format!("chain: c a, o b\n1. x\no>c  {text}"))?;
    }

    #[test]
    fn a_damaged_transcript_is_read_or_refused_in_one_line(
        transcript in transcript(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut text = render(&transcript, &Redactions::none()).into_bytes();
        for (at, octet) in cuts {
            let at = at.index(text.len());
            text[at] = octet;
        }
        one_line(&String::from_utf8_lossy(&text))?;
    }
}

/// What can be read can be judged and rendered; what cannot is refused in one printable line.
fn one_line(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(read) => {
            let again = render(&read, &Redactions::none());
            prop_assert_eq!(parse(&again), Ok(read));
        }
        Err(error) => {
            let error = error.to_string();
            prop_assert!(!error.chars().any(char::is_control), "{}", error);
        }
    }
    Ok(())
}
