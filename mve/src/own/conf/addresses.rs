//! A user's conf between two addresses of ours: what has to be replaced for that, all of it said, and nothing else.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use fixtures::nginx::conf::{Piece, Template};

use super::choice::{Choice, whole};
use super::tree::{Body, Conf, Directive, Place};

/// What is about the process in a conf: `-g` says it, and a directive may be said once.
const PROCESS: [&str; 14] = [
    "daemon",
    "master_process",
    "worker_processes",
    "pid",
    "user",
    "error_log",
    "worker_cpu_affinity",
    "worker_priority",
    "worker_rlimit_nofile",
    "worker_rlimit_core",
    "working_directory",
    "lock_file",
    "ssl_engine",
    "thread_pool",
];
/// Blocks in which nothing is HTTP; they ask for modules, and for addresses of their own.
const OTHER_PROTOCOLS: [&str; 2] = ["stream", "mail"];
/// How the files of their modules are named.
const THEIR_MODULES: [&str; 2] = ["ngx_stream_", "ngx_mail_"];
/// The folders below the prefix; the compiled-in ones belong to the system.
const TEMPORARY: [&str; 5] =
    ["client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path"];
/// The request that asks whether everything before it has been dealt with has this for its Host.
const FENCE: &str = "fence";

/// A line that was replaced, left out or added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Where; none if it was added.
    pub place: Option<Place>,
    /// What stood there.
    pub was: Option<String>,
    /// What stands there now.
    pub now: Option<String>,
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        match (&self.was, &self.now) {
            (Some(was), Some(now)) => write!(f, "{was}  is now  {now}"),
            (Some(was), None) => write!(f, "{was}  is left out"),
            (None, now) => write!(f, "added  {}", now.as_deref().unwrap_or_default()),
        }
    }
}

/// A conf with places for the addresses, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// What nginx is given.
    pub template: Template,
    /// What was replaced, in the order of the conf.
    pub replaced: Vec<Replaced>,
    /// Where each line of the template comes from.
    lines: Vec<Option<Place>>,
}

impl Addressed {
    /// Where a line of the template comes from, counted from 1.
    #[must_use]
    pub fn place(&self, line: usize) -> Option<&Place> {
        self.lines.get(line.checked_sub(1)?)?.as_ref()
    }
}

/// Puts places for our addresses into a conf, and leaves out the directives in `without`. Its modules are looked for below
/// `prefix`, if that is known: nginx's own is another one here.
#[must_use]
pub fn addressed(conf: &Conf, choice: &Choice, prefix: Option<&Path>, without: &[&Directive]) -> Addressed {
    let (directives, replaced) = whole(conf);
    let http = directives.iter().filter(|directive| directive.name() == "http").flat_map(Directive::block);
    let upstreams = http.filter(|directive| directive.name() == "upstream");
    let upstreams = upstreams.filter_map(|upstream| upstream.parameter(0).map(str::to_owned)).collect();
    let template = Template::default();
    let mut writing = Writing { choice, prefix, without, upstreams, servers: 0, template, replaced, lines: Vec::new() };
    for directive in &directives {
        writing.directive(directive, &[]);
    }
    Addressed { template: writing.template, replaced: writing.replaced, lines: writing.lines }
}

struct Writing<'a> {
    choice: &'a Choice,
    prefix: Option<&'a Path>,
    without: &'a [&'a Directive],
    upstreams: BTreeSet<String>,
    /// How many servers of HTTP have been written.
    servers: usize,
    template: Template,
    replaced: Vec<Replaced>,
    lines: Vec<Option<Place>>,
}

/// What becomes of a directive.
enum Fate {
    Stays,
    Goes,
    Becomes(Vec<Piece>),
    /// It was written with the block around it.
    Written,
}

