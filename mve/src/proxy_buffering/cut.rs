//! The origin's response is cut: in every framing, at every kind of place, by FIN and by RST, behind four confs.
//!
//! nginx never gives an end to a message that it knows to be incomplete. Where the framing tells nothing it takes FIN for
//! the end, as any recipient has to, and *adds* what the origin could not say: a last-chunk. RST is never an end; what nginx
//! still held when it came is dropped, although the origin's kernel had it acknowledged (`ngx_event_pipe` writes on after a
//! read of no octets, FIN, but not after one that failed).

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, sent};
use harness::verdict::Outcome::{CutSilent, CutVisible, Intact};

use crate::catalogue::{Shows, Variant, Via};

/// How the origin ends its connection.
#[derive(Debug, Clone, Copy)]
enum End {
    Fin,
    Rst,
}

/// What the origin sends before it does.
#[derive(Debug, Clone, Copy)]
struct Response {
    delimiter: &'static str,
    content: &'static str,
    /// What is sent, for the step.
    text: &'static str,
}

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
const LENGTH: &str = "Content-Length: 22\r\n";
const CLOSE: &str = "";

const BETWEEN_CHUNKS: Response =
    Response { delimiter: CHUNKED, content: "b\r\ndata: one\n\n\r\n", text: "one whole chunk" };
const INSIDE_CHUNK_SIZE: Response =
    Response { delimiter: CHUNKED, content: "b\r\ndata: one\n\n\r\nb", text: "one chunk and half a chunk-size line" };
const INSIDE_CHUNK_DATA: Response = Response {
    delimiter: CHUNKED,
    content: "b\r\ndata: one\n\n\r\nb\r\ndata: t",
    text: "one chunk and the beginning of another",
};
const BETWEEN_EVENTS: Response =
    Response { delimiter: LENGTH, content: "data: one\n\n", text: "11 of 22 octets, a whole event" };
const INSIDE_CONTENT: Response =
    Response { delimiter: LENGTH, content: "data: one\n\ndata: t", text: "18 of 22 octets" };
const CLOSE_BETWEEN_EVENTS: Response =
    Response { delimiter: CLOSE, content: "data: one\n\n", text: "one of two events, without a delimiter" };
const CLOSE_INSIDE_AN_EVENT: Response =
    Response { delimiter: CLOSE, content: "data: one\n\ndata: t", text: "one event and a half, without a delimiter" };
const WHOLE_CHUNKED: Response = Response {
    delimiter: CHUNKED,
    content: "b\r\ndata: one\n\n\r\nb\r\ndata: two\n\n\r\n0\r\n\r\n",
    text: "two chunks and the last-chunk",
};
const WHOLE_LENGTH: Response =
    Response { delimiter: LENGTH, content: "data: one\n\ndata: two\n\n", text: "22 of 22 octets" };
const WHOLE_CLOSE: Response =
    Response { delimiter: CLOSE, content: "data: one\n\ndata: two\n\n", text: "both events, without a delimiter" };

/// A row of the matrix: one response and one end, with its outcome and sentence behind each conf.
macro_rules! row {
    (
        $name:literal: $run:ident($($argument:expr),*);
        buffered $buffered:ident: $held:literal; unbuffered $unbuffered:ident: $passed:literal; twin $twin:expr
    ) => {
        Variant {
            name: $name,
            claims: &[],
            origin: "scripted",
            shows: &[
                show("as-shipped", $buffered, $twin, concat!("nginx as it ships ", $held)),
                show("http11", $buffered, $twin, concat!("nginx asking in HTTP/1.1 ", $held)),
                show("unbuffered", $unbuffered, $twin, concat!("nginx without buffering ", $passed)),
                show(
                    "unbuffered-http11",
                    $unbuffered,
                    $twin,
                    concat!("nginx without buffering, asking in HTTP/1.1, ", $passed),
                ),
            ],
            run: |stage| Box::pin($run(stage, $($argument),*)),
        }
    };
}

const fn show(
    conf: &'static str,
    outcome: harness::verdict::Outcome,
    twin: Option<&'static str>,
    says: &'static str,
) -> Shows {
    Shows { via: Via::Nginx(conf), outcome, twin, says }
}

