//! Go programs that are evidence: built once per content and version, and bounded while they run.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fixtures::go::Toolchain;
use fixtures::nginx::Surroundings;

/// How long a program may take before the test fails: many times what the slowest takes on a loaded machine.
pub const BOUND: Duration = Duration::from_secs(300);

/// Where imports are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Imports<'a> {
    /// In the standard library alone.
    Standard,
    /// In this GOPATH, too.
    Gopath(&'a Path),
}

/// The program `fixtures/go/claims/NAME.go`, built with this toolchain.
///
/// # Panics
/// When it does not build.
pub fn program(go: &Toolchain, name: &str, imports: Imports) -> PathBuf {
    let at = Surroundings::of_this_process();
    let file = at.workspace.join("fixtures/go/claims").join(name).with_extension("go");
    let source = fs::read_to_string(&file).expect("the program is there");
    let mut key = DefaultHasher::new();
    (&source, &go.go, format!("{imports:?}")).hash(&mut key);
    let folder = at.cache.join("go-programs");
    let built = folder.join(format!("claims-{name}-{}-{:016x}", go.version, key.finish()));
    if built.is_file() {
        return built;
    }
    fs::create_dir_all(&folder).expect("the cache can be written");
    let aside = tempfile::Builder::new().prefix(name).tempdir_in(&folder).expect("the cache can be written");
    let made = aside.path().join("program");
    let mut command = Command::new(&go.go);
    command
        .args(["build", "-o"])
        .args([&made, &file])
        .current_dir(aside.path())
        .env("GOTOOLCHAIN", "local")
        .env("GOCACHE", at.cache.join("go-cache"))
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null());
    match imports {
        // Module mode without a go.mod: an old `go` line, or module mode off, would select older defaults silently.
        Imports::Standard => command.env("GO111MODULE", "on").env("GOFLAGS", "-mod=mod").env("GOPROXY", "off"),
        Imports::Gopath(path) => command.env("GO111MODULE", "off").env("GOFLAGS", "").env("GOPATH", path),
    };
    let output = command.output().expect("the toolchain starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "go {} does not build {}:\n{said}", go.version, file.display());
    fs::rename(&made, &built).expect("the cache can be written");
    built
}

/// What a program writes to its standard output until it ends; past the bound it is killed.
///
/// # Panics
/// When it fails or hangs.
pub fn output(program: &Path, arguments: &[&str]) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let complaints = thread::spawn(move || {
        let mut said = String::new();
        let _unreadable = err.read_to_string(&mut said);
        said
    });
    let (sender, said) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let _unreadable = out.read_to_string(&mut text);
        let _nobody_waits = sender.send(text);
    });
    let text = said.recv_timeout(BOUND);
    if text.is_err() {
        child.kill().expect("it is ours");
    }
    let status = child.wait().expect("it is ours");
    reader.join().expect("it only reads");
    let complaints = complaints.join().expect("it only reads");
    assert!(text.is_ok(), "{} hangs: {complaints}", program.display());
    assert!(status.success(), "{}: {status}: {complaints}", program.display());
    text.unwrap_or_default()
}
