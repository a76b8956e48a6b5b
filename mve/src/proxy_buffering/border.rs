//! The octet at which nginx lets go.

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, sent};
use harness::verdict::Outcome::{Held, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[Variant {
    name: "one_octet_lets_go",
    claims: &["C34", "C56"],
    origin: "scripted",
    shows: &[
        Shows {
            via: Via::Nginx("as-shipped"),
            outcome: Held,
            twin: Some("one_octet_lets_go@unbuffered"),
            says: "nginx as it ships lets go with octet 4,096 of the response, its header section counted in, and then with each 4,096 more",
        },
        Shows {
            via: Via::Nginx("unbuffered"),
            outcome: Intact,
            twin: None,
            says: "nginx without buffering has no such border",
        },
    ],
    run: |stage| Box::pin(one_octet_lets_go(stage)),
}];

/// nginx's buffers are as large as a page of memory (`proxy_buffer_size`, `proxy_buffers`): 4,096 octets where this was
/// observed; on a machine with larger pages the border lies there.
const BUFFER: usize = 4096;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// One long event, sent up to one octet short of nginx's first buffer, then that octet; and the same with the second
/// buffer.
///
/// The first buffer is the one that the header section was read into, so its octets count: 51 of them leave room for
/// 4,045 of content. Behind it come buffers for content alone. A full one is handed on and flushed; what is short of
/// full stays. The reader's side has no border of its own: `postpone_output` (1,460) does not apply to what is flushed.
///
/// Claims C34: about 4 KB have to gather: for nginx it is exactly one page, if no chunks come. C56: nginx needs
///        `proxy_buffering off`.
/// Clause none; nginx documents the sizes, not the rule.
/// Twin   the same with `proxy_buffering off`.
/// Cure   `proxy_buffering off`; padding an event to the buffer's size only moves the next border.
pub async fn one_octet_lets_go(stage: Stage) -> Transcript {
    let start = "data: ";
    let first = format!("{start}{}", "x".repeat(BUFFER - HEAD.len() - start.len() - 1));
    let second = "x".repeat(BUFFER - 1);
    let end = "\n\n";
    let content = format!("{first}x{second}x{end}").into_bytes();
    let script = scripted()
        .request()
        .send(HEAD)
        .send(&first)
        .cue("last octet of the first buffer")
        .send("x")
        .cue("second buffer")
        .send(&second)
        .cue("last octet of the second buffer")
        .send("x")
        .cue("end")
        .send(end)
        .fin();
    let mut s = stage.meant(Meant { content: Some(content), ..Meant::default() }).start(script).await;

    s.step("the reader asks, the origin sends 4,095 octets, header section included");
    s.reader.get("/events");
    s.origin.until(sent(&first)).await;
    s.look().await;

    s.cue("last octet of the first buffer", "the origin sends one octet more").await;
    s.origin.until(sent("x")).await;
    s.look().await;

    s.cue("second buffer", "the origin sends another 4,095 octets").await;
    s.origin.until(sent(&second)).await;
    s.look().await;

    s.cue("last octet of the second buffer", "the origin sends one octet more").await;
    s.origin.until(sent("x")).await;
    s.look().await;

    s.cue("end", "the origin ends the event and the response").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
