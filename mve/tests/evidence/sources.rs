//! What stands in the sources of the toolchains of this machine, and in the files that date Go's API.

use std::fs;
use std::path::{Path, PathBuf};

use fixtures::go::Toolchain;
use fixtures::nginx::Surroundings;
use mve::catalogue::toolchains;

use super::Evidence;
use super::go::NO_GO;

pub fn evidence() -> Vec<Evidence> {
    let no_sources = || format!("{NO_GO}, with its sources");
    let sources = |name, test: fn(&[&Toolchain])| Evidence::of_go(name, with_sources(), no_sources, test);
    let no_api = api().is_none().then(|| "no api folder of Go 1.20 or later (`just evidence` fetches one)".to_owned());
    // A comparison needs all of its parts.
    let compared = |name, lines: &'static [&'static str], test: fn(&[&Toolchain])| {
        let mut go = with_sources();
        go.retain(|go| lines.contains(&go.line().as_str()));
        if go.len() < lines.len() {
            go.clear();
        }
        let missing = move || format!("{NO_GO}: wanted are {}, with their sources", lines.join(", "));
        Evidence::of_go(name, go, missing, test)
    };
    vec![
        Evidence::new("go::the_api_files_date_the_api", no_api, the_api_files_date_the_api),
        sources("go::response_controller_is_absent_before_1_20", response_controller),
        sources("go::the_runtime_names_nothing_of_a_sweep", no_sweep),
        sources("go::a_goroutine_keeps_its_timer_for_sleep", timer_of_sleep),
        sources("go::cancelling_closes_a_channel", cancelling),
        compared("go::writing_is_the_same_before_and_from_1_19", &["1.15", "1.19"], writing_is_the_same),
        compared("go::timers_are_the_same_in_1_21_and_1_22", &["1.21", "1.22", "1.23"], timers_are_the_same),
        sources("go::close_notifier_is_deprecated", close_notifier),
        sources("go::the_server_has_no_write_loop", no_write_loop),
    ]
}

/// Below GOROOT, for a `go` command at `GOROOT/bin/go`.
fn root(go: &Toolchain) -> &Path {
    go.go.parent().and_then(Path::parent).expect("a command lies in a folder of a folder")
}

fn with_sources() -> Vec<&'static Toolchain> {
    toolchains().iter().filter(|go| root(go).join("src/net/http/server.go").is_file()).collect()
}

fn source(go: &Toolchain, file: &str) -> String {
    fs::read_to_string(root(go).join("src").join(file)).expect("a file of the standard library")
}

/// The text of a function or type, from its first line to the brace that ends it.
fn declaration<'a>(source: &'a str, start: &str) -> &'a str {
    let from = source.find(&format!("\n{start}")).unwrap_or_else(|| panic!("no {start}"));
    let rest = &source[from + 1..];
    rest.split_once("\n}\n").map_or(rest, |(text, _)| text)
}

/// The folder of the files `go1.N.txt`, each of which lists what that version has added: as `just evidence` fetches it, or of a
/// toolchain here. What a version has promised stays, so that any one from 1.20 on will do.
fn api() -> Option<PathBuf> {
    let fetched = Surroundings::of_this_process().cache.join("evidence/api");
    let of_toolchains = toolchains().iter().map(|go| root(go).join("api"));
    std::iter::once(fetched).chain(of_toolchains).find(|api| api.join("go1.20.txt").is_file())
}

/// The first version in whose file this line begins.
fn since(api: &Path, line: &str) -> Option<String> {
    let versions = (0..).map(|minor| if minor == 0 { "go1".to_owned() } else { format!("go1.{minor}") });
    versions
        .map_while(|version| Some((fs::read_to_string(api.join(format!("{version}.txt"))).ok()?, version)))
        .find(|(text, _)| text.lines().any(|known| known.starts_with(line)))
        .map(|(_, version)| version)
}

fn the_api_files_date_the_api() {
    let api = api().expect("looked for before");
    let since = |line: &str| since(&api, line).unwrap_or_default();
    assert_eq!(since("pkg net/http, type Flusher interface { Flush }"), "go1");
    assert_eq!(since("pkg net/http, func NewResponseController("), "go1.20");
    assert_eq!(since("pkg net/http, type ResponseController struct"), "go1.20");
    assert_eq!(since("pkg net/http, type Server struct, MaxHeaderBytes int"), "go1");
    for absent in ["const MaxHeaderBytes", "var MaxHeaderBytes", "method (*ResponseController) Close"] {
        assert_eq!(since(&format!("pkg net/http, {absent}")), "", "{absent}");
    }
}

fn response_controller(toolchains: &[&Toolchain]) {
    for go in toolchains {
        let file = root(go).join("src/net/http/responsecontroller.go");
        assert_eq!(file.is_file(), go.number >= [1, 20, 0], "go {}", go.version);
        let text = fs::read_to_string(file).unwrap_or_default();
        assert!(!text.contains("func (c *ResponseController) Close"), "go {}", go.version);
        let named = source(go, "net/http/server.go").contains("ResponseController");
        assert!(!named || go.number >= [1, 20, 0], "go {}: server.go names it", go.version);
    }
}

