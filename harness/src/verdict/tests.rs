use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::render::parse;
use crate::transcript::{Event, Meant, StepId, chain};

const TWO_EVENTS: &[u8] = b"data: one\n\ndata: two\n\n";

/// What a transcript in notation comes to, line by line.
fn verdict(text: &str, meant: Meant) -> String {
    let transcript = Transcript { meant, ..parse(text).expect("the transcript of a test") };
    Verdict::of(&transcript).to_string()
}

fn meant(content: &[u8]) -> Meant {
    Meant { status: Some(200), content: Some(content.to_vec()), ..Meant::default() }
}

/// A stream that nginx speaks HTTP/1.0 for, so that only the close ends it: the first hop can tell, the second cannot.
const CUT_SILENTLY: &str = r#"
chain: c raw, p nginx as-shipped, o writer

1. the handler returns inside an event
c>p  GET /events HTTP/1.1\r\n
c>p  \r\n
     p>o  GET /events HTTP/1.0\r\n
     p>o  \r\n
     o>p  HTTP/1.1 200 OK\r\n
     o>p  Content-Type: text/event-stream\r\n
     o>p  \r\n
     o>p  data: one\n
     o>p  \n
     o>p  data: t
     o>p  -- FIN
p>c  HTTP/1.1 200 OK\r\n
p>c  Content-Type: text/event-stream; charset=utf-8\r\n
p>c  Transfer-Encoding: chunked\r\n
p>c  \r\n
p>c  12\r\n
p>c  data: one\n
p>c  \n
p>c  data: t
p>c  \r\n
p>c  0\r\n
p>c  \r\n
"#;

#[test]
fn a_loss_behind_a_complete_message_is_cut_silent() {
    assert_eq!(
        verdict(CUT_SILENTLY, meant(TWO_EVENTS)),
        "o>p  200, complete (close-delimited); 1 event, pending event discarded\n\
         p>c  200, complete (last-chunk); 1 event, pending event discarded\n\
         lost: 4 of 22 octets of content, from \"wo\\n\\n\", after \"data: t\"\n\
         lost: the pending event\n\
         outcome: cut-silent"
    );
}

#[test]
fn a_reader_that_demands_an_event_at_the_end_can_tell() {
    let meant = Meant { terminal: Some("done".into()), ..meant(TWO_EVENTS) };
    assert_eq!(
        verdict(CUT_SILENTLY, meant),
        "o>p  200, complete (close-delimited); 1 event, pending event discarded\n\
         p>c  200, complete (last-chunk); 1 event, pending event discarded\n\
         lost: 4 of 22 octets of content, from \"wo\\n\\n\", after \"data: t\"\n\
         lost: the pending event\n\
         lost: the event \"done\" that ends the stream\n\
         outcome: cut-visible"
    );
}

#[test]
fn a_handler_that_meant_no_empty_line_lost_nothing() {
    assert_eq!(
        verdict(CUT_SILENTLY, meant(b"data: one\n\ndata: t")),
        "o>p  200, complete (close-delimited); 1 event, pending event discarded\n\
         p>c  200, complete (last-chunk); 1 event, pending event discarded\n\
         outcome: intact"
    );
}

/// A chunked response of one event over one hop, and whatever follows it.
fn one_event(then: &str) -> String {
    format!(
        r#"
chain: c raw, o scripted

1. the origin sends an event
c>o  GET /events HTTP/1.1\r\n
c>o  \r\n
o>c  HTTP/1.1 200 OK\r\n
o>c  Content-Type: text/event-stream\r\n
o>c  Transfer-Encoding: chunked\r\n
o>c  \r\n
o>c  b\r\n
o>c  data: one\n
o>c  \n
o>c  \r\n
{then}
"#
    )
}