pub(super) const VARIANTS: &[Variant] = &[
    row!("cut_between_chunks_by_fin": cut(BETWEEN_CHUNKS, End::Fin);
        buffered CutVisible: "sends no last-chunk when FIN takes the place of the origin's";
        unbuffered CutVisible: "sends no last-chunk when FIN takes the place of the origin's";
        twin Some("not_cut_chunked")),
    row!("cut_between_chunks_by_rst": cut(BETWEEN_CHUNKS, End::Rst);
        buffered CutVisible: "sends no last-chunk when RST takes the place of the origin's";
        unbuffered CutVisible: "sends no last-chunk when RST takes the place of the origin's";
        twin Some("not_cut_chunked")),
    row!("cut_inside_chunk_size_by_fin": cut(INSIDE_CHUNK_SIZE, End::Fin);
        buffered CutVisible: "sends no last-chunk when FIN comes inside a chunk-size";
        unbuffered CutVisible: "sends no last-chunk when FIN comes inside a chunk-size";
        twin Some("not_cut_chunked")),
    row!("cut_inside_chunk_size_by_rst": cut(INSIDE_CHUNK_SIZE, End::Rst);
        buffered CutVisible: "sends no last-chunk when RST comes inside a chunk-size";
        unbuffered CutVisible: "sends no last-chunk when RST comes inside a chunk-size";
        twin Some("not_cut_chunked")),
    row!("cut_inside_chunk_data_by_fin": cut(INSIDE_CHUNK_DATA, End::Fin);
        buffered CutVisible: "passes half a chunk on as a whole one when FIN comes inside it, and sends no last-chunk";
        unbuffered CutVisible: "passes half a chunk on as a whole one when FIN comes inside it, and sends no last-chunk";
        twin Some("not_cut_chunked")),
    row!("cut_inside_chunk_data_by_rst": cut(INSIDE_CHUNK_DATA, End::Rst);
        buffered CutVisible: "passes half a chunk on as a whole one when RST comes inside it, and sends no last-chunk";
        unbuffered CutVisible: "passes half a chunk on as a whole one when RST comes inside it, and sends no last-chunk";
        twin Some("not_cut_chunked")),
    row!("not_cut_chunked": whole(WHOLE_CHUNKED);
        buffered Intact: "passes a whole chunked message on as one";
        unbuffered Intact: "passes a whole chunked message on as one";
        twin None),
    row!("cut_between_events_by_fin": cut(BETWEEN_EVENTS, End::Fin);
        buffered CutVisible: "passes Content-Length on, and closes short of it when FIN comes after a whole event";
        unbuffered CutVisible: "passes Content-Length on, and closes short of it when FIN comes after a whole event";
        twin Some("not_cut_length_delimited")),
    row!("cut_between_events_by_rst": cut(BETWEEN_EVENTS, End::Rst);
        buffered CutVisible: "drops the octets that it held when the origin resets, and closes with none of the Content-Length";
        unbuffered CutVisible: "passes Content-Length on, and closes short of it when RST comes after a whole event";
        twin Some("not_cut_length_delimited")),
    row!("cut_inside_content_by_fin": cut(INSIDE_CONTENT, End::Fin);
        buffered CutVisible: "passes Content-Length on, and closes short of it when FIN comes inside an event";
        unbuffered CutVisible: "passes Content-Length on, and closes short of it when FIN comes inside an event";
        twin Some("not_cut_length_delimited")),
    row!("cut_inside_content_by_rst": cut(INSIDE_CONTENT, End::Rst);
        buffered CutVisible: "drops the octets that it held when the origin resets inside an event, and closes with none of the Content-Length";
        unbuffered CutVisible: "passes Content-Length on, and closes short of it when RST comes inside an event";
        twin Some("not_cut_length_delimited")),
    row!("not_cut_length_delimited": whole(WHOLE_LENGTH);
        buffered Intact: "passes a whole length-delimited message on as one";
        unbuffered Intact: "passes a whole length-delimited message on as one";
        twin None),
    row!("cut_close_delimited_between_events_by_fin": cut(CLOSE_BETWEEN_EVENTS, End::Fin);
        buffered CutSilent: "adds a last-chunk to half a stream, because FIN is the end of close-delimited content";
        unbuffered CutSilent: "adds a last-chunk to half a stream, because FIN is the end of close-delimited content";
        twin Some("cut_close_delimited_between_events_by_rst")),
    row!("cut_close_delimited_between_events_by_rst": cut(CLOSE_BETWEEN_EVENTS, End::Rst);
        buffered CutVisible: "drops the octets that it held when the origin resets, and sends no last-chunk";
        unbuffered CutVisible: "sends no last-chunk when RST ends close-delimited content";
        twin Some("not_cut_close_delimited")),
    row!("cut_close_delimited_inside_an_event_by_fin": cut(CLOSE_INSIDE_AN_EVENT, End::Fin);
        buffered CutSilent: "adds a last-chunk behind half an event, because FIN is the end of close-delimited content";
        unbuffered CutSilent: "adds a last-chunk behind half an event, because FIN is the end of close-delimited content";
        twin Some("cut_close_delimited_inside_an_event_by_rst")),
    row!("cut_close_delimited_inside_an_event_by_rst": cut(CLOSE_INSIDE_AN_EVENT, End::Rst);
        buffered CutVisible: "drops the octets that it held when the origin resets inside an event, and sends no last-chunk";
        unbuffered CutVisible: "sends no last-chunk when RST ends close-delimited content inside an event";
        twin Some("not_cut_close_delimited")),
    row!("not_cut_close_delimited": whole(WHOLE_CLOSE);
        buffered Intact: "adds a last-chunk to close-delimited content that FIN has ended";
        unbuffered Intact: "adds a last-chunk to close-delimited content that FIN has ended";
        twin None),
    row!("reset_after_close_delimited": cut(WHOLE_CLOSE, End::Rst);
        buffered CutVisible: "drops the whole content, which the origin had sent to its end, because RST came in place of FIN";
        unbuffered CutVisible: "sends no last-chunk after all of the content when RST stands where FIN would end it";
        twin Some("not_cut_close_delimited")),
];

