//! Which directives are written for streams: those that advice on them names, and those that could touch one.

use super::tree::{Conf, Directive};

/// Directives that decide when and how octets pass.
const PASSING: [&str; 25] = [
    "add_trailer",
    "chunked_transfer_encoding",
    "gunzip",
    "gzip",
    "gzip_buffers",
    "gzip_comp_level",
    "gzip_min_length",
    "gzip_proxied",
    "gzip_types",
    "keepalive",
    "limit_rate",
    "output_buffers",
    "postpone_output",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_cache",
    "proxy_http_version",
    "proxy_ignore_client_abort",
    "proxy_limit_rate",
    "proxy_max_temp_file_size",
    "proxy_next_upstream",
    "proxy_pass_trailers",
    "proxy_request_buffering",
];

/// Directives of sockets, of files and of the cache that advice on streams names.
const BESIDE: [&str; 11] = [
    "aio",
    "client_body_buffer_size",
    "directio",
    "lingering_close",
    "proxy_cache_bypass",
    "proxy_no_cache",
    "proxy_socket_keepalive",
    "reset_timedout_connection",
    "sendfile",
    "tcp_nodelay",
    "tcp_nopush",
];

/// Directives that are clocks; no case waits for one of the user's.
const CLOCKS: [&str; 9] = [
    "client_body_timeout",
    "client_header_timeout",
    "keepalive_timeout",
    "lingering_timeout",
    "proxy_connect_timeout",
    "proxy_next_upstream_timeout",
    "proxy_read_timeout",
    "proxy_send_timeout",
    "send_timeout",
];

/// Fields that advice on streams sets, in either direction.
const FIELDS: [&str; 10] = [
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "content-type",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-accel-buffering",
    "last-event-id",
];

/// A directive for streams.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// The directive.
    pub directive: &'a Directive,
    /// The blocks around it: `http server location`.
    pub context: String,
    /// Whether it is a clock, for which no case waits.
    pub is_a_clock: bool,
}

fn field(directive: &Directive) -> bool {
    let names = ["add_header", "proxy_set_header", "proxy_hide_header", "proxy_pass_header", "proxy_ignore_headers"];
    let fields = |word: &super::Word| FIELDS.contains(&word.value.to_ascii_lowercase().as_str());
    match directive.name() {
        // Its further parameters are values, not fields.
        "add_header" | "proxy_set_header" => directive.words.get(1).is_some_and(fields),
        name => names.contains(&name) && directive.words[1..].iter().any(fields),
    }
}

/// Whether it is a directive for streams.
fn is_named(directive: &Directive) -> bool {
    let name = directive.name();
    PASSING.contains(&name) || BESIDE.contains(&name) || CLOCKS.contains(&name) || field(directive)
}

/// Whether it shows that its author thought of streams.
pub(super) fn is_a_care(directive: &Directive) -> bool {
    let name = directive.name();
    ["proxy_buffering", "proxy_http_version", "proxy_cache", "proxy_read_timeout", "chunked_transfer_encoding"]
        .contains(&name)
        || (field(directive) && name == "add_header")
}

/// The directives for streams that apply to servers of `http`, in the order of the conf; of the servers only the one with
/// this number.
#[must_use]
pub fn streaming(conf: &Conf, server: usize) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    let mut servers = 0;
    for directive in &conf.directives {
        match directive.name() {
            "http" => within(directive, "http", server, &mut servers, &mut found),
            // A conf without `http` is a part of one.
            _ => one(directive, "", server, &mut servers, &mut found),
        }
    }
    found
}

fn within<'a>(block: &'a Directive, context: &str, server: usize, servers: &mut usize, found: &mut Vec<Named<'a>>) {
    for directive in block.block() {
        one(directive, context, server, servers, found);
    }
}

fn one<'a>(directive: &'a Directive, context: &str, server: usize, servers: &mut usize, found: &mut Vec<Named<'a>>) {
    let deeper = |name: &str| format!("{context} {name}").trim_start().to_owned();
    match directive.name() {
        "server" if !context.ends_with("upstream") => {
            *servers += 1;
            if *servers - 1 == server {
                within(directive, &deeper("server"), server, servers, found);
            }
        }
        "location" => {
            let path: Vec<&str> = directive.words[1..].iter().map(|word| word.raw.as_str()).collect();
            within(directive, &deeper(&format!("location {}", path.join(" "))), server, servers, found);
        }
        name @ ("if" | "limit_except" | "upstream") => within(directive, &deeper(name), server, servers, found),
        _ if is_named(directive) => {
            let is_a_clock = CLOCKS.contains(&directive.name());
            found.push(Named { directive, context: context.to_owned(), is_a_clock });
        }
        _ => {}
    }
}
