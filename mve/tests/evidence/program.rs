//! Go programs that are evidence: bounded while they run.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fixtures::go::{Toolchain, claim};

/// How long a program may take before the test fails: many times what the slowest takes on a loaded machine.
pub const BOUND: Duration = Duration::from_secs(300);

/// What `fixtures/go/claims/NAME.go`, built with this toolchain and against this GOPATH, writes to its standard output until it
/// ends; past the bound it is killed.
///
/// # Panics
/// When it does not build, fails or hangs.
pub fn said(go: &Toolchain, name: &str, gopath: Option<&Path>, arguments: &[&str]) -> String {
    output(&claim(go, name, gopath).unwrap_or_else(|error| panic!("{error}")), arguments)
}

fn output(program: &Path, arguments: &[&str]) -> String {
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