#[rstest]
#[case::end_in_order(
    "o>c  -- FIN",
    "o>c  200, incomplete: 1 chunk, no last-chunk; 1 event\n\
     lost: 11 of 22 octets of content, from \"data: two\\n\\n\"\n\
     lost: the end of the message (incomplete: 1 chunk, no last-chunk)\n\
     outcome: cut-visible"
)]
#[case::reset(
    "o>c  b\\r\\n\no>c  dat\no>c  -- RST",
    "o>c  200, incomplete: cut inside chunk-data; 1 event, pending event discarded\n\
     lost: 8 of 22 octets of content, from \"a: two\\n\\n\", after \"dat\"\n\
     lost: the pending event\n\
     lost: the end of the message (incomplete: cut inside chunk-data)\n\
     outcome: cut-visible"
)]
#[case::last_chunk(
    "o>c  0\\r\\n\no>c  \\r\\n",
    "o>c  200, complete (last-chunk); 1 event\n\
     lost: 11 of 22 octets of content, from \"data: two\\n\\n\"\n\
     outcome: cut-silent"
)]
#[case::all_but_the_last_chunk(
    "o>c  b\\r\\n\no>c  data: two\\n\\n\no>c  \\r\\n\no>c  -- FIN",
    "o>c  200, incomplete: 2 chunks, no last-chunk; 2 events\n\
     lost: the end of the message (incomplete: 2 chunks, no last-chunk)\n\
     outcome: cut-visible"
)]
#[case::all(
    "o>c  b\\r\\n\no>c  data: two\\n\\n\no>c  \\r\\n\no>c  0\\r\\n\no>c  \\r\\n",
    "o>c  200, complete (last-chunk); 2 events\n\
     outcome: intact"
)]
#[case::all_on_an_open_stream(
    "o>c  b\\r\\n\no>c  data: two\\n\\n\no>c  \\r\\n",
    "o>c  200, incomplete: 2 chunks, no last-chunk, still open; 2 events\n\
     outcome: intact"
)]
#[case::silence_over_one_hop_then_all(
    "2. x\no>c  -- silence\no>c  b\\r\\n\no>c  data: two\\n\\n\no>c  \\r\\n\no>c  0\\r\\n\no>c  \\r\\n",
    "o>c  200, complete (last-chunk); 2 events\n\
     outcome: intact"
)]
#[case::silence_at_the_end(
    "o>c  -- silence",
    "o>c  200, incomplete: 1 chunk, no last-chunk, still open; 1 event\n\
     lost: 11 of 22 octets of content, from \"data: two\\n\\n\"\n\
     outcome: hung"
)]
#[case::silence_after_a_half_close(
    "c>o  -- FIN\no>c  -- silence",
    "o>c  200, incomplete: 1 chunk, no last-chunk, still open; 1 event\n\
     lost: 11 of 22 octets of content, from \"data: two\\n\\n\"\n\
     outcome: cut-visible"
)]
#[case::other_content(
    "o>c  b\\r\\n\no>c  data: tow\\n\\n\no>c  \\r\\n\no>c  0\\r\\n\no>c  \\r\\n",
    "o>c  200, complete (last-chunk); 2 events\n\
     lost: 4 of 22 octets of content, from \"wo\\n\\n\", after \"data: t\"\n\
     added: 4 octets of content at offset 18: \"ow\\n\\n\", after \"data: t\"\n\
     outcome: altered"
)]
#[case::more_content(
    "o>c  c\\r\\n\no>c  data: two\\n\\n!\no>c  \\r\\n\no>c  0\\r\\n\no>c  \\r\\n",
    "o>c  200, complete (last-chunk); 2 events\n\
     added: 1 octet of content at offset 22: \"!\"\n\
     outcome: altered"
)]
#[case::surplus(
    "o>c  b\\r\\n\no>c  data: two\\n\\n\no>c  \\r\\n\no>c  0\\r\\n\no>c  \\r\\n\no>c  Internal Server Error\\n",
    "o>c  200, complete (last-chunk); 2 events\n\
     o>c  22 octets after the last response\n\
     added: 22 octets outside the framing: \"Internal Server Error\\n\"\n\
     outcome: altered"
)]
#[case::an_error_page_as_chunk_size(
    "o>c  Internal Server Error\\n\no>c  -- FIN",
    "o>c  200, malformed: chunk-size is not hexadecimal; 1 event\n\
     lost: 11 of 22 octets of content, from \"data: two\\n\\n\"\n\
     lost: sound framing (chunk-size is not hexadecimal)\n\
     added: 22 octets outside the framing: \"Internal Server Error\\n\"\n\
     outcome: altered"
)]
#[case::the_next_event_without_framing(
    "o>c  data: two\\n\\n\no>c  -- FIN",
    "o>c  200, malformed: chunk-size is not hexadecimal; 1 event\n\
     lost: 11 of 22 octets of content, from \"data: two\\n\\n\"\n\
     lost: sound framing (chunk-size is not hexadecimal)\n\
     outcome: cut-visible"
)]
fn the_end_of_a_stream_decides(#[case] then: &str, #[case] says: &str) {
    assert_eq!(verdict(&one_event(then), meant(TWO_EVENTS)), says);
}

