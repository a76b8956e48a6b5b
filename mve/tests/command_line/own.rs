//! Confs of the user's: played, linted, refused.

use std::fs;
use std::path::Path;

use fixtures::nginx::Provider;
use serde_json::Value;

use super::{Said, false_nginx, lastchunk};

/// A production conf: several servers, an upstream, TLS, an include, paths of the system.
const WHOLE: &str = "user www-data;\nworker_processes auto;\npid /run/nginx.pid;\nerror_log /var/log/nginx/error.log warn;\n\
    events { worker_connections 768; }\nhttp {\n    access_log /var/log/nginx/access.log;\n    gzip on;\n\
    upstream backend { least_conn; server app1.internal:3000 weight=3; server app2.internal:3000 backup; }\n\
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n    include sites/*.conf;\n}\n";
const REDIRECT: &str = "server { listen 80 default_server; listen [::]:80; return 301 https://$host$request_uri; }\n";
const SITE: &str = "server {\n    listen 443 ssl http2;\n    server_name app.example.com;\n\
    ssl_certificate /etc/none.pem;\n    ssl_certificate_key /etc/none.key;\n    location / { return 404; }\n\
    location /api/ { proxy_pass https://backend; }\n    location /stream {\n        proxy_pass http://backend;\n\
        proxy_http_version 1.1;\n        proxy_buffering off;\n        proxy_cache off;\n        tcp_nodelay on;\n\
        proxy_read_timeout 24h;\n    }\n}\n";

fn production() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("sites")).expect("a folder of our own");
    write(folder.path(), "nginx.conf", WHOLE);
    write(folder.path(), "sites/1.conf", REDIRECT);
    write(folder.path(), "sites/2.conf", SITE);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file of our own");
}

/// What it says in that folder: the names of the files are short.
fn say(folder: &Path, arguments: &[&str]) -> Said {
    Said::by(lastchunk(arguments).current_dir(folder))
}

fn outcomes(said: &Said, key: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    said.objects().iter().map(|object| (text(&object["variant"]), text(&object[key]))).collect()
}