/// The application means two events; the origin sends so much of the response in one write, and then its connection ends.
///
/// Claims none by number; the article's subject is the silent cut, and this is which hop can make one.
/// Clause RFC 9112 8: incomplete messages; 6.3: what ends a message; 9.6: a reset may destroy what was sent before it.
/// Twin   `not_cut_*`: the whole response. For a silent cut: the same by RST, which the reader can tell.
/// Cure   chunks or a Content-Length at the origin, for which nginx has to ask in HTTP/1.1 (`handler_aborts`).
async fn cut(stage: Stage, response: Response, end: End) -> Transcript {
    let Response { delimiter, content, text } = response;
    let script = scripted()
        .request()
        .send(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{delimiter}\r\n{content}"))
        .cue("end");
    let (script, act) = match end {
        End::Fin => (script.fin(), "closes its connection: FIN"),
        End::Rst => (script.rst(), "resets its connection: RST"),
    };
    let mut s = stage.meant(meant()).start(script).await;

    s.step(&format!("the reader asks, the origin sends {text}"));
    s.reader.get("/events");
    s.origin.until(sent(format!("\r\n\r\n{content}"))).await;
    s.look().await;

    s.cue("end", &format!("the origin {act}")).await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}

/// The control: a response that its own framing ends. No cut can come after it.
///
/// Claims none.
/// Clause RFC 9112 6.3.
/// Twin   it is the twin of the cuts.
/// Cure   none is needed.
async fn whole(stage: Stage, response: Response) -> Transcript {
    let Response { delimiter, content, text } = response;
    let script = scripted()
        .request()
        .send(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{delimiter}\r\n{content}"))
        .fin();
    let mut s = stage.meant(meant()).start(script).await;

    s.step(&format!("the reader asks, the origin sends {text} and closes its connection"));
    s.reader.get("/events");
    s.reader.until(end_of_response()).await;
    s.finish().await
}

fn meant() -> Meant {
    Meant { content: Some(b"data: one\n\ndata: two\n\n".to_vec()), ..Meant::default() }
}