#[rstest]
#[case::later_success("2. x\nc>o  -- RST\n3. y\no:   write 2: 11 octets\no:   flush 2: ok", "leaked")]
#[case::later_failure("2. x\nc>o  -- RST\n3. y\no:   write 2: connection reset\no:   write 3: 0 octets", "cut-visible")]
#[case::success_in_the_same_step("2. x\nc>o  -- RST\no:   flush 2: ok", "cut-visible")]
#[case::half_close_that_got_more("2. x\nc>o  -- FIN\n3. y\no>c  b\\r\\n\no:   flush 2: ok", "cut-visible")]
#[case::departure_after_the_end("2. x\no>c  -- FIN\n3. x\nc>o  -- FIN\n4. y\no:   flush 2: ok", "cut-visible")]
#[case::departure_with_everything("2. x\no>c  0\\r\\n\\r\\n\nc>o  -- FIN\n3. y\no:   flush 2: ok", "cut-silent")]
fn a_reader_that_left_leaks_a_handler_that_goes_on(#[case] then: &str, #[case] outcome: &str) {
    let text = verdict(&one_event(then), meant(TWO_EVENTS));
    assert_eq!(text.lines().last(), Some(format!("outcome: {outcome}").as_str()), "{text}");
}

#[rstest]
#[case::by_the_reader("2. x\nc>o  -- RST", "intact")]
#[case::by_the_origin("2. x\no>c  -- RST", "cut-visible")]
fn a_reset_cuts_unless_the_reader_sent_it(#[case] then: &str, #[case] outcome: &str) {
    let text = verdict(&one_event(then), Meant::default());
    assert_eq!(text.lines().last(), Some(format!("outcome: {outcome}").as_str()), "{text}");
}

#[rstest]
#[case::a_write("write 1: 1 octet", true)]
#[case::a_flush("flush 12: ok", true)]
#[case::a_write_to_a_connection_taken_over("conn write 1: 5 octets", true)]
#[case::a_flush_of_its_buffer("bufrw flush 1: ok", true)]
#[case::a_read("conn read 1: 5 octets", false)]
#[case::nothing_written("write 1: 0 octets", false)]
#[case::a_short_write("write 1: 5 octets, i/o timeout", false)]
#[case::a_failed_flush("flush 1: i/o timeout", false)]
#[case::another_call("write_header 1: ok", false)]
#[case::no_number("flush: ok", false)]
fn only_some_notes_say_success(#[case] note: &str, #[case] success: bool) {
    assert_eq!(says_success(note.as_bytes()), success);
}

/// The origin sends in step 1 what the reader gets in step 2.
const HELD: &str = r#"
chain: c raw, p nginx as-shipped, o writer

1. the origin flushes an event
c>p  GET / HTTP/1.1\r\n\r\n
     p>o  GET / HTTP/1.0\r\n\r\n
     o>p  HTTP/1.1 200 OK\r\n\r\n
     o>p  data: one\n\n
