//! A user's server at the origin: started by her command, or running already.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use harness::{address, patience};
use tokio::net::TcpStream;

use super::Unusable;
use super::started::Started;
use crate::probe::clock::Clock;
use crate::probe::target::Target;

/// What stands in a command for the port.
const PORT: &str = "{port}";

/// A server that takes connections. What was started by us is gone with it, and so are its children.
#[derive(Debug)]
pub struct Server {
    /// What is asked.
    pub target: Target,
    /// Where it is.
    pub address: SocketAddr,
    _started: Option<Started>,
}

impl Server {
    /// A server as `--origin` names it: `cmd:COMMAND`, in which `{port}` is the port to listen on, or a URL of http.
    ///
    /// # Errors
    /// When it does not start, or takes no connection.
    pub async fn of(word: &str, path: &str) -> Result<Self, Unusable> {
        match word.strip_prefix("cmd:") {
            Some(command) => Self::start(command, path).await,
            None => Self::running(word).await,
        }
    }

    async fn running(url: &str) -> Result<Self, Unusable> {
        let target = Target::read(url).map_err(|error| Unusable(format!("--origin: {error}")))?;
        if target.is_secure() {
            return Err(Unusable(
                "--origin takes http: a reset and a half-close cannot be seen through TLS".to_owned(),
            ));
        }
        let none = |why: io::Error| Unusable(format!("nothing takes connections at {target}: {why}"));
        let host = (target.host().to_owned(), target.port());
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(host).await.map_err(none)?.collect();
        let address = first(&addresses, patience::bound()).await.map_err(none)?;
        Ok(Self { target, address, _started: None })
    }

    async fn start(command: &str, path: &str) -> Result<Self, Unusable> {
        if !command.contains(PORT) {
            return Err(Unusable(format!(
                "the command does not say where {PORT} goes: --origin 'cmd:./server --port {PORT}'"
            )));
        }
        let failed = |error: io::Error| Unusable(format!("cannot start the server: {error}"));
        let [free] = address::free(Ipv4Addr::LOCALHOST.into()).map_err(failed)?;
        let port = free.port();
        let mut started = Started::by(&command.replace(PORT, &port.to_string())).map_err(failed)?;
        let address = started.listens(port).await?;
        let target = Target::read(&format!("http://{address}{path}")).map_err(|error| Unusable(error.to_string()))?;
        Ok(Self { target, address, _started: Some(started) })
    }
}

/// The first address that takes a connection, one after the other, each within this bound.
async fn first(addresses: &[SocketAddr], bound: Duration) -> io::Result<SocketAddr> {
    let mut why = io::Error::other("it has no address");
    for &address in addresses {
        let clock = Clock::start();
        let connected = tokio::select! {
            connected = TcpStream::connect(address) => connected.map(drop),
            () = clock.reaches(Some(bound)) => Err(io::Error::other(format!(
                "{address} does not answer within {} ms (LASTCHUNK_PATIENCE_MS gives it more)",
                bound.as_millis()
            ))),
        };
        match connected {
            Ok(()) => return Ok(address),
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// The other end of a connection of ours, on this machine: whether its process still has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherEnd {
    inode: String,
}

impl OtherEnd {
    /// Finds the socket between these two ports; none when the server is on another machine, or another user's.
    pub(super) fn of(server: SocketAddr, ours: SocketAddr) -> Option<Self> {
        let ports = |text: &str, port: u16| {
            text.rsplit_once(':').is_some_and(|(_, its)| u16::from_str_radix(its, 16) == Ok(port))
        };
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
        let inode = tables.iter().flat_map(|table| table.lines()).find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_it = ports(words.get(1)?, server.port()) && ports(words.get(2)?, ours.port());
            words.get(9).filter(|inode| is_it && **inode != "0").map(|inode| (*inode).to_owned())
        })?;
        let end = Self { inode };
        end.is_held().then_some(end)
    }

    /// Whether any process has it open.
    pub(super) fn is_held(&self) -> bool {
        let wanted = format!("socket:[{}]", self.inode);
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let files =
            processes.flat_map(|process| fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten());
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|link| link.as_os_str() == wanted.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use socket2::{Domain, Socket, Type};

    use super::*;

    /// A listener that takes one connection and leaves the next one waiting, for as long as it lives.
    fn full() -> io::Result<(Socket, std::net::TcpStream, SocketAddr)> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        socket.listen(0)?;
        let address = socket.local_addr()?.as_socket().expect("it is bound to one");
        Ok((socket, std::net::TcpStream::connect(address)?, address))
    }

    #[tokio::test]
    async fn all_addresses_of_a_name_are_tried_each_within_the_bound() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("it listens");
        let open = listener.local_addr().expect("it listens");
        let closed = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let (_holds, _the_place, full) = full().expect("it listens");
        let bound = Duration::from_millis(200);
        assert_eq!(first(&[closed, full, open], bound).await.expect("one is open"), open);
        let why = first(&[closed, full], bound).await.expect_err("none is open").to_string();
        assert_eq!(why, format!("{full} does not answer within 200 ms (LASTCHUNK_PATIENCE_MS gives it more)"));
    }
}
