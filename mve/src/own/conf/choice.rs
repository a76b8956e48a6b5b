//! Through which server of a conf, and by which path, cases go.

use super::addresses::Replaced;
use super::streaming;
use super::tree::{Body, Conf, Directive};

/// Which part of the conf the cases go through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Which of the servers in `http`, from 0.
    pub server: usize,
    /// What the server names, for messages; its place where it has no name.
    pub about: String,
    /// What the cases' requests become, if the server does not pass `/events` on.
    pub path: Option<String>,
}

/// A conf without `http` is a part that another one includes: it is put where that one would have it.
pub(super) fn whole(conf: &Conf) -> (Vec<Directive>, Vec<Replaced>) {
    let has = |names: &[&str]| conf.directives.iter().any(|directive| names.contains(&directive.name()));
    let Some(first) = conf.directives.first().filter(|_| !has(&["http", "events", "stream", "mail"])) else {
        return (conf.directives.clone(), Vec::new());
    };
    let block = |name: &str, inside: Vec<Directive>| Directive {
        words: vec![super::Word::plain(name)],
        body: Body::Block(inside),
        place: first.place.clone(),
    };
    let is_of_a_server = has(&["location", "proxy_pass"]);
    let inside = conf.directives.clone();
    let inside = if is_of_a_server { vec![block("server", inside)] } else { inside };
    let around = if is_of_a_server { "http { server { .. } }" } else { "http { .. }" };
    let said = Replaced { place: None, was: None, now: Some(format!("events {{}} {around}, around the whole file")) };
    (vec![block("events", Vec::new()), block("http", inside)], vec![said])
}

impl Conf {
    /// The servers and paths through which cases could go, the likeliest first: each server that passes anything on, as it
    /// is asked, then with the path of each of its locations that do; `only` a server of this name.
    #[must_use]
    pub fn choices(&self, only: Option<&str>) -> Vec<Choice> {
        let (directives, _) = whole(self);
        let servers = directives.iter().filter(|directive| directive.name() == "http");
        let servers = servers.flat_map(|http| http.block()).filter(|directive| directive.name() == "server");
        let mut choices = Vec::new();
        for (number, server) in servers.enumerate() {
            let names: Vec<&str> = server
                .block()
                .iter()
                .filter(|directive| directive.name() == "server_name")
                .flat_map(|directive| directive.words[1..].iter().map(|word| word.value.as_str()))
                .collect();
            let mut paths = Vec::new();
            let passes = proxied(server, None, &mut paths);
            // Stable: as they stand in the conf, where they care for streams equally.
            paths.sort_by_key(|(_, cares)| std::cmp::Reverse(*cares));
            if !passes || only.is_some_and(|only| !names.contains(&only)) {
                continue;
            }
            let about =
                names.first().filter(|name| !name.is_empty()).map_or(server.place.to_string(), ToString::to_string);
            let choice = |path| Choice { server: number, about: about.clone(), path };
            // A location that is made for streams is what the user asks about; else what `/events` meets.
            let (first, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(_, cares)| *cares > 0);
            choices.extend(first.into_iter().map(|(path, _)| choice(Some(path))));
            choices.push(choice(None));
            choices.extend(others.into_iter().map(|(path, _)| choice(Some(path))));
        }
        choices
    }
}

/// Whether anything inside is passed on; the paths of locations that a request can name go to `paths`, each with how many
/// directives there are for streams.
fn proxied(directive: &Directive, path: Option<&str>, paths: &mut Vec<(String, usize)>) -> bool {
    let mut passes = false;
    for inside in directive.block() {
        passes |= match (inside.name(), inside.parameter(0), inside.parameter(1)) {
            ("proxy_pass", ..) => {
                if let Some(path) = path.filter(|path| !paths.iter().any(|(known, _)| known == path)) {
                    let cares = directive.block().iter().filter(|inside| streaming::is_a_care(inside)).count();
                    // As it is asked, `/events` meets the location of everything.
                    paths.push((path.to_owned(), if path == "/" { 0 } else { cares }));
                }
                true
            }
            ("location", Some("=" | "^~"), Some(path)) => proxied(inside, Some(path), paths),
            ("location", Some("~" | "~*"), _) => proxied(inside, None, paths),
            ("location", Some(path), None) if path.starts_with('/') => proxied(inside, Some(path), paths),
            ("location", ..) => proxied(inside, None, paths),
            ("if" | "limit_except", ..) => proxied(inside, path, paths),
            _ => false,
        };
    }
    passes
}