p>c  -- silence

2. the origin ends the response
     o>p  -- FIN
p>c  HTTP/1.1 200 OK\r\n
p>c  Content-Length: 11\r\n
p>c  \r\n
p>c  data: one\n\n
"#;

#[test]
fn silence_before_octets_that_were_sent_is_held() {
    assert_eq!(
        verdict(HELD, meant(b"data: one\n\n")),
        "o>p  200, complete (close-delimited)\n\
         p>c  200, complete (content-length)\n\
         outcome: held"
    );
}

#[rstest]
#[case::header_section_only("     o>p  data: one\\n\\n\np>c  -- silence", "p>c  -- silence", "held")]
#[case::nothing_sent_yet("     o>p  HTTP/1.1 200 OK\\r\\n\\r\\n\n     o>p  data: one\\n\\n\n", "", "intact")]
fn held_compares_what_was_sent_by_then(#[case] line: &str, #[case] by: &str, #[case] outcome: &str) {
    // What leaves step 1 goes to step 2.
    let moved: String = line.lines().filter(|line| line.contains("o>p")).map(|line| format!("{line}\n")).collect();
    let text = HELD.replace(line, by).replace("     o>p  -- FIN", &format!("{moved}     o>p  -- FIN"));
    let text = verdict(&text, meant(b"data: one\n\n"));
    assert_eq!(text.lines().last(), Some(format!("outcome: {outcome}").as_str()), "{text}");
}

#[test]
fn content_with_another_coding_is_held_only_as_a_whole() {
    let coded = HELD.replace("p>c  Content-Length: 11", "p>c  Content-Encoding: gzip\\r\\n\np>c  Content-Length: 11");
    assert!(verdict(&coded, meant(b"data: one\n\n")).ends_with("outcome: held"));
    let begun = coded.replace("p>c  -- silence", "p>c  HTTP/1.1 200 OK\\r\\n\np>c  Content-Encoding: gzip\\r\\n\np>c  Content-Length: 11\\r\\n\\r\\n\np>c  \\x1f\np>c  -- silence");
    let begun = begun.rsplit_once("p>c  HTTP").expect("the second one").0.to_owned() + "p>c  0123456789\n";
    assert!(verdict(&begun, meant(b"data: one\n\n")).ends_with("outcome: intact"), "{begun}");
}

#[test]
fn header_and_trailer_sections_are_measured_by_name_and_value() {
    let text = r#"
chain: c raw, o scripted
1. x
c>o  GET / HTTP/1.1\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nx-kept: a\r\nX-Kept: b\r\nX-Other:  c\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nChecksum: 1\r\n\r\n
"#;
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let meant = Meant {
        status: Some(500),
        fields: vec![field("X-Kept", "b"), field("X-Other", "d"), field("X-Late", "e")],
        trailers: vec![field("checksum", "1"), field("Digest", "2")],
        content: Some(Vec::new()),
        terminal: None,
    };
    assert_eq!(
        verdict(text, meant),
        "o>c  200, complete (last-chunk)\n\
         lost: status 500 (the reader got 200)\n\
         lost: field X-Other (the reader got \"c\")\n\
         lost: field X-Late\n\
         lost: trailer Digest\n\
         outcome: cut-silent"
    );
}

#[test]
fn an_error_status_that_nobody_meant_is_a_cut_that_shows() {
    let text = r#"
chain: c raw, p nginx, o scripted
1. x
c>p  GET / HTTP/1.1\r\n\r\n
     p>o  -- connect
     p>o  GET / HTTP/1.0\r\n\r\n
     o>p  -- RST
p>c  HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n502\n
"#;
    assert_eq!(
        verdict(text, meant(TWO_EVENTS)),
        "o>p  no response\n\
         p>c  502, complete (content-length)\n\
         lost: status 200 (the reader got 502)\n\
         lost: 22 of 22 octets of content, from \"data: one\\n\\ndata: two\\n\\n\"\n\
         outcome: cut-visible"
    );
}

