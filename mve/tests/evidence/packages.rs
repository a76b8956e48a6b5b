//! Programs that ask Go packages other than the standard library, as Debian has them.

use std::fs;
use std::path::{Path, PathBuf};

use fixtures::nginx::Surroundings;

use super::Evidence;
use super::go::{NO_GO, those};
use super::program::said;

pub fn evidence() -> Vec<Evidence> {
    let of = |name, import: &'static str, file: &'static str, expected: &'static str, source: fn(&Path)| {
        let why_not = gopath(import).is_none().then(|| format!("no sources of {import} (`just evidence`)"));
        let evidence = Evidence::of_go(
            name,
            those(&LINES),
            || NO_GO.to_owned(),
            move |toolchains| {
                let path = gopath(import).unwrap_or_else(|| panic!("no sources of {import}"));
                source(&path.join("src").join(import));
                for go in toolchains {
                    assert_eq!(said(go, file, Some(&path), &[]), expected, "go {}", go.version);
                }
            },
        );
        Evidence { why_not: why_not.or(evidence.why_not), ..evidence }
    };
    vec![
        of("packages::a_deadline_bounds_a_whole_grpc_stream", "google.golang.org/grpc", "grpc", GRPC, |_| ()),
        of(
            "packages::gin_streams_while_the_step_says_true",
            "github.com/gin-gonic/gin",
            "gin",
            GIN,
            gin_has_no_heartbeat,
        ),
        of("packages::echo_has_no_stream_time_out", "github.com/labstack/echo", "echo", ECHO, echo_names_none),
    ]
}

/// Debian's own compiler is 1.19, and no older one builds what its packages need.
const LINES: [&str; 3] = ["1.19", "1.22", "1.27"];

/// Where Debian's packages lie: unpacked by `just evidence`, or installed.
fn gopath(import: &str) -> Option<PathBuf> {
    let fetched = Surroundings::of_this_process().cache.join("evidence/packages/usr/share/gocode");
    [fetched, Path::new("/usr/share/gocode").to_owned()].into_iter().find(|path| path.join("src").join(import).is_dir())
}

const GRPC: &str = "\
three messages, then silence: the reader receives: 3, then DeadlineExceeded
the reader's own Send behind the deadline: EOF
the handler: its context over early: false; Send fails with a status of its own: true, with the context's error: false, with io.EOF: false
Send to a reader that receives nothing: some succeed: true; the one that waits fails when the deadline passes: true
";

const GIN: &str = r#"steps 3, the reader has left: false
the reader gets "event:message\ndata:1\n\nevent:message\ndata:2\n\nevent:message\ndata:3\n\n", error <nil>
"#;

const ECHO: &str = "\
*echo.Echo:
*echo.Response:
echo.Context: Stream
";

/// A heartbeat needs a clock, and the loop of `c.Stream` has none: it waits for the reader's departure and for the step.
fn gin_has_no_heartbeat(package: &Path) {
    let source = fs::read_to_string(package.join("context.go")).expect("a source of Gin");
    let (_, rest) = source.split_once("\nfunc (c *Context) Stream(").expect("it has the function");
    let (function, _) = rest.split_once("\n}\n").expect("it ends");
    assert!(function.contains("<-clientGone") && function.contains("step(w)"), "{function}");
    assert!(!function.contains("time.") && !function.contains("Tick"), "{function}");
}

fn echo_names_none(package: &Path) {
    let mut sources = 0;
    for folder in [package.to_owned(), package.join("middleware")] {
        for entry in fs::read_dir(folder).expect("a folder of Echo's") {
            let file = entry.expect("an entry").path();
            if file.extension().is_some_and(|end| end == "go") {
                let source = fs::read_to_string(&file).expect("a source of Echo");
                assert!(!source.contains("StreamTimeout"), "{}", file.display());
                sources += 1;
            }
        }
    }
    assert!(sources > 10, "{sources} sources");
}