impl Writing<'_> {
    fn directive(&mut self, directive: &Directive, context: &[&str]) {
        if self.without.contains(&directive) {
            return;
        }
        match self.fate(directive, context) {
            Fate::Written => {}
            Fate::Goes => self.said(directive, None),
            Fate::Becomes(pieces) => {
                self.said(directive, Some(&pieces));
                self.line(pieces, Some(&directive.place));
            }
            Fate::Stays => self.as_it_is(directive, context),
        }
    }

    fn said(&mut self, directive: &Directive, now: Option<&[Piece]>) {
        let now = now.map(|pieces| pieces.iter().map(ToString::to_string).collect());
        let place = Some(directive.place.clone());
        self.replaced.push(Replaced { place, was: Some(directive.to_string()), now });
    }

    fn line(&mut self, pieces: impl IntoIterator<Item = Piece>, place: Option<&Place>) {
        let mut lines = 1;
        for piece in pieces {
            if let Piece::Text(text) = &piece {
                lines += text.matches('\n').count();
            }
            self.template.push(piece);
        }
        self.template.push(Piece::Text("\n".to_owned()));
        self.lines.extend(std::iter::repeat_n(place.cloned(), lines));
    }

    fn added(&mut self, pieces: Vec<Piece>) {
        let now = pieces.iter().map(ToString::to_string).collect();
        self.replaced.push(Replaced { place: None, was: None, now: Some(now) });
        self.line(pieces, None);
    }

    fn as_it_is(&mut self, directive: &Directive, context: &[&str]) {
        let place = Some(&directive.place);
        let words: Vec<&str> = directive.words.iter().map(|word| word.raw.as_str()).collect();
        let words = words.join(" ");
        match &directive.body {
            Body::None => self.line([text(words + ";")], place),
            Body::Code(code) => self.line([text(format!("{words} {{{code}}}"))], place),
            Body::Block(inside) => {
                self.line([text(words + " {")], place);
                let mut deeper = context.to_vec();
                deeper.push(directive.name());
                let is_http = deeper == ["http"];
                if is_http {
                    for name in TEMPORARY {
                        self.line([text(format!("{name} {}_temp;", &name[..name.len() - "_temp_path".len()]))], None);
                    }
                    if !inside.iter().any(|directive| directive.name() == "access_log") {
                        self.line([text("access_log off;")], None);
                    }
                }
                if deeper == ["http", "server"] {
                    self.server(directive);
                }
                for directive in inside {
                    self.directive(directive, &deeper);
                }
                if is_http {
                    self.fence();
                }
                self.line([text("}")], None);
            }
        }
    }

    /// The chosen server listens where the cases connect, and is meant whatever they have for a Host; any other one where
    /// nobody does.
    fn server(&mut self, server: &Directive) {
        let is_chosen = self.choice.server == self.servers;
        let listens: Vec<&Directive> = server.block().iter().filter(|directive| is_listen(directive)).collect();
        let now = if is_chosen {
            vec![text("listen "), Piece::Listen, text(" default_server;")]
        } else {
            vec![text("listen unix:"), Piece::Prefix, text(format!("/server-{}.sock;", self.servers))]
        };
        self.servers += 1;
        match listens.split_first() {
            None => self.added(now),
            Some((first, others)) => {
                self.said(first, Some(&now));
                self.line(now, Some(&first.place));
                for other in others {
                    self.said(other, None);
                }
            }
        }
        if let Some(path) = self.choice.path.as_ref().filter(|_| is_chosen) {
            self.added(vec![text(format!("rewrite ^ {};", quoted(path)))]);
        }
    }

    /// A server of ours beside the user's: what passes through it tells that the worker has dealt with all before it.
    fn fence(&mut self) {
        let listen = [text("server { listen "), Piece::Listen, text(format!("; server_name {FENCE}; "))];
        let location = [text("location / { proxy_pass http://"), Piece::Origin, text("; } }")];
        self.added(listen.into_iter().chain(location).collect());
    }

    fn fate(&self, directive: &Directive, context: &[&str]) -> Fate {
        let name = directive.name();
        match context {
            [] if PROCESS.contains(&name) || OTHER_PROTOCOLS.contains(&name) => return Fate::Goes,
            [] if name == "load_module" => return self.module(directive),
            ["http", "server"] if is_listen(directive) => return Fate::Written,
            ["http", "upstream"] if name == "server" => return upstream_server(directive),
            ["http", ..] => {}
            _ => return Fate::Stays,
        }
        let of_tls = ["ssl_", "proxy_ssl_", "grpc_ssl_", "quic_"].iter().any(|prefix| name.starts_with(prefix));
        match name {
            // Blocks of values: what looks like a directive there is none.
            _ if context.iter().any(|block| ["map", "geo", "types", "split_clients"].contains(block)) => Fate::Stays,
            "error_log" | "ssl" | "http2" | "http3" => Fate::Goes,
            _ if of_tls && !matches!(directive.body, Body::Block(_)) => Fate::Goes,
            // How files are read, where threads are a module's; and an address of the user's machine.
            "aio" | "proxy_bind" => Fate::Goes,
            // A second request, to another server; here it would take the origin's answer to the first one.
            "auth_request" | "mirror" => Fate::Goes,
            "auth_request_set" => unset(directive, context),
            "access_log" if directive.parameter(0) == Some("off") => Fate::Stays,
            "access_log" => Fate::Becomes(vec![text("access_log off;")]),
            name if TEMPORARY.contains(&name) => Fate::Goes,
            name if name.ends_with("_cache_path") => cache_path(directive),
            "proxy_pass" | "grpc_pass" => self.pass(directive),
            "fastcgi_pass" | "uwsgi_pass" | "scgi_pass" | "memcached_pass" => self.other_pass(directive),
            _ => Fate::Stays,
        }
    }

    fn module(&self, directive: &Directive) -> Fate {
        let Some(file) = directive.parameter(0).map(Path::new) else { return Fate::Stays };
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if THEIR_MODULES.iter().any(|module| name.starts_with(module)) {
            return Fate::Goes;
        }
        match self.prefix.and_then(|prefix| prefix.join(file).to_str().map(unquoted)) {
            Some(found) if file.is_relative() => Fate::Becomes(vec![text(format!("load_module {found};"))]),
            _ => Fate::Stays,
        }
    }

    fn pass(&self, directive: &Directive) -> Fate {
        let Some(target) = directive.parameter(0) else { return Fate::Stays };
        let scheme = if directive.name() == "grpc_pass" { "grpc://" } else { "http://" };
        let now = |before: &str, after: &str| {
            let name = directive.name();
            Fate::Becomes(vec![text(format!("{name} {before}")), Piece::Origin, text(format!("{};", unquoted(after)))])
        };
        let (had, rest) = match target.split_once("://") {
            Some((had, rest)) => (had, rest),
            None => return now(scheme, ""),
        };
        // The authority ends with the path, or where the request's own URI is put behind it.
        let ends = ["/", "$request_uri", "$uri", "$document_uri"].into_iter().filter_map(|end| rest.find(end));
        let ends = if rest.starts_with("unix:") { rest.rfind(':').filter(|at| *at > 4) } else { ends.min() };
        let (authority, path) = rest.split_at(ends.unwrap_or(rest.len()));
        let path = path.strip_prefix(':').unwrap_or(path);
        if self.upstreams.contains(authority) {
            if had == "http" || had == "grpc" {
                return Fate::Stays;
            }
            let (name, path) = (directive.name(), unquoted(path));
            return Fate::Becomes(vec![text(format!("{name} {scheme}{authority}{path};"))]);
        }
        now(scheme, path)
    }

    /// Nothing that cases ask for goes there; the name would be looked up at the start.
    fn other_pass(&self, directive: &Directive) -> Fate {
        match directive.parameter(0) {
            Some(target) if !self.upstreams.contains(target) && !target.starts_with("unix:") => {
                Fate::Becomes(vec![text(format!("{} ", directive.name())), Piece::Origin, text(";")])
            }
            _ => Fate::Stays,
        }
    }
}

