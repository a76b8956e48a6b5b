//! The gateway of a bundle: nginx, with a conf that somebody else may have written.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use fixtures::nginx::conf::addressed;
use harness::gateway::{Conf, Gateway, Nginx};
use harness::stage::Stage;
use harness::wire::notation::printable;

use crate::machine::Machine;
use crate::own::conf::{self, Directive};
use crate::player::Fault;

/// Addresses that nobody has (RFC 5737), in the places of the two that the harness puts in.
const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 1));
const ORIGIN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 2), 1));
/// Where `fixtures/nginx` passes on what it never asks for: nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

/// The directives that name no file, no program and no address, whatever their parameters. `if` is not among them: it can ask
/// whether a file is there.
const HARMLESS: &[&str] = &[
    "absolute_redirect",
    "add_header",
    "add_trailer",
    "break",
    "chunked_transfer_encoding",
    "client_body_buffer_size",
    "client_body_timeout",
    "client_header_buffer_size",
    "client_header_timeout",
    "client_max_body_size",
    "default_type",
    "error_page",
    "etag",
    "events",
    "expires",
    "gunzip",
    "gzip",
    "gzip_buffers",
    "gzip_comp_level",
    "gzip_disable",
    "gzip_http_version",
    "gzip_min_length",
    "gzip_proxied",
    "gzip_types",
    "gzip_vary",
    "http",
    "ignore_invalid_headers",
    "internal",
    "keepalive_requests",
    "keepalive_time",
    "keepalive_timeout",
    "large_client_header_buffers",
    "limit_except",
    "limit_rate",
    "limit_rate_after",
    "lingering_close",
    "lingering_time",
    "lingering_timeout",
    "location",
    "merge_slashes",
    "output_buffers",
    "postpone_output",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_connect_timeout",
    "proxy_force_ranges",
    "proxy_hide_header",
    "proxy_http_version",
    "proxy_ignore_client_abort",
    "proxy_ignore_headers",
    "proxy_intercept_errors",
    "proxy_limit_rate",
    "proxy_max_temp_file_size",
    "proxy_method",
    "proxy_next_upstream",
    "proxy_next_upstream_timeout",
    "proxy_next_upstream_tries",
    "proxy_pass_header",
    "proxy_pass_request_body",
    "proxy_pass_request_headers",
    "proxy_pass_trailers",
    "proxy_read_timeout",
    "proxy_redirect",
    "proxy_request_buffering",
    "proxy_send_lowat",
    "proxy_send_timeout",
    "proxy_set_body",
    "proxy_set_header",
    "proxy_socket_keepalive",
    "proxy_temp_file_write_size",
    "reset_timedout_connection",
    "return",
    "rewrite",
    "send_lowat",
    "send_timeout",
    "sendfile",
    "server",
    "server_name",
    "server_tokens",
    "set",
    "tcp_nodelay",
    "tcp_nopush",
    "underscores_in_headers",
    "worker_connections",
];

/// Why a bundle's conf is not given to nginx, in a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotPlayed(String);

/// The stage with the gateway that has this conf, if there is one.
///
/// # Errors
/// When this machine lacks what it takes, or the conf is not [`harmless`].
pub(super) fn stage(machine: &Machine, conf: Option<&str>) -> Result<Stage, Fault> {
    let Some(conf) = conf else { return Ok(Stage::direct()) };
    harmless(conf).map_err(|why| Fault::CannotRun(why.to_string()))?;
    let program = machine.nginx().map_err(|why| Fault::CannotRun(why.to_owned()))?.clone();
    let conf = Conf::Common(conf.to_owned());
    Ok(Stage::direct().through(Gateway::Nginx(Nginx { program, name: "of the bundle".into(), conf })))
}

/// Whether nginx with this conf reads and writes no file but in its own folder, runs no program, and neither listens nor asks
/// anywhere but between reader and origin. What is judged is what nginx reads: the conf with addresses in it.
///
/// # Errors
/// With the first directive that may do more.
pub fn harmless(conf: &str) -> Result<(), NotPlayed> {
    let addressed = addressed(conf, LISTEN, ORIGIN).map_err(|error| NotPlayed(error.to_string()))?;
    let conf =
        conf::Conf::of_text("nginx.conf", &addressed).map_err(|refused| NotPlayed(printable(&refused.to_string())))?;
    conf.directives.iter().try_for_each(is_harmless)
}

