//! The site that a browser visits: a page, the streams, and where it posts what it saw.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use harness::wire::notation::printable;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::streams::STREAMS;

/// What came of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// Type, data, last event ID.
    pub events: Vec<[String; 3]>,
    /// What the browser sent when it came back.
    pub last_event_id: String,
}

/// `%PATHS%` and `%TYPES%` are filled in.
const PAGE: &str = r#"<!DOCTYPE html><meta charset="utf-8"><title>streams</title><script>
const paths = %PATHS%, types = %TYPES%, seen = {};
let open = paths.length;
for (const path of paths) {
  const events = seen[path] = [];
  const source = new EventSource("/stream/" + path);
  for (const type of types) {
    source.addEventListener(type, event => {
      // An event named "error" is a message; the browser's own has no data.
      if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
    });
  }
  source.addEventListener("error", event => {
    if (event instanceof MessageEvent || source.readyState !== EventSource.CLOSED) return;
    if (--open === 0) fetch("/report", { method: "POST", body: JSON.stringify(seen) });
  });
}
</script>"#;

/// What the browser has done so far.
#[derive(Debug, Default)]
struct Seen {
    /// The last event ID of each path that the browser came back to.
    returned: BTreeMap<String, Vec<u8>>,
    visited: BTreeMap<String, usize>,
    report: Option<Vec<u8>>,
}

/// The site.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    reported: Arc<Notify>,
    _tasks: JoinSet<()>,
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every stream in both ways.
fn paths() -> Vec<String> {
    (0..STREAMS.len()).flat_map(|at| [format!("{at}/whole"), format!("{at}/octets")]).collect()
}

impl Site {
    /// Serves a page that listens to events of these types.
    pub async fn open(types: &[String]) -> Self {
        let json = |list: &[String]| serde_json::to_string(list).expect("strings").replace("</", "<\\/");
        let page = PAGE.replace("%PATHS%", &json(&paths())).replace("%TYPES%", &json(types));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of the kernel's choice");
        let address = listener.local_addr().expect("it listens");
        let seen = Arc::<Mutex<Seen>>::default();
        let reported = Arc::<Notify>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::new(page), Arc::clone(&seen), Arc::clone(&reported)));
        Self { address, seen, reported, _tasks: tasks }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the browser has done so far.
    pub fn so_far(&self) -> String {
        let seen = locked(&self.seen);
        let never = paths().into_iter().filter(|path| !seen.returned.contains_key(path));
        let never: Vec<String> = never
            .map(|path| {
                let (at, _) = path.split_once('/').expect("as made above");
                let name = STREAMS[at.parse::<usize>().expect("as made above")].0;
                format!("{path} ({name}), asked for {} times", seen.visited.get(&path).copied().unwrap_or(0))
            })
            .collect();
        format!("it has not come back to: {}", never.join("; "))
    }

    /// What the browser saw.
    pub async fn report(&self) -> BTreeMap<String, Visit> {
        self.reported.notified().await;
        let seen = locked(&self.seen);
        let report = seen.report.as_deref().expect("it is there when it is told");
        let report: BTreeMap<String, Vec<[String; 3]>> = serde_json::from_slice(report).expect("what the page sends");
        let returned = &seen.returned;
        let id = |path: &str| String::from_utf8(returned[path].clone()).expect("an ID is UTF-8");
        report.into_iter().map(|(path, events)| (path.clone(), Visit { events, last_event_id: id(&path) })).collect()
    }
}

async fn serve(listener: TcpListener, page: Arc<String>, seen: Arc<Mutex<Seen>>, reported: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((socket, _)) = listener.accept() => {
                let (page, seen, reported) = (Arc::clone(&page), Arc::clone(&seen), Arc::clone(&reported));
                connections.spawn(async move {
                    if let Some(report) = answer(socket, &page, &seen).await {
                        locked(&seen).report = Some(report);
                        reported.notify_one();
                    }
                });
            }
            Some(ended) = connections.join_next() => ended.expect("no answer panics"),
        }
    }
}

/// One request a connection; its content, if it is the report.
async fn answer(mut socket: TcpStream, page: &str, seen: &Mutex<Seen>) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(at) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if !matches!(socket.read_buf(&mut request).await, Ok(1..)) {
            return None;
        }
    };
    let lines: Vec<Vec<u8>> = request[..head].split(|octet| *octet == b'\n').map(<[u8]>::to_vec).collect();
    let field = |name: &str| {
        lines.iter().find_map(|line| {
            let (its, value) = line.split_at_checked(name.len())?;
            its.eq_ignore_ascii_case(name.as_bytes())
                .then(|| value.strip_prefix(b": ").unwrap_or(value).trim_ascii_end().to_vec())
        })
    };
    let start = printable(&String::from_utf8_lossy(&lines[0]));
    let path = start.split(' ').nth(1).unwrap_or_default();
    let mut report = None;
    let response = match path.strip_prefix("/stream/") {
        Some(path) => {
            let (at, how) = path.split_once('/')?;
            let (_, stream) = STREAMS.get(at.parse::<usize>().ok()?)?;
            let mut seen = locked(seen);
            let visits = seen.visited.entry(path.to_owned()).or_default();
            *visits += 1;
            if *visits > 1 {
                seen.returned.insert(path.to_owned(), field("Last-Event-ID").unwrap_or_default());
                framed("204 No Content", "text/plain", None)
            } else if how == "octets" {
                // A chunk an octet: however the browser's own layers cut it, they cut it otherwise.
                let chunks = stream.iter().flat_map(|octet| [b"1\r\n", &[*octet][..], b"\r\n"].concat());
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
                head.bytes().chain(chunks).chain(*b"0\r\n\r\n").collect()
            } else {
                framed("200 OK", "text/event-stream", Some(stream))
            }
        }
        None if path == "/" => framed("200 OK", "text/html", Some(page.as_bytes())),
        None if path == "/report" => {
            let length: usize = String::from_utf8(field("Content-Length")?).ok()?.parse().ok()?;
            while request.len() < head + length {
                if !matches!(socket.read_buf(&mut request).await, Ok(1..)) {
                    return None;
                }
            }
            report = Some(request[head..].to_vec());
            framed("200 OK", "text/plain", Some(b"thanks"))
        }
        None => framed("404 Not Found", "text/plain", Some(b"")),
    };
    // A browser that goes away has seen what it wanted.
    if socket.write_all(&response).await.is_ok() && socket.shutdown().await.is_ok() {
        while matches!(socket.read_buf(&mut request).await, Ok(1..)) {}
    }
    report
}

fn framed(status: &str, media_type: &str, content: Option<&[u8]>) -> Vec<u8> {
    let length = content.map_or(String::new(), |content| format!("Content-Length: {}\r\n", content.len()));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nCache-Control: no-store\r\n{length}Connection: close\r\n\r\n"
    );
    [head.as_bytes(), content.unwrap_or_default()].concat()
}
