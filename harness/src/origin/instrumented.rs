//! The instrumented origin on a stage: handlers written against [`super::writer`].

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::writer::{Ended, Request, ResponseWriter, Server, serve};
use super::{Connection, Cue, Program};

type Handling = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// A handler behind the model of `net/http`'s response writer.
pub struct Instrumented {
    handler: Box<dyn Fn(ResponseWriter, Request, Cue) -> Handling + Send + Sync>,
    server: Server,
}

/// The instrumented origin with this handler. Every call's result is a note.
pub fn writer<H, F>(handler: H) -> Instrumented
where
    H: Fn(ResponseWriter, Request, Cue) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let handler = move |w, r, cue| -> Handling { Box::pin(handler(w, r, cue)) };
    Instrumented { handler: Box::new(handler), server: Server::new() }
}

impl Instrumented {
    /// With these settings of the server. A clone kept by the case is the same server, so the case can shut it down.
    #[must_use]
    pub fn server(mut self, server: &Server) -> Self {
        self.server = server.clone();
        self
    }
}

impl Program for Instrumented {
    fn about(&self) -> String {
        "writer".into()
    }

    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let Connection { tap, cue, load, .. } = connection;
            let noting = tap.observer().clone();
            let handler = |w: ResponseWriter, r: Request| {
                let busy = load.busy();
                let handling = (self.handler)(w, r, cue.clone());
                async move {
                    let returned = handling.await;
                    drop(busy);
                    returned
                }
            };
            let notes = Arc::new(move |note: String| noting.note(note));
            match serve(tap, handler, &self.server, notes).await {
                Ok(Ended::Closed) => {}
                // Nobody has closed it; in Go a finalizer would, at some later time. Here the end of the case does.
                Ok(Ended::Hijacked(conn)) => {
                    if !conn.is_closed() {
                        load.hold().await;
                    }
                }
                Err(panicked) => panicked.resume(),
            }
        })
    }
}
