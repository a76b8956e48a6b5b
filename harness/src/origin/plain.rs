//! hyper's server as it is, for the failures that are Rust's own.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::task::{AbortHandle, JoinSet};

use super::program::Load;
use super::{Connection, Cue, Program};
use crate::observer::Observer;
use crate::reader::whole;
use crate::tasks::reraise;

/// Content of any kind, which may fail.
pub type Content = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// What a handler is given beside the request.
#[derive(Debug, Clone)]
pub struct Aside {
    /// How the case tells the handler to go on.
    pub cue: Cue,
    observer: Observer,
    load: Load,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Aside {
    /// Runs a task beside the handler. A case does not end before it, and what it raises is raised again.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let busy = self.busy();
        let task = async move {
            task.await;
            drop(busy);
        };
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task)
    }

    /// Notes what the application was told.
    pub fn note(&self, text: impl AsRef<str>) {
        self.observer.note(text.as_ref());
    }

    /// Keeps a connection open, by intent, until the stage is taken down.
    pub async fn hold(&self) {
        self.load.hold().await;
    }

    /// Says that a task of the handler runs until the guard is dropped; a case does not end before.
    #[must_use]
    pub fn busy(&self) -> super::program::Busy {
        self.load.busy()
    }
}

type Answer = Pin<Box<dyn Future<Output = Response<Content>> + Send>>;

/// A handler on hyper's server.
pub struct Plain {
    handler: Box<dyn Fn(Request<Incoming>, Aside) -> Answer + Send + Sync>,
}

/// hyper's server with this handler.
pub fn plain<F, A>(handler: F) -> Plain
where
    F: Fn(Request<Incoming>, Aside) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Content>> + Send + 'static,
{
    Plain { handler: Box::new(move |request, aside| Box::pin(handler(request, aside))) }
}

impl Program for Plain {
    fn about(&self) -> String {
        "hyper".into()
    }

    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let Connection { tap, cue, load, .. } = connection;
            let observer = tap.observer().clone();
            let tasks = Arc::new(Mutex::new(JoinSet::new()));
            let aside = Aside { cue, observer: observer.clone(), load, tasks: Arc::clone(&tasks) };
            let service = service_fn(move |request| {
                let busy = aside.busy();
                let answer = (self.handler)(request, aside.clone());
                async move {
                    let answer = answer.await;
                    drop(busy);
                    Ok::<_, Infallible>(answer)
                }
            });
            let ended = http1::Builder::new().serve_connection(TokioIo::new(tap), service).await;
            match ended {
                Ok(()) => {}
                Err(error) if error.is_user() => observer.note(format!("hyper: {}", whole(&error))),
                // How a lost peer shows itself is decided by the kernel.
                Err(error) => {
                    tracing::debug!(%error, "connection");
                    observer.note("hyper: connection lost");
                }
            }
            let mut tasks = std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner));
            while let Some(ended) = tasks.join_next().await {
                reraise(ended);
            }
        })
    }
}