/// Every source of a package.
fn package(go: &Toolchain, package: &str) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(root(go).join("src").join(package))
        .expect("a package of the standard library")
        .map(|entry| entry.expect("an entry").path())
        .filter(|file| file.extension().is_some_and(|end| end == "go" || end == "s"))
        .collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).expect("a source")).collect()
}

fn no_sweep(toolchains: &[&Toolchain]) {
    const NAMES: [&str; 6] =
        ["sweepTimer", "timerCanceled", "injectCancelIntoG", "cancelTimerGoroutine", "g.canceled", "gp.canceled"];
    for go in toolchains {
        for folder in ["runtime", "time", "context"] {
            let text = package(go, folder);
            let named: Vec<&&str> = NAMES.iter().filter(|name| text.contains(**name)).collect();
            assert!(named.is_empty(), "go {}: {folder} names {named:?}", go.version);
        }
        // That the search would find something: states of timers are named in this package, in whatever version.
        assert!(package(go, "runtime").contains("timerModified"), "go {}", go.version);
    }
}

fn timer_of_sleep(toolchains: &[&Toolchain]) {
    for go in toolchains {
        let text = source(go, "runtime/runtime2.go");
        let fields = declaration(&text, "type g struct {");
        let field = fields.lines().find(|line| line.trim_start().starts_with("timer ")).unwrap_or_default();
        assert!(field.ends_with("// cached timer for time.Sleep"), "go {}: {field:?}", go.version);
        let time = source(go, "runtime/time.go");
        assert!(declaration(&time, "func timeSleep(").contains("gp.timer"), "go {}", go.version);
    }
}

fn cancelling(toolchains: &[&Toolchain]) {
    for go in toolchains {
        let text = source(go, "context/context.go");
        let cancel = declaration(&text, "func (c *cancelCtx) cancel(");
        let closes = ["close(c.done)", "close(d)"].iter().any(|call| cancel.contains(call));
        assert!(closes, "go {}: {cancel}", go.version);
        let imports = text.split_once("import (").and_then(|(_, rest)| rest.split_once(")\n")).expect("imports").0;
        assert!(!imports.contains("runtime") && !imports.contains("unsafe"), "go {}: {imports}", go.version);
    }
}

fn writing_is_the_same(toolchains: &[&Toolchain]) {
    const FUNCTIONS: [&str; 11] = [
        "func (w *response) CloseNotify(",
        "func (cr *connReader) closeNotify(",
        "func (cr *connReader) startBackgroundRead(",
        "func (cr *connReader) backgroundRead(",
        "func (cr *connReader) abortPendingRead(",
        "func (cr *connReader) handleReadError(",
        "func (w *response) Write(",
        "func (w *response) write(",
        "func (w *response) Flush(",
        "func (cw *chunkWriter) Write(",
        "func (cw *chunkWriter) flush(",
    ];
    let [before, after] = toolchains else { panic!("1.15 and 1.19 are wanted") };
    let (before, after) = (source(before, "net/http/server.go"), source(after, "net/http/server.go"));
    for start in FUNCTIONS {
        assert_eq!(declaration(&before, start), declaration(&after, start));
    }
}

fn timers_are_the_same(toolchains: &[&Toolchain]) {
    const FUNCTIONS: [&str; 5] =
        ["func stopTimer(", "func resetTimer(", "func deltimer(", "func modtimer(", "func resettimer("];
    let [before, from, rewritten] = toolchains else { panic!("1.21, 1.22 and 1.23 are wanted") };
    let (old, new) = (source(before, "runtime/time.go"), source(from, "runtime/time.go"));
    for start in FUNCTIONS {
        assert_eq!(declaration(&old, start), declaration(&new, start));
    }
    let (old, new) = (source(before, "time/sleep.go"), source(from, "time/sleep.go"));
    for start in ["func (t *Timer) Stop(", "func (t *Timer) Reset("] {
        assert_eq!(declaration(&old, start), declaration(&new, start));
    }
    assert!(!source(rewritten, "runtime/time.go").contains("\nfunc deltimer("), "1.23 has timers of another make");
}

fn close_notifier(toolchains: &[&Toolchain]) {
    for go in toolchains {
        let text = source(go, "net/http/server.go");
        let (above, _) = text.split_once("\ntype CloseNotifier interface {").expect("it is there");
        let comment: Vec<&str> = above.lines().rev().take_while(|line| line.starts_with("//")).collect();
        assert!(comment.iter().any(|line| line.starts_with("// Deprecated: ")), "go {}: {comment:?}", go.version);
    }
}

fn no_write_loop(toolchains: &[&Toolchain]) {
    for go in toolchains {
        assert!(!source(go, "net/http/server.go").contains("writeLoop"), "go {}", go.version);
        let of_the_client = source(go, "net/http/transport.go").contains("func (pc *persistConn) writeLoop()");
        assert!(of_the_client, "go {}", go.version);
    }
}