#[rstest]
#[case::silent("p>c  -- silence", "hung")]
#[case::ended("p>c  -- FIN", "cut-visible")]
#[case::nothing_known("", "cut-visible")]
fn no_response_is_said_for_every_hop(#[case] then: &str, #[case] outcome: &str) {
    let text = format!("chain: c raw, p nginx, o scripted\n1. x\nc>p  GET / HTTP/1.1\\r\\n\\r\\n\n{then}\n");
    assert_eq!(
        verdict(&text, meant(b"")),
        format!("o>p  no response\np>c  no response\nlost: the response\noutcome: {outcome}")
    );
}

#[test]
fn an_answer_to_head_has_no_content_and_loses_none() {
    let text = r#"
chain: c raw, o scripted
1. x
c>o  HEAD / HTTP/1.1\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 22\r\n\r\n
"#;
    assert_eq!(verdict(text, meant(TWO_EVENTS)), "o>c  200, complete (no content)\noutcome: intact");
}

#[test]
fn interim_responses_and_later_ones_have_their_own_lines() {
    let text = r#"
chain: c raw, o scripted
1. x
c>o  GET / HTTP/1.1\r\n\r\n
c>o  GET / HTTP/1.1\r\n\r\n
o>c  HTTP/1.1 103 Early Hints\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na
o>c  HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nb
o>c  -- FIN
"#;
    assert_eq!(
        verdict(text, meant(b"a")),
        "o>c  103, complete (no content)\n\
         o>c  200, complete (content-length)\n\
         o>c  200, incomplete: 1 of 2 octets\n\
         outcome: intact"
    );
}

#[test]
fn a_gateway_that_asks_again_has_a_line_for_each_connection() {
    let text = r#"
chain: c raw, p nginx, o scripted
1. x
c>p  GET / HTTP/1.1\r\n\r\n
     p>o  -- connect
     p>o  GET / HTTP/1.0\r\n\r\n
     p>o  -- FIN
     p>o  -- connect
     p>o  GET / HTTP/1.0\r\n\r\n
     o>p  HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab
     o>p  -- RST
     o>p  HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok
p>c  HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok
"#;
    assert_eq!(
        verdict(text, meant(b"ok")),
        "o>p  200, incomplete: 2 of 9 octets\n\
         o>p  200, complete (content-length)\n\
         p>c  200, complete (content-length)\n\
         outcome: intact"
    );
}

#[test]
fn a_switch_of_protocol_is_judged_by_what_follows() {
    let text = r#"
chain: c raw, o scripted
1. x
c>o  GET / HTTP/1.1\r\nUpgrade: echo\r\n\r\n
o>c  HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n
o>c  hello
"#;
    let meant = |content: &[u8]| Meant { status: Some(101), content: Some(content.to_vec()), ..Meant::default() };
    assert_eq!(verdict(text, meant(b"hello")), "o>c  101, complete (upgrade)\noutcome: intact");
    assert!(verdict(text, meant(b"howdy")).ends_with("outcome: altered"));
}

#[test]
fn a_request_that_cannot_be_read_is_answered_too() {
    let text = "chain: c raw, o scripted\n1. x\nc>o  \\x16\\x03\\x01\no>c  HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n\n";
    assert_eq!(verdict(text, Meant::default()), "o>c  400, complete (content-length)\noutcome: intact");
}

#[test]
fn nothing_at_all_is_judged_without_a_panic() {
    assert_eq!(Verdict::of(&Transcript::default()).to_string(), "lost: the response\noutcome: cut-visible");
}

#[rstest]
#[case::complete("o>c  0\\r\\n\\r\\n", "intact")]
#[case::incomplete("o>c  -- FIN", "cut-visible")]
#[case::pending_event("o>c  1\\r\\nd\\r\\n0\\r\\n\\r\\n", "cut-silent")]
#[case::malformed("o>c  error\\n\no>c  -- FIN", "cut-visible")]
#[case::surplus("o>c  0\\r\\n\\r\\nerror\\n", "altered")]
fn content_without_a_measure_is_not_judged(#[case] then: &str, #[case] outcome: &str) {
    let text = verdict(&one_event(then), Meant::default());
    assert_eq!(text.lines().last(), Some(format!("outcome: {outcome}").as_str()), "{text}");
}

