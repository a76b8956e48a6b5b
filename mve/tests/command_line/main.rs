//! The command line as a person or a program meets it: the built binary, its output and its exit status.

mod bundle;
mod chain;
mod compose;
mod doctor;
mod errors;
mod explain;
mod explain_hostile;
mod explain_packets;
mod manual;
mod own;
mod own_gateway;
mod own_server;
mod playing;
mod replaying;
mod shrinking;
mod stopping;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use harness::verdict::Outcome;
use mve::catalogue::{Case, Via, cases};
use mve::player::reviewed;

/// The program, with nothing of the caller's surroundings that would change what it says.
fn lastchunk(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastchunk"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "LASTCHUNK_LOG", "DOCKER_HOST", "LASTCHUNK_GO"] {
        command.env_remove(name);
    }
    command
}

/// What a program said, and how it ended.
#[derive(Debug)]
struct Said {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |octets| String::from_utf8(octets).expect("the program writes UTF-8");
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn by(command: &mut Command) -> Self {
        Self::of(command.output().expect("the program starts"))
    }

    /// The objects of `--json`.
    fn objects(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }
}

fn say(arguments: &[&str]) -> Said {
    Said::by(&mut lastchunk(arguments))
}

/// What it says when it is given octets on standard input.
fn say_to(arguments: &[&str], octets: &[u8]) -> Said {
    let mut command = lastchunk(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let octets = octets.to_vec();
    // The program may end before it has read everything; what it says then is what the test looks at.
    let writing = std::thread::spawn(move || stdin.write_all(&octets));
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    let _unread = writing.join().expect("no panic");
    said
}

/// A healthy and reviewed case behind nginx.
fn behind_nginx() -> Case {
    let healthy = |case: &Case| case.shows.outcome == Outcome::Intact && reviewed(&case.name()).is_some();
    cases().find(|case| matches!(case.shows.via, Via::Nginx(_)) && healthy(case)).expect("there is one")
}

/// A program that says it is nginx, and then does as `script` says; its arguments are nginx's.
fn false_nginx(folder: &std::path::Path, script: &str) -> std::path::PathBuf {
    let version = "if [ \"$1\" = -v ]; then echo 'nginx version: nginx/1.28.3' >&2; exit; fi";
    executable(folder, "nginx", &format!("{version}\n{script}"))
}

/// A program of such a name that does as `script` says. A process of its own writes it: what another thread starts just
/// then would hold a copy of a descriptor of ours, and the kernel runs no file that somebody may still write to.
fn executable(folder: &std::path::Path, name: &str, script: &str) -> std::path::PathBuf {
    let (source, path) = (folder.join(format!("{name}.sh")), folder.join(name));
    std::fs::write(&source, format!("#!/bin/sh\n{script}\n")).expect("a file of our own");
    let installed = std::process::Command::new("install").arg("-m755").args([&source, &path]).status();
    assert!(installed.expect("install starts").success());
    std::fs::remove_file(source).expect("a file of our own");
    path
}