fn is_harmless(directive: &Directive) -> Result<(), NotPlayed> {
    let name = directive.name();
    let only = directive.parameter(0).filter(|_| directive.words.len() == 2).unwrap_or_default();
    let has_values = ["map", "types"].contains(&name);
    let passes = match name {
        "listen" => only == LISTEN.to_string(),
        "proxy_pass" => only == format!("http://{ORIGIN}") || only == NOBODY,
        "access_log" => only == "off",
        // Blocks of values, but for this one.
        _ if has_values => directive.block().iter().all(|value| value.name() != "include"),
        _ => HARMLESS.contains(&name),
    };
    let place = &directive.place;
    if !passes {
        let text: String = printable(&directive.to_string()).chars().take(80).collect();
        return Err(NotPlayed(format!(
            "`{text}` in {place} is not played: a bundle's conf may have what is known to name no file, no program and no \
             address but its two"
        )));
    }
    let listens = directive.block().iter().filter(|inside| inside.name() == "listen").count();
    if name == "server" && listens != 1 {
        return Err(NotPlayed(format!("the server in {place} is not played: it has no `listen 8080;` of its own")));
    }
    if has_values { Ok(()) } else { directive.block().iter().try_for_each(is_harmless) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn our_own_confs_are_harmless() {
        for name in fixtures::nginx::conf::names() {
            assert_eq!(harmless(fixtures::nginx::conf::text(name).expect("a known conf")), Ok(()), "{name}");
        }
    }

    /// In the three places that there are, each time at the end.
    fn with(top: &str, http: &str, location: &str) -> String {
        format!(
            "events {{}}\nhttp {{\nserver {{\nlisten 8080;\nlocation / {{ proxy_pass http://origin:8000;\n{location} \
             }}\n}}\n{http}\n}}\n{top}\n"
        )
    }

    #[rstest]
    #[case::nothing(with("", "", ""))]
    #[case::values(with("", "types { text/html html; } map $uri $x { root 1; }", "add_header X \"access_log /x;\";"))]
    fn what_names_nothing_is_played(#[case] conf: String) {
        assert_eq!(harmless(&conf), Ok(()), "{conf}");
    }

    #[rstest]
    #[case::a_log(with("", "access_log /x k;", ""), "`access_log /x k;` in nginx.conf:8")]
    #[case::a_log_in_quotes(with("", "\"access_log\" /x;", ""), "`\"access_log\" /x;` in nginx.conf:8")]
    #[case::an_error_log(with("error_log /x;", "", ""), "`error_log /x;` in nginx.conf:10")]
    #[case::a_process_file(with("pid /x;", "", ""), "`pid /x;`")]
    #[case::a_module(with("load_module /x.so;", "", ""), "`load_module /x.so;`")]
    #[case::the_environment(with("env HOME;", "", ""), "`env HOME;`")]
    #[case::a_file_that_is_read(with("", "", "root /;"), "`root /;`")]
    #[case::a_file_that_is_asked_for(with("", "", "if (-f /x) { return 201; }"), "`if (-f /x) { .. }`")]
    #[case::a_file_that_is_written(with("", "", "proxy_store /x;"), "`proxy_store /x;`")]
    #[case::another_conf(with("", "include /x;", ""), "`include /x;`")]
    #[case::values_of_another_file(with("", "map $uri $x { include /x; }", ""), "`map $uri $x { .. }`")]
    #[case::a_program(with("", "perl_set $x 'sub {}';", ""), "`perl_set $x 'sub {}';`")]
    #[case::code(with("", "init_by_lua_block { os.execute('x') }", ""), "`init_by_lua_block { .. }`")]
    #[case::another_block(with("stream { }", "", ""), "`stream { .. }`")]
    #[case::another_origin(
        with("", "", "location /x { proxy_pass http://10.0.0.1; }"),
        "`proxy_pass http://10.0.0.1;`"
    )]
    #[case::another_way_to_one(with("", "", "fastcgi_pass 10.0.0.1:1;"), "`fastcgi_pass 10.0.0.1:1;`")]
    #[case::another_listener(with("", "server { listen 9; }", ""), "`listen 9;`")]
    #[case::a_listener_by_default(with("", "server { }", ""), "the server in nginx.conf:8 is not played")]
    #[case::a_listener_in_a_comment(
        with("# listen 8080;", "", "").replacen("listen 8080;", "listen  8080;", 1),
        "`listen 8080;` in nginx.conf:4"
    )]
    #[case::one_that_is_not_known(with("", "no_such_directive on;", ""), "`no_such_directive on;`")]
    #[case::no_conf("listen 8080; proxy_pass http://origin:8000; }".to_owned(), "unexpected \"}\" in nginx.conf:1")]
    #[case::no_listener(with("", "", "").replace("8080", "80"), "expected one `listen 8080;`")]
    fn what_may_name_more_is_refused(#[case] conf: String, #[case] why: &str) {
        let said = harmless(&conf).expect_err("it is not harmless").to_string();
        assert!(said.contains(why), "{why} in {said}");
    }
}