#[test]
fn a_content_length_that_is_too_small_cuts_in_silence() {
    let text = r#"
chain: c raw, o scripted
1. x
c>o  GET / HTTP/1.1\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n
o>c  data: one\n\ndata: two\n\n
"#;
    assert_eq!(
        verdict(text, meant(TWO_EVENTS)),
        "o>c  200, complete (content-length)\n\
         o>c  11 octets after the last response\n\
         lost: 11 of 22 octets of content, from \"data: two\\n\\n\"\n\
         outcome: cut-silent"
    );
}

/// What a response over one hop comes to when FIN cuts it after so many octets.
fn cut(response: &[u8], at: usize) -> Verdict {
    let octets = |octets: &[u8]| What::Octets(octets.to_vec());
    let facts = [
        (Lane::request(0), octets(b"GET / HTTP/1.1\r\n\r\n")),
        (Lane::response(0), octets(&response[..at])),
        (Lane::response(0), What::Fin),
    ];
    let events = facts.into_iter().map(|(lane, what)| Event { step: StepId(0), lane, what }).collect();
    let meant = Meant { status: Some(200), content: Some(TWO_EVENTS.to_vec()), ..Meant::default() };
    Verdict::of(&Transcript { chain: chain("raw", &[], "scripted"), events, meant, ..Transcript::default() })
}

#[test]
fn a_chunked_response_is_never_cut_in_silence() {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let whole = [&head[..], b"b\r\n", &TWO_EVENTS[..11], b"\r\nb\r\n", &TWO_EVENTS[11..], b"\r\n0\r\n\r\n"].concat();
    for at in 1..whole.len() {
        assert_eq!(cut(&whole, at).outcome, Outcome::CutVisible, "cut after {at} octets");
    }
    assert_eq!(cut(&whole, whole.len()).outcome, Outcome::Intact);
}

#[test]
fn a_close_delimited_response_is_cut_in_silence_wherever_its_content_is() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let whole = [&head[..], TWO_EVENTS].concat();
    for at in 1..head.len() {
        assert_eq!(cut(&whole, at).outcome, Outcome::CutVisible, "cut after {at} octets");
    }
    for at in head.len()..whole.len() {
        assert_eq!(cut(&whole, at).outcome, Outcome::CutSilent, "cut after {at} octets");
    }
    assert_eq!(cut(&whole, whole.len()).outcome, Outcome::Intact);
}

proptest! {
    #[test]
    fn an_outcome_agrees_with_what_is_lost_and_added(response: Vec<u8>, framed: bool, content: Option<Vec<u8>>) {
        let head: &[u8] = if framed { b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" } else { b"" };
        let events = [
            (Lane::request(0), What::Octets(b"GET / HTTP/1.1\r\n\r\n".to_vec())),
            (Lane::response(0), What::Octets([head, &response].concat())),
            (Lane::response(0), What::Fin),
        ];
        let events = events.into_iter().map(|(lane, what)| Event { step: StepId(0), lane, what }).collect();
        let meant = Meant { content, ..Meant::default() };
        let chain = chain("raw", &[], "scripted");
        let verdict = Verdict::of(&Transcript { chain, events, meant, ..Transcript::default() });
        let agrees = match verdict.outcome {
            Outcome::Intact => verdict.lost.is_empty() && verdict.added.is_empty(),
            Outcome::Altered => !verdict.added.is_empty(),
            Outcome::CutSilent | Outcome::CutVisible => verdict.added.is_empty() && !verdict.lost.is_empty(),
            Outcome::Held | Outcome::Hung | Outcome::Leaked => false,
        };
        prop_assert!(agrees, "{}", verdict);
    }
}