#[test]
fn a_production_conf_is_taken_as_it_is_and_every_line_that_is_not_is_said() {
    if fixtures::nginx::binary().is_err() {
        return eprintln!("skipped: no nginx");
    }
    let folder = production();
    let said = say(folder.path(), &["run", "--via", "./nginx.conf", "small_events", "error_by_abort"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    let told: Vec<&str> = said.out.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(
        told,
        [
            "./nginx.conf, through the server app.example.com",
            "taken as it is, but for",
            "  ./nginx.conf:1: user www-data;  is left out",
            "  ./nginx.conf:2: worker_processes auto;  is left out",
            "  ./nginx.conf:3: pid /run/nginx.pid;  is left out",
            "  ./nginx.conf:4: error_log /var/log/nginx/error.log warn;  is left out",
            "  ./nginx.conf:7: access_log /var/log/nginx/access.log;  is now  access_log off;",
            "  ./nginx.conf:9: server app1.internal:3000 weight=3;  is now  server ORIGIN weight=3;",
            "  ./nginx.conf:9: server app2.internal:3000 backup;  is now  server ORIGIN backup;",
            "  sites/1.conf:1: listen 80 default_server;  is now  listen unix:PREFIX/server-0.sock;",
            "  sites/1.conf:1: listen [::]:80;  is left out",
            "  sites/2.conf:2: listen 443 ssl http2;  is now  listen LISTEN default_server;",
            "  added  rewrite ^ \"/stream\";",
            "  sites/2.conf:4: ssl_certificate /etc/none.pem;  is left out",
            "  sites/2.conf:5: ssl_certificate_key /etc/none.key;  is left out",
            "  sites/2.conf:7: proxy_pass https://backend;  is now  proxy_pass http://backend;",
            "  added  server { listen LISTEN; server_name fence; location / { proxy_pass http://ORIGIN; } }",
        ]
    );
    let said = say(folder.path(), &["run", "--json", "--via", "nginx.conf", "error_by_abort", "/small_events"]);
    let is = |outcome: &str| {
        ["error_by_abort", "small_events", "small_events_with_x_accel_buffering"]
            .into_iter()
            .zip(outcome.split(' '))
            .map(|(variant, outcome)| (variant.to_owned(), outcome.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&said, "outcome"), is("cut-visible intact intact"));
    assert_eq!(outcomes(&said, "as_shipped"), is("cut-silent held intact"));
    assert_eq!(outcomes(&said, "streaming"), is("cut-visible intact intact"));

    let said = say(folder.path(), &["run", "--json", "--via", "nginx.conf", "--path", "/api/x", "/small_events"]);
    assert_eq!(outcomes(&said, "outcome")[0].1, "held");
    let said = say(folder.path(), &["show", "small_events@x", "--via", "nginx.conf"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.contains("     p>o  GET /stream HTTP/1.1\\r\\n\n"), "{said:?}");
}

/// Our own conf, brought as a user's: every reviewed outcome again.
#[test]
fn our_own_conf_brought_by_the_user_shows_the_reviewed_outcomes() {
    if fixtures::nginx::binary().is_err() {
        return eprintln!("skipped: no nginx");
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "shipped.conf", fixtures::nginx::conf::text("as-shipped").expect("a known conf"));
    let said = say(folder.path(), &["run", "--json", "--via", "shipped.conf", "header_after_write", "cut_"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.objects().len() > 20, "{said:?}");
    assert_eq!(outcomes(&said, "outcome"), outcomes(&said, "as_shipped"));
}

/// What a location asks beside the request is asked of another server, and the cases have but one origin.
#[test]
fn a_request_beside_the_request_is_left_out() {
    if fixtures::nginx::binary().is_err() {
        return eprintln!("skipped: no nginx");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let location =
        "location / { mirror /copy; proxy_pass http://o; }\nlocation = /copy { internal; proxy_pass http://o; }";
    write(folder.path(), "c.conf", &format!("events {{}}\nhttp {{\nserver {{\n{location}\n}} }}\n"));
    let said = say(folder.path(), &["run", "--json", "--via", "c.conf", "error_by_event"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert_eq!(outcomes(&said, "outcome"), outcomes(&said, "as_shipped"));
    let said = say(folder.path(), &["run", "--via", "c.conf", "error_by_event"]);
    assert!(said.out.contains("c.conf:4: mirror /copy;  is left out"), "{said:?}");
}

/// nginx itself takes what stands in the place of a variable that its answer set, wherever that stood.
#[test]
fn what_a_request_beside_the_request_sets_is_empty() {
    if fixtures::nginx::binary().is_err() {
        return eprintln!("skipped: no nginx");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let location = "location / { auth_request /a; auth_request_set $in $upstream_http_x;\n\
                    proxy_set_header X \"$all$here$in\"; proxy_pass http://o; }";
    let conf = format!(
        "load_module modules/ngx_stream_module.so;\nevents {{}}\nstream {{}}\nhttp {{ auth_request_set $all $upstream_http_x;\n\
         server {{ auth_request_set $here $upstream_status;\n{location}\n\
         location = /a {{ internal; proxy_pass http://o; }} }} }}\n"
    );
    write(folder.path(), "c.conf", &conf);
    let said = say(folder.path(), &["run", "--via", "c.conf", "error_by_event"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    for line in [
        "c.conf:1: load_module modules/ngx_stream_module.so;  is left out",
        "c.conf:3: stream { .. }  is left out",
        "c.conf:4: auth_request_set $all $upstream_http_x;  is now  map \"\" $all { default \"\"; }",
        "c.conf:5: auth_request_set $here $upstream_status;  is now  set $here \"\";",
        "c.conf:6: auth_request /a;  is left out",
        "c.conf:6: auth_request_set $in $upstream_http_x;  is now  set $in \"\";",
    ] {
        assert!(said.out.contains(line), "{line} in {said:?}");
    }
}

/// Not below the prefix that nginx has here: where the nginx that somebody named has it.
#[test]
fn a_module_that_is_not_there_is_told_with_where_it_was_looked_for() {
    let Ok(nginx) = fixtures::nginx::binary() else { return eprintln!("skipped: no nginx") };
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "[ \"$1\" != -V ] || {{ echo 'configure arguments: --prefix=/none/nginx' >&2; exit; }}\nexec '{}' \"$@\"",
        nginx.path.display()
    );
    let moved = false_nginx(folder.path(), &script);
    let server = "http { server { location / { proxy_pass http://o; } } }";
    write(folder.path(), "c.conf", &format!("load_module modules/none.so;\nevents {{}}\n{server}\n"));
    let mut asked = lastchunk(&["run", "--via", "c.conf", "error_by_event"]);
    let said = Said::by(asked.current_dir(&folder).env("LASTCHUNK_NGINX", moved));
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(
        said.err.contains("dlopen() \"/none/nginx/modules/none.so\" failed") && said.err.contains("in c.conf:1"),
        "{said:?}"
    );
}

#[test]
fn a_conf_that_cannot_be_used_is_refused_in_one_line() {
    if fixtures::nginx::binary().is_err() {
        return eprintln!("skipped: no nginx");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let version = fixtures::nginx::binary().expect("it is there").version;
    // Another nginx has the modules that it has.
    let lacks = match fixtures::nginx::binary().expect("it is there").provider {
        Provider::Source => {
            " (the nginx that is built here has few modules; with one that has yours: LASTCHUNK_NGINX=/usr/sbin/nginx)"
        }
        Provider::Path | Provider::System => "",
    };
    let server = |inside: &str| format!("events {{}}\nhttp {{\nserver {{\n{inside}\n}} }}\n");
    for (text, arguments, why) in [
        (server("location / { proxy_pass http://o; }\nbrotli on;"), &[][..], format!("nginx {version}: unknown directive \"brotli\" in c.conf:5{lacks}")),
        (server("location / { proxy_pass http://o; proxy_buffering maybe; }"), &[], format!("nginx {version}: invalid value \"maybe\" in \"proxy_buffering\" directive, it must be \"on\" or \"off\" in c.conf:4")),
        (server("location / { proxy_pass http://o; "), &[], "unexpected end of file, expecting \"}\" in c.conf:6".to_owned()),
        (server("listen 80 location / { proxy_pass http://o; }"), &[], format!("nginx {version}: directive \"listen\" is not terminated by \";\" in c.conf:4")),
        (server("return 204;"), &[], "c.conf: no server in http has a proxy_pass: there is nothing to stand before an origin".to_owned()),
        (server("location / { proxy_pass http://o; }"), &["--server", "x"], "c.conf: there is no server named \"x\" that has a proxy_pass".to_owned()),
        (server("return 401;\nlocation / { proxy_pass http://o; }"), &[], "c.conf: no request reaches an origin (/events of c.conf:3: nginx answers HTTP/1.1 401 Unauthorized itself; / of c.conf:3: nginx answers HTTP/1.1 401 Unauthorized itself): name another path with --path, or a server with --server".to_owned()),
        (server("location / { proxy_pass http://o; }"), &["--path", "x"], "--path begins with a slash: --path /v1/events".to_owned()),
        ("a \x1b]0;owned\x07 b\n".to_owned(), &[], "unexpected end of file, expecting \";\" or \"}\" in c.conf:2".to_owned()),
    ] {
        write(folder.path(), "c.conf", &text);
        let mut all = vec!["run", "--via", "c.conf", "/small_events"];
        all.extend(arguments);
        let said = say(folder.path(), &all);
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{text}: {said:?}");
        assert_eq!(said.err, format!("lastchunk: {why}\n"), "{text}");
    }
    let said = say(folder.path(), &["run", "--via", "./none.conf"]);
    assert_eq!(said.status, Some(2));
    assert_eq!(said.err, "lastchunk: open() \"./none.conf\" failed (No such file or directory (os error 2))\n");
    let said = say(folder.path(), &["run", "--server", "x"]);
    assert_eq!(said.err, "lastchunk: --server is for a conf of yours: --via ./nginx.conf\n");
}

#[test]
fn a_directive_is_without_effect_when_no_transcript_changes_without_it() {
    if fixtures::nginx::binary().is_err() {
        return eprintln!("skipped: no nginx");
    }
    let folder = production();
    let said = say(folder.path(), &["lint", "--json", "nginx.conf", "events", "cut_", "header_after_write"]);
    assert_eq!(said.status, Some(1), "{said:?}");
    let effects: Vec<(String, String)> = said
        .objects()
        .iter()
        .map(|object| {
            (
                object["directive"].as_str().unwrap_or_default().to_owned(),
                object["effect"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let is = [
        ("gzip on;", "none"),
        ("proxy_http_version 1.1;", "changes"),
        ("proxy_buffering off;", "changes"),
        ("proxy_cache off;", "none"),
        ("tcp_nodelay on;", "none"),
        ("proxy_read_timeout 24h;", "clock"),
    ];
    assert_eq!(effects, is.map(|(directive, effect)| (directive.to_owned(), effect.to_owned())));
    let buffering = &said.objects()[2];
    let changes = buffering["changes"].as_array().expect("a list");
    let held = changes.iter().find(|change| change["case"] == "proxy_buffering/small_events").expect("it changes");
    assert_eq!((&held["with"], &held["without"]), (&"intact".into(), &"held".into()));
    assert_eq!(
        (&buffering["file"], &buffering["line"], &buffering["context"]),
        (&"sites/2.conf".into(), &11.into(), &"http server location /stream".into())
    );
    assert!(said.objects()[3]["tried"].as_array().expect("a list").len() > 30);
}

/// A clock is not waited for: turned down, it holds or does not; one that no stream shows is not tried.
#[test]
fn a_clock_holds_or_another_one_does_in_its_place_or_it_is_not_tried() {
    if fixtures::nginx::binary().is_err() {
        return eprintln!("skipped: no nginx");
    }
    let folder = tempfile::tempdir().expect("a folder");
    // The inner one holds, and is short enough to end the stream as it stands.
    let conf = "events {}\nhttp {\nproxy_read_timeout 5m;\nserver {\nsend_timeout 1h;\nlocation / { proxy_pass http://o; \
                proxy_read_timeout 3s; }\n} }\n";
    write(folder.path(), "nginx.conf", conf);
    let said = say(folder.path(), &["lint", "--json", "nginx.conf", "/small_events"]);
    let told: Vec<Value> = said
        .objects()
        .into_iter()
        .map(|object| serde_json::json!([object["directive"], object["effect"], object["tried"], object["why"]]))
        .collect();
    let tried = serde_json::json!(["a stream that is silent after one event"]);
    assert_eq!(
        told,
        [
            serde_json::json!([
                "proxy_read_timeout 5m;",
                "none",
                tried,
                "at 1s in place of 5m it does not end a silent stream: another one holds in its place"
            ]),
            serde_json::json!(["send_timeout 1h;", "clock", [], null]),
            serde_json::json!([
                "proxy_read_timeout 3s;",
                "clock",
                tried,
                "at 1s in place of 3s it ends a silent stream (cut-visible)"
            ]),
        ],
        "{said:?}"
    );
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""));
    // Without the one that is waited for in vain.
    write(folder.path(), "nginx.conf", &conf.replace("proxy_read_timeout 5m;", ""));
    let said = say(folder.path(), &["lint", "nginx.conf", "/small_events"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    for line in [
        "    not tried: its effect is a clock, and no case waits for it\n",
        "    a clock that holds: at 1s in place of 3s it ends a silent stream (cut-visible)\n",
        "\n2 directives for streams: 0 with effect, 0 without, 0 only together, 0 needed, 2 clocks; ",
    ] {
        assert!(said.out.contains(line), "{line} in {}", said.out);
    }
}
