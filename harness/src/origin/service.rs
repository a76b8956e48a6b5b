//! The listening socket of an origin, and every task behind it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::program::{Load, Sources};
use super::{Connection, Cue, Program};
use crate::address;
use crate::kernel::{Unread, unacknowledged, unread};
use crate::observer::Observer;
use crate::patience;
use crate::reader::CLAMPED;
use crate::tap::{Tap, acknowledged_when_asked, peek};
use crate::tasks::{reraise, watched};

/// What the fence asks for: an origin answers it by itself, and no observer sees it.
pub(crate) const FENCE: &[u8] = b"GET /lastchunk-fence ";
const FENCE_ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfence";

/// A running origin.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) observer: Observer,
    pub(crate) cue: Cue,
    load: Load,
    sockets: Sockets,
    sources: Sources,
    tasks: JoinSet<()>,
}

type Sockets = Arc<Mutex<Vec<Weak<TcpStream>>>>;

impl Service {
    /// Listens and serves.
    pub(crate) fn start(on: IpAddr, clamped: bool, program: Arc<dyn Program>, observer: Observer) -> io::Result<Self> {
        let listener = address::listen(on)?;
        if clamped {
            // Accepted sockets inherit it.
            socket2::SockRef::from(&listener).set_send_buffer_size(CLAMPED as usize)?;
        }
        let address = listener.local_addr()?;
        let (load, sockets, cue) = (Load::new(), Sockets::default(), Cue::new(observer.clone()));
        let sources = Sources::default();
        let accepting = Accepting {
            listener: TcpListener::from_std(listener)?,
            program,
            observer: observer.clone(),
            cue: cue.clone(),
            load: load.clone(),
            sockets: Arc::clone(&sockets),
            sources: sources.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(accepting.run());
        Ok(Self { address, observer, cue, load, sockets, sources, tasks })
    }

    /// Waits until every octet written by this origin has been acknowledged by the next kernel.
    pub(crate) async fn acknowledged(&self) {
        for source in self.sources.sockets() {
            while unread(&*source) == Unread::Octets {
                tokio::task::yield_now().await;
            }
        }
        let sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for socket in sockets.iter().filter_map(Weak::upgrade) {
            let acknowledged = acknowledged_when_asked(&socket, &self.observer).await;
            acknowledged.expect("the kernel tells what it has not sent");
        }
    }

    /// Whether every octet written by this origin has been acknowledged by the next kernel, as far as that can still be.
    pub(crate) fn is_acknowledged(&self) -> std::io::Result<bool> {
        if self.sources.sockets().iter().any(|source| unread(&**source) == Unread::Octets) {
            return Ok(false);
        }
        let sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for socket in sockets.iter().filter_map(Weak::upgrade) {
            if unacknowledged(&*socket)? > 0 {
                self.observer.ask_for_acknowledgements();
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until no handler runs, and no connection is left but those that a script holds open or that are idle.
    pub(crate) async fn settled(&self, caller: &'static Location<'static>) {
        let mut count = self.load.0.subscribe();
        let mut idle = self.observer.search_idle();
        let settled = async {
            loop {
                let changed = self.observer.changed();
                self.observer.raise();
                let now = *count.borrow_and_update();
                let mut is_idle = || idle.as_mut().is_none_or(|idle| self.observer.shows(idle));
                if now.handlers == 0 && (now.connections == now.held || is_idle()) {
                    return;
                }
                tokio::select! {
                    () = changed => {}
                    _ = count.changed() => {}
                }
            }
        };
        patience::wait("the origin to be done", caller, || self.stuck(), settled).await;
    }

    fn stuck(&self) -> String {
        // Not longer: `so_far` needs the recorder too.
        let waits = {
            let recorder = self.observer.recorder();
            recorder.tape(self.observer.node()).waits_for().map(str::to_owned)
        };
        let waits = waits.map_or(String::new(), |name| format!("the handler waits for the cue \"{name}\"\n"));
        format!("{waits}{}", self.observer.so_far())
    }

    /// Lets go of what is held open.
    pub(crate) fn release(&self) {
        self.load.0.send_modify(|count| count.stopping = true);
    }

    /// Ends every task, and raises again what one of them raised.
    pub(crate) async fn stop(mut self, caller: &'static Location<'static>) {
        self.release();
        let observer = self.observer.clone();
        let joined = async {
            while let Some(ended) = self.tasks.join_next().await {
                reraise(ended);
            }
        };
        patience::wait("the origin's tasks to end", caller, || observer.so_far(), joined).await;
        observer.raise();
    }

    /// Raises what a task has raised so far.
    pub(crate) fn raised(&mut self) {
        self.observer.raise();
        while let Some(ended) = self.tasks.try_join_next() {
            reraise(ended);
        }
    }
}

struct Accepting {
    listener: TcpListener,
    program: Arc<dyn Program>,
    observer: Observer,
    cue: Cue,
    load: Load,
    sockets: Sockets,
    sources: Sources,
}

impl Accepting {
    async fn run(self) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((socket, _)) => {
                        connections.spawn(self.serve(socket));
                    }
                    // The peer was gone before it was accepted: nothing crossed.
                    Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                        tracing::debug!(%error, "accept");
                    }
                    // It stays as it is, a lack of descriptors for one, and so does what waits to be accepted.
                    Err(error) => {
                        self.observer.has_raised(Box::new(format!("the origin accepts no connection: {error}")));
                        break;
                    }
                },
                Some(ended) = connections.join_next() => reraise(ended),
                () = self.load.stopping() => break,
            }
        }
        drop(self.listener);
        while let Some(ended) = connections.join_next().await {
            reraise(ended);
        }
    }

    fn serve(&self, socket: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        let (program, observer, cue) = (Arc::clone(&self.program), self.observer.clone(), self.cue.clone());
        let (load, sockets, sources) = (self.load.clone(), Arc::clone(&self.sockets), self.sources.clone());
        async move {
            if is_fence(&socket).await {
                answer_fence(socket).await;
                return;
            }
            let _connected = load.connected();
            observer.incoming(crate::transcript::What::Connect);
            match Tap::new(socket, observer.clone()) {
                Ok(tap) => {
                    sockets.lock().unwrap_or_else(PoisonError::into_inner).push(tap.socket());
                    let serving = program.serve(Connection { tap, cue, load, sources });
                    watched(serving, |payload| observer.has_raised(payload)).await;
                }
                Err(error) => tracing::debug!(%error, "accepted socket"),
            }
        }
    }
}

