//! The container engine of this machine, asked over its unix socket without a library: whether it answers has to be known
//! where containers are not built in, and a container has to be removed where nothing can be awaited.

use std::env;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
use socket2::SockRef;

/// Where an engine listens unless `DOCKER_HOST` says otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// How long [`probe`] waits for each answer of the engine. A daemon that hangs would keep a case waiting for minutes.
const PROBE: Duration = Duration::from_secs(1);

/// An engine that has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Its socket.
    pub socket: PathBuf,
    /// What it calls itself: `Docker/20.10.24 (linux)`.
    pub server: String,
}

/// Asks the engine whether it is there: `GET /_ping`, at the socket named by `DOCKER_HOST=unix://PATH` or at the usual one.
///
/// # Errors
/// One line that says why there is none, after at most about 1 s.
pub fn probe() -> Result<Engine, String> {
    let host = env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    probe_at(&socket_named(host.as_deref())?)
}

impl Engine {
    /// Whether the engine has an image of this name; nothing is pulled.
    ///
    /// # Errors
    /// What the engine says instead.
    pub fn has_image(&self, name: &str) -> Result<bool, String> {
        let told = request(&self.socket, "GET", &format!("/images/{name}/json"), PROBE);
        match told.map(|response| response.status) {
            Ok(200) => Ok(true),
            Ok(404) => Ok(false),
            Ok(status) => Err(format!("the container engine answers {status} when it is asked for the image {name}")),
            Err(error) => Err(format!("the container engine does not tell whether it has the image {name}: {error}")),
        }
    }

    /// Sends one request without content, and reads the response. Blocks; each wait lasts at most `bound`.
    ///
    /// # Errors
    /// What the system refused.
    #[cfg_attr(not(feature = "containers"), allow(dead_code, reason = "without containers there is only the probe"))]
    pub(crate) fn request(&self, method: &str, target: &str, bound: Duration) -> io::Result<Response> {
        request(&self.socket, method, target, bound)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.server, self.socket.display())
    }
}

fn socket_named(host: Option<&str>) -> Result<PathBuf, String> {
    match host {
        None => Ok(SOCKET.into()),
        Some(host) => host.strip_prefix("unix://").map(PathBuf::from).ok_or_else(|| {
            format!("DOCKER_HOST={host} is no unix socket: cases reach containers by their addresses, so the engine must be this machine's")
        }),
    }
}

fn probe_at(socket: &Path) -> Result<Engine, String> {
    let place = socket.display();
    let response = request(socket, "GET", "/_ping", PROBE).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("no container engine: there is no {place} (start one, or name its socket in DOCKER_HOST=unix://PATH)"),
        io::ErrorKind::ConnectionRefused => format!("no container engine: nobody listens at {place} (start it)"),
        io::ErrorKind::PermissionDenied => format!("permission denied at {place}: this user may not talk to the container engine (join the group that owns the socket)"),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!("the container engine at {place} does not answer within {} s (restart it)", PROBE.as_secs()),
        _ => format!("cannot talk to the container engine at {place}: {error}"),
    })?;
    if response.status != 200 {
        return Err(format!(
            "what listens at {place} is no container engine: it answers {} to GET /_ping",
            response.status
        ));
    }
    let server = response.server.unwrap_or_else(|| "an engine without a name".into());
    Ok(Engine { socket: socket.to_owned(), server })
}

/// What the engine answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// The field Server.
    pub(crate) server: Option<String>,
    /// The content.
    pub(crate) content: Vec<u8>,
}

fn request(path: &Path, method: &str, target: &str, bound: Duration) -> io::Result<Response> {
    // The bound of sending is set before connecting: it bounds that too, when the queue of a hanging engine is full.
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    SockRef::from(&socket).set_write_timeout(Some(bound))?;
    SockRef::from(&socket).set_read_timeout(Some(bound))?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    let mut stream = UnixStream::from(socket);
    // In HTTP/1.0 the engine sends no chunks: the content is what comes until the end.
    write!(stream, "{method} {target} HTTP/1.0\r\nHost: engine\r\nContent-Length: 0\r\n\r\n")?;
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets)?;
    parse(&octets).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

fn parse(octets: &[u8]) -> Option<Response> {
    let end = octets.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = str::from_utf8(&octets[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let server = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("server").then(|| value.trim().to_owned())
    });
    Some(Response { status, server, content: octets[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    fn engine_that_answers(answer: &'static [u8]) -> (tempfile::TempDir, PathBuf, thread::JoinHandle<String>) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let answering = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut octet = [0];
                stream.read_exact(&mut octet).unwrap();
                asked.extend(octet);
            }
            stream.write_all(answer).unwrap();
            String::from_utf8(asked).unwrap()
        });
        (folder, socket, answering)
    }

    #[test]
    fn an_engine_that_answers_is_known_by_its_name() {
        let (_folder, socket, answering) =
            engine_that_answers(b"HTTP/1.0 200 OK\r\nOstype: linux\r\nSERVER: Docker/20.10.24 (linux)\r\n\r\nOK");
        let engine = probe_at(&socket).unwrap();
        assert_eq!(engine, Engine { socket, server: "Docker/20.10.24 (linux)".into() });
        assert!(answering.join().unwrap().starts_with("GET /_ping HTTP/1.0\r\n"));
    }

    #[test]
    fn whatever_is_no_engine_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let here = |name: &str| folder.path().join(name);
        let told = |path: &Path| probe_at(path).unwrap_err().replace(&folder.path().display().to_string(), "HERE");

        assert_eq!(
            told(&here("none")),
            "no container engine: there is no HERE/none (start one, or name its socket in DOCKER_HOST=unix://PATH)"
        );

        drop(UnixListener::bind(here("left")).unwrap());
        assert_eq!(told(&here("left")), "no container engine: nobody listens at HERE/left (start it)");

        let _accepts_nobody = UnixListener::bind(here("hangs")).unwrap();
        assert_eq!(told(&here("hangs")), "the container engine at HERE/hangs does not answer within 1 s (restart it)");

        for (answer, expected) in [
            (
                &b"HTTP/1.0 404 Not Found\r\n\r\n"[..],
                "what listens at HERE is no container engine: it answers 404 to GET /_ping",
            ),
            (b"220 mail\r\n", "cannot talk to the container engine at HERE: the answer is not HTTP"),
        ] {
            let (_folder, socket, answering) = engine_that_answers(answer);
            let told = probe_at(&socket).unwrap_err().replace(&socket.display().to_string(), "HERE");
            answering.join().unwrap();
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn an_engine_whose_queue_is_full_does_not_hold_the_probe_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full");
        let listener = UnixListener::bind(&path).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let _first_in_the_queue = UnixStream::connect(&path).unwrap();
        assert!(probe_at(&path).unwrap_err().contains("does not answer within 1 s"));
    }

    #[test]
    fn only_a_socket_of_this_machine_will_do() {
        assert_eq!(socket_named(None).unwrap(), Path::new(SOCKET));
        assert_eq!(socket_named(Some("unix:///run/e.sock")).unwrap(), Path::new("/run/e.sock"));
        assert!(
            socket_named(Some("tcp://10.0.0.1:2375"))
                .unwrap_err()
                .starts_with("DOCKER_HOST=tcp://10.0.0.1:2375 is no unix socket")
        );
    }
}
