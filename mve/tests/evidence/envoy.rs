//! Envoy, by its own word and between a reader and an origin. Found as `LASTCHUNK_ENVOY`, or among the gateways that
//! `just gateways` fetches.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use fixtures::gateways::{Binary, Description, Places, fill, found};
use harness::gateway::{Described, Program};
use tempfile::TempDir;

use super::Evidence;
use super::stream::{Speaks, Stream};

pub fn evidence() -> Vec<Evidence> {
    let none = envoys().is_empty().then(|| "no Envoy (`just gateways envoy` fetches it)".to_owned());
    let of = |name, test: fn(&Binary)| Evidence::new(name, none.clone(), move || on_each(test));
    let long = none.clone().unwrap_or_else(|| "five minutes of silence (run by `just evidence`)".to_owned());
    vec![
        of("envoy::there_is_no_filter_named_sse", no_filter),
        of("envoy::a_route_bounds_the_whole_response", route),
        of("envoy::idle_timeout_does_not_count_the_silence_of_a_stream", idle),
        Evidence::new("envoy::a_route_ends_a_stream_after_15_s_and_silence_after_5_min", Some(long), || {
            on_each(defaults);
        }),
    ]
}

fn description() -> Description {
    Description::read(&fixtures::gateways::folder("envoy")).expect("the folder is sound")
}

fn envoys() -> Vec<Binary> {
    found(&description()).0
}

/// All versions at once: most of the time goes by in waiting.
fn on_each(test: fn(&Binary)) {
    let envoys = envoys();
    assert!(!envoys.is_empty(), "no Envoy");
    thread::scope(|scope| {
        for envoy in &envoys {
            scope.spawn(move || test(envoy));
        }
    });
}

/// A conf with one listener, one route and one origin; what is wanted of manager, route and filters comes as YAML.
fn conf(manager: &str, route: &str, filter: &str) -> String {
    format!(
        r#"static_resources:
  listeners:
  - address: {{socket_address: {{address: @listen-host@, port_value: @listen-port@}}}}
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
    load_assignment:
      cluster_name: o
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: @origin-host@, port_value: @origin-port@}}}}}}}}]}}]
"#
    )
}

/// Envoy with that conf, in a folder that has to outlive it.
fn with(envoy: &Binary, manager: &str, route: &str) -> (Described, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tested.yaml"), conf(manager, route, "")).expect("a file");
    let confs = BTreeMap::from([("tested".to_owned(), "tested.yaml".to_owned())]);
    let description = Description { confs, folder: folder.path().to_owned(), ..description() };
    (Described { description, program: Program::Binary(envoy.clone()), conf: "tested".to_owned() }, folder)
}

fn stream(envoy: &Binary, manager: &str, route: &str, speaks: Speaks) -> Stream {
    let (described, _until_it_runs) = with(envoy, manager, route);
    Stream::through(&described, speaks)
}

fn validated(envoy: &Binary, conf: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("envoy.yaml");
    // Nobody listens there: the conf is only looked at.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let places = Places {
        listen: nowhere,
        listen_h2: nowhere,
        origin: nowhere,
        prefix: folder.path(),
        folder: folder.path(),
        root: &envoy.root,
        conf: &file,
        words: &BTreeMap::new(),
    };
    fs::write(&file, fill(conf, &places).expect("known words")).expect("a file");
    let output = envoy.command().args(["--mode", "validate", "-c"]).arg(&file).output().expect("it starts");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn no_filter(envoy: &Binary) {
    // The twin: without the filter the same configuration is sound.
    let (sound, said) = validated(envoy, &conf("", "", ""));
    assert!(sound, "{}: {said}", envoy.version);
    let (sound, said) = validated(envoy, &conf("", "", "- name: envoy.filters.http.sse"));
    assert!(!sound, "{}: it knows the filter", envoy.version);
    assert!(said.contains("Didn't find a registered implementation for 'envoy.filters.http.sse'"), "{said}");
}

