//! Programs that ask Go packages other than the standard library, as Debian has them.

use std::path::{Path, PathBuf};

use fixtures::go::Toolchain;
use fixtures::nginx::Surroundings;
use mve::catalogue::toolchains;

use super::Evidence;
use super::build::{Imports, output, program};

pub fn evidence() -> Vec<Evidence> {
    let of = |name, import: &'static str, file: &'static str, expected: &'static str| {
        let found = toolchain().is_some() && gopath(import).is_some();
        let why_not = (!found).then(|| format!("no Go from 1.19 on with the sources of {import} (`just evidence`)"));
        Evidence::new(name, why_not, move || {
            let (Some(go), Some(path)) = (toolchain(), gopath(import)) else { panic!("no Go with {import}") };
            assert_eq!(output(&program(go, file, Imports::Gopath(&path)), &[]), expected, "go {}", go.version);
        })
    };
    vec![
        of("packages::a_deadline_bounds_a_whole_grpc_stream", "google.golang.org/grpc", "grpc", GRPC),
        of("packages::gin_streams_while_the_step_says_true", "github.com/gin-gonic/gin", "gin", GIN),
        of("packages::echo_has_no_stream_time_out", "github.com/labstack/echo", "echo", ECHO),
    ]
}

/// Debian's own compiler is 1.19; what its packages need no older one has.
fn toolchain() -> Option<&'static Toolchain> {
    toolchains().iter().find(|go| go.number >= [1, 19, 0])
}

/// Where Debian's packages lie: unpacked by `just evidence`, or installed.
fn gopath(import: &str) -> Option<PathBuf> {
    let fetched = Surroundings::of_this_process().cache.join("evidence/usr/share/gocode");
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
