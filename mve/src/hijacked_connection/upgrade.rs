//! What taking a connection is for: another protocol.

use std::io;

use harness::origin::Instrumented;
use harness::origin::writer;
use harness::origin::writer::{Request, ResponseWriter};
use harness::reader::Raw;
use harness::stage::{Scene, Stage};
use harness::transcript::{Meant, Transcript};
use harness::until::{closed, end_of_response, noted, octets, sent};
use harness::verdict::Outcome::{CutVisible, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "upgrade",
        claims: &["C54", "C55", "C60"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a handler that answers 101 before it goes on has a connection of its own in both directions",
            },
            Shows {
                via: Via::Nginx("upgrade"),
                outcome: Intact,
                twin: None,
                says: "nginx passes octets on in both directions after a 101, when it was told to pass Upgrade on",
            },
        ],
        run: |stage| Box::pin(upgrade(stage)),
    },
    Variant {
        name: "upgrade_not_passed_on",
        claims: &["C54", "C55", "C60"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutVisible,
                twin: Some("upgrade@upgrade"),
                says: "nginx as it ships does not pass Upgrade on, and the origin answers 426",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: CutVisible,
                twin: Some("upgrade@upgrade"),
                says: "nginx asking in HTTP/1.1 does not pass Upgrade on either, and the origin answers 426",
            },
        ],
        run: |stage| Box::pin(upgrade_not_passed_on(stage)),
    },
    Variant {
        name: "upgrade_unchecked",
        claims: &["C54", "C55", "C60"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Nginx("as-shipped"),
            outcome: Intact,
            twin: None,
            says: "nginx as it ships passes on a 101 that it did not ask for, because its reader did",
        }],
        run: |stage| Box::pin(upgrade_unchecked(stage)),
    },
];

const ASK: &str = "GET /socket HTTP/1.1\r\nHost: mve.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

/// The reader asks for another protocol, the handler answers 101, and both write as they like.
///
/// Claims C54: confirmed for another protocol: nginx has to ask in HTTP/1.1.
///        C55, C60: neither an empty Connection nor keep-alive: here it has to say upgrade.
/// Clause RFC 9110 7.8, 15.2.2; RFC 9112 6.3: what follows a 101 is no content of HTTP.
/// Cure   this is one: announce the protocol before going on in it.
pub async fn upgrade(stage: Stage) -> Transcript {
    switch(stage, Checks::Upgrade).await
}

/// The origin answers 101 without a look at what it was asked, behind nginx that was not told to pass Upgrade on.
///
/// Claims C54, C55, C60: none of the directives is needed for this; nginx looks at what the reader asked for.
/// Clause RFC 9110 7.8: a server must not switch to a protocol that was not asked for; here nginx had not asked.
/// Cure   none to copy: it works until somebody checks.
pub async fn upgrade_unchecked(stage: Stage) -> Transcript {
    switch(stage, Checks::Nothing).await
}

async fn switch(stage: Stage, checks: Checks) -> Transcript {
    let direct = stage.is_direct();
    let mut s = ask(stage, checks).await;
    if !direct {
        s.origin.until(sent(SWITCHING)).await;
    }
    s.origin.until(noted("bufrw flush 1")).await;
    s.reader.until(octets(SWITCHING_ENDS)).await;

    s.step("the reader says ping, the handler answers pong and closes");
    s.reader.send("ping").await;
    s.reader.until(octets("pong")).await;
    s.reader.until(closed()).await;
    s.finish().await
}

/// nginx's header section ends otherwise than the origin's, but with this in either case.
const SWITCHING_ENDS: &str = "\r\n\r\n";

/// The same behind nginx that was not told to pass Upgrade on.
///
/// Claims C54: `proxy_http_version 1.1` alone is not enough.
///        C55, C60: nginx has to send `Connection: upgrade`, and `Upgrade`.
/// Clause RFC 9110 7.6.1: Connection and what it names are for one hop; 15.5.22: 426.
/// Twin   `upgrade` behind nginx with two more directives.
/// Cure   `proxy_http_version 1.1`, `proxy_set_header Upgrade $http_upgrade`, `proxy_set_header Connection "upgrade"`.
pub async fn upgrade_not_passed_on(stage: Stage) -> Transcript {
    let mut s = ask(stage, Checks::Upgrade).await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}

async fn ask(stage: Stage, checks: Checks) -> Scene<Raw> {
    let meant = Meant { status: Some(101), ..Meant::default() };
    let mut s = stage.meant(meant).start_raw(echo(checks)).await;
    s.step("the reader asks for another protocol");
    s.reader.send(ASK).await;
    s
}

/// What the handler looks at before it answers 101.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checks {
    /// Where the field is missing it answers 426.
    Upgrade,
    Nothing,
}

/// Answers 101, and then one question.
fn echo(checks: Checks) -> Instrumented {
    writer(move |w: ResponseWriter, request: Request, _cue| async move {
        if checks == Checks::Upgrade && !request.headers().contains_key("upgrade") {
            w.header().set("Upgrade", "echo");
            w.write_header(426).await;
            return Ok(());
        }
        let mut taken = w.hijack().await?;
        taken.bufrw.write(SWITCHING).await?;
        taken.bufrw.flush().await?;
        taken.bufrw.read_full(&mut [0; 4]).await?;
        taken.bufrw.write("pong").await?;
        taken.bufrw.flush().await?;
        io::Result::Ok(taken.conn.close()?)
    })
}
