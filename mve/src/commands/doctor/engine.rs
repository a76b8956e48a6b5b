//! A container engine: asked on its socket, with a bound, for an engine may hang.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Thing;

const WHAT: &str = "engine";
const USUAL: &str = "/var/run/docker.sock";
/// How long an engine may take.
const BOUND: Duration = Duration::from_secs(1);
/// An answer is not read further.
const MOST: u64 = 4096;

/// Whether there is an engine that answers.
pub fn look() -> Thing {
    let host = env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let socket = match host.as_deref().map(|host| (host, host.strip_prefix("unix://"))) {
        None => PathBuf::from(USUAL),
        Some((_, Some(path))) => PathBuf::from(path),
        Some((host, None)) => {
            return Thing::missing(
                WHAT,
                format!("DOCKER_HOST={host} was not asked: only sockets of this machine are (unix://PATH)"),
            );
        }
    };
    let name = socket.display().to_string();
    let (sender, answer) = mpsc::channel();
    // Not joined: a thread that hangs with the engine ends with the program.
    let asking = thread::Builder::new().name("engine".into()).spawn(move || sender.send(ping(&socket)));
    let answer = asking.map_err(|error| error.to_string()).and_then(|_asking| match answer.recv_timeout(BOUND) {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", BOUND.as_millis())),
    });
    match answer {
        Ok(Some(version)) => Thing::there(WHAT, format!("{name} answers, API {version}")),
        Ok(None) => Thing::missing(WHAT, format!("{name} answers, but is no engine: correct DOCKER_HOST")),
        Err(why) => Thing::missing(
            WHAT,
            format!(
                "{name}: {why}; cases in containers need Docker or Podman: start one, or set DOCKER_HOST=unix://PATH"
            ),
        ),
    }
}

/// The version of the API that the engine speaks; none when what answers is no engine.
fn ping(socket: &PathBuf) -> io::Result<Option<String>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(BOUND))?;
    stream.set_write_timeout(Some(BOUND))?;
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut octets = [0; 512];
    let mut limited = stream.take(MOST);
    // Up to the end of the header section: not every engine closes the connection.
    while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
        match limited.read(&mut octets)? {
            0 => break,
            count => answer.extend_from_slice(&octets[..count]),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let mut lines = answer.lines();
    let is_well = lines.next().is_some_and(|status| status.starts_with("HTTP/1.") && status.contains(" 200 "));
    let version = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("Api-Version").then(|| value.trim().to_owned())
    });
    Ok(is_well.then(|| version.unwrap_or_else(|| "unknown".to_owned())))
}