const NEVER_IDLE: &str = "stream_idle_timeout: 0s";
const NO_LIMIT: &str = ", timeout: 0s";
/// The article's settings: these two, and nothing about the route.
const THE_ARTICLES: &str = "stream_idle_timeout: 0s
          common_http_protocol_options: {idle_timeout: 300s}";

fn route(envoy: &Binary) {
    // Envoy tells the origin how long it will wait for the whole of a response.
    const TELLS: &str = "x-envoy-expected-rq-timeout-ms: ";
    for (manager, route, told) in [("", "", true), (THE_ARTICLES, "", true), (NEVER_IDLE, NO_LIMIT, false)] {
        let request = stream(envoy, manager, route, Speaks::Http1).request;
        assert_eq!(request.contains(&format!("{TELLS}15000\r\n")), told, "{manager:?}, {route:?}: {request}");
        assert_eq!(request.contains(TELLS), told, "{request}");
    }

    // Such a limit counts though each event is answered by the next one, and nothing is ever silent.
    for speaks in [Speaks::Http1, Speaks::Http2] {
        let mut stream = stream(envoy, NEVER_IDLE, ", timeout: 0.3s", speaks);
        while stream.sends_an_event() && stream.gets_an_event() {}
        assert!(!stream.is_complete(), "{}: a cut that shows: {}", envoy.version, stream.seen());
    }
}

fn idle(envoy: &Binary) {
    // The two others only keep the end of the connection short: it is drained for 5 s otherwise, and lingers for 1 s.
    const IDLE: &str = "stream_idle_timeout: 0s
          drain_timeout: 0.1s
          delayed_close_timeout: 0s
          common_http_protocol_options: {idle_timeout: 0.2s}";
    let mut outlasts = stream(envoy, IDLE, NO_LIMIT, Speaks::Http1);
    // Begun later, and cut after more than twice the time that the first stream's `idle_timeout` has.
    for speaks in [Speaks::Http1, Speaks::Http2] {
        let mut cut = stream(envoy, "stream_idle_timeout: 0.5s", NO_LIMIT, speaks);
        assert!(!cut.gets_an_event(), "stream_idle_timeout cuts a silent stream");
        assert!(!cut.is_complete(), "{}: a cut that shows: {}", envoy.version, cut.seen());
    }
    assert!(outlasts.sends_an_event() && outlasts.gets_an_event(), "idle_timeout cuts no stream, however silent");
    // What it does count: a connection on which nothing is under way.
    outlasts.ends();
    outlasts.is_closed();
}

/// Four streams at once, each silent after its first event.
fn defaults(envoy: &Binary) {
    let mut cured = stream(envoy, NEVER_IDLE, NO_LIMIT, Speaks::Http1);
    let mut without_limit = stream(envoy, "", NO_LIMIT, Speaks::Http1);
    let mut as_shipped = stream(envoy, "", "", Speaks::Http1);
    let mut with_the_articles = stream(envoy, THE_ARTICLES, "", Speaks::Http1);
    let mut in_http2 = stream(envoy, THE_ARTICLES, "", Speaks::Http2);
    for (stream, what) in [
        (&mut as_shipped, "as it is shipped"),
        (&mut with_the_articles, "with the article's settings"),
        (&mut in_http2, "with the article's settings, HTTP/2"),
    ] {
        assert!(!stream.gets_an_event(), "{}, {what}: it ends", envoy.version);
        let age = stream.age();
        assert!(age >= Duration::from_secs(14), "{}, {what}: {age:?}", envoy.version);
        assert!(!stream.is_complete(), "{}, {what}: {}", envoy.version, stream.seen());
    }
    // They began earlier than those that have ended.
    assert!(without_limit.is_open() && cured.is_open(), "{}: without a limit of the route they go on", envoy.version);

    assert!(!without_limit.gets_an_event(), "{}: silence ends it", envoy.version);
    let silence = without_limit.silence();
    assert!(silence >= Duration::from_secs(299), "{}: {silence:?}", envoy.version);
    assert!(!without_limit.is_complete(), "{}: {}", envoy.version, without_limit.seen());
    assert!(cured.sends_an_event() && cured.gets_an_event(), "{}: nothing ends it", envoy.version);
}
