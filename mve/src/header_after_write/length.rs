//! A Content-Length that the content does not keep.

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::end_of_response;
use harness::verdict::Outcome::{CutSilent, CutVisible, Intact};

use crate::catalogue::Via::{Direct, Nginx};
use crate::catalogue::{Shows, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "length_too_large",
        claims: &["C27"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutVisible,
                twin: Some("length_right"),
                says: "a Content-Length that is too large ends in FIN when the handler returns, and the handler hears nothing of it",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutVisible,
                twin: Some("length_right"),
                says: "nginx as it ships passes on the length and the cut",
            },
            Shows {
                via: Nginx("http11"),
                outcome: CutVisible,
                twin: Some("length_right"),
                says: "nginx with HTTP/1.1 to the origin passes on the length and the cut",
            },
        ],
        run: |stage| Box::pin(play(stage, 100)),
    },
    Variant {
        name: "length_too_small",
        claims: &["C27"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutSilent,
                twin: Some("length_right"),
                says: "a Content-Length that is too small refuses the write that exceeds it, and the response is complete without it",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("length_right"),
                says: "behind nginx as it ships the response without its rest is complete too",
            },
        ],
        run: |stage| Box::pin(play(stage, 11)),
    },
    Variant {
        name: "length_right",
        claims: &["C27"],
        origin: "writer",
        shows: &[
            Shows { via: Direct, outcome: Intact, twin: None, says: "a Content-Length that is right is kept" },
            Shows {
                via: Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "a Content-Length that is right is kept behind nginx as it ships",
            },
            Shows {
                via: Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "a Content-Length that is right is kept behind nginx with HTTP/1.1 to the origin",
            },
        ],
        run: |stage| Box::pin(play(stage, 22)),
    },
];

/// The handler announces a length, writes two events of 11 octets each with a flush between them, and returns.
///
/// Claims C27: with `Content-Length: 100`, five octets and a flush, the connection is terminated early (partly: nothing
///        happens at the flush; when the handler returns, the server can only close).
/// Clause RFC 9112 8: fewer octets than the length make the message incomplete, and that is visible; more than the length
///        cannot be sent at all.
/// Twin   `length_right`: another number in the same field.
/// Cure   no Content-Length on a stream.
async fn play(stage: Stage, length: usize) -> Transcript {
    let meant = Meant { content: Some("data: one\n\ndata: two\n\n".into()), ..Meant::default() };
    let handler = writer(move |w, _request, _cue| async move {
        w.header().set("Content-Type", "text/event-stream");
        w.header().set("Content-Length", &length.to_string());
        w.write("data: one\n\n").await?;
        w.flush().await?;
        w.write("data: two\n\n").await?;
        Ok(())
    });
    let mut s = stage.meant(meant).start(handler).await;
    s.step(&format!("the handler announces {length} octets, writes 22 and returns"));
    s.reader.get("/events");
    s.reader.until(end_of_response()).await;
    s.finish().await
}