/// Whether the connection is the fence's: looked at without taking an octet. The fence and a gateway send their request
/// line in one write, so what begins with a part of it only is somebody else's.
async fn is_fence(socket: &TcpStream) -> bool {
    let mut head = [0; FENCE.len()];
    matches!(peek(socket, &mut head).await, Ok(count) if head[..count] == *FENCE)
}

async fn answer_fence(mut socket: TcpStream) {
    let answer = async {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && socket.read_buf(&mut request).await? > 0 {}
        socket.write_all(FENCE_ANSWER).await?;
        socket.shutdown().await?;
        while socket.read_buf(&mut request).await? > 0 {}
        io::Result::Ok(())
    };
    if let Err(error) = answer.await {
        tracing::debug!(%error, "fence");
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;
    use crate::origin::scripted;
    use crate::transcript::{Meant, Recorder, chain};

    /// The limit is the process's, so this runs in one of its own.
    #[test]
    fn an_origin_that_can_accept_nothing_ends_the_case_and_says_why() {
        // Says that this is the process of its own.
        const ALONE: &str = "LASTCHUNK_TEST_ALONE";
        const NAME: &str = "origin::service::tests::an_origin_that_can_accept_nothing_ends_the_case_and_says_why";
        if std::env::var_os(ALONE).is_none() {
            let mut itself = Command::new(std::env::current_exe().unwrap());
            let played = itself.args(["--exact", NAME]).env(ALONE, "1").status().unwrap();
            return assert!(played.success());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let raised = runtime.block_on(async {
            let observer = Observer::all(Recorder::new(chain("c", &[], "o"), Meant::default())).swap_remove(1);
            let program = Arc::new(scripted().hold());
            let service = Service::start(address::next(), false, program, observer.clone()).unwrap();
            let reader = std::net::TcpStream::connect(service.address).unwrap();
            let before = getrlimit(Resource::Nofile);
            setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).unwrap();
            let mut waiting = JoinSet::new();
            waiting.spawn(async move { observer.until(crate::until::noted("never"), Location::caller()).await });
            let raised = waiting.join_next().await.unwrap().unwrap_err().into_panic();
            setrlimit(Resource::Nofile, before).unwrap();
            drop((reader, service));
            raised
        });
        let raised = raised.downcast_ref::<String>().unwrap();
        assert_eq!(raised, "the origin accepts no connection: Too many open files (os error 24)");
    }
}