/// Whether it says where to listen. With a block it lacks its semicolon, which is nginx's to tell.
fn is_listen(directive: &Directive) -> bool {
    directive.name() == "listen" && matches!(directive.body, Body::None)
}

/// A server of an upstream keeps what else is said of it.
fn upstream_server(directive: &Directive) -> Fate {
    let rest: String = directive.words.iter().skip(2).map(|word| format!(" {}", word.raw)).collect();
    Fate::Becomes(vec![text("server "), Piece::Origin, text(rest + ";")])
}

/// A variable that the answer of a request set which is not made: it is there, and empty.
fn unset(directive: &Directive, context: &[&str]) -> Fate {
    let Some(variable) = directive.words.get(1).map(|word| &word.raw) else { return Fate::Stays };
    // `set` may not stand there.
    let is_of_all = context == ["http"];
    let now =
        if is_of_all { format!("map \"\" {variable} {{ default \"\"; }}") } else { format!("set {variable} \"\";") };
    Fate::Becomes(vec![text(now)])
}

fn cache_path(directive: &Directive) -> Fate {
    let rest: String = directive.words.iter().skip(2).map(|word| format!(" {}", word.raw)).collect();
    let zone = directive.words.iter().find_map(|word| word.value.strip_prefix("keys_zone=")).unwrap_or("cache");
    let zone: String = zone.chars().take_while(char::is_ascii_alphanumeric).collect();
    Fate::Becomes(vec![text(format!("{} ", directive.name())), Piece::Prefix, text(format!("/cache-{zone}{rest};"))])
}

fn text(text: impl Into<String>) -> Piece {
    Piece::Text(text.into())
}

/// A value as a word.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The rest of a value behind an address, which needs no quotes unless it holds what ends a word.
fn unquoted(value: &str) -> String {
    value.chars().flat_map(|c| if " \t;{\"'\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}
