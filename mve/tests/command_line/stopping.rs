//! A signal during a run: everything that a case opened is gone, and the status tells.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};

use super::{Said, behind_nginx, false_nginx, lastchunk};

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    kill_process(pid, signal).expect("it runs");
}

/// The processes whose command line names something in this folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("UTF-8");
    let processes = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}

/// A run whose gateways put their files below `temporary`.
fn run(arguments: &[&str], nginx: Option<&Path>, temporary: &Path) -> Command {
    let mut command = lastchunk(arguments);
    command.env("TMPDIR", temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(nginx) = nginx {
        command.env("LASTCHUNK_NGINX", nginx);
    }
    command
}

/// This gateway never answers, so that the case is certainly under way when the signal comes: it says that it has
/// started by opening a pipe.
#[rstest]
#[case::interrupted(Signal::INT, 130, &["run"])]
#[case::terminated(Signal::TERM, 143, &["run"])]
#[case::while_one_is_shown(Signal::INT, 130, &["show"])]
#[case::while_objects_are_written(Signal::TERM, 143, &["run", "--json"])]
fn a_signal_leaves_nothing_behind(#[case] which: Signal, #[case] status: i32, #[case] arguments: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (started, never) = (folder.path().join("started"), folder.path().join("never"));
    let made = Command::new("mkfifo").args([&started, &never]).status().expect("mkfifo starts");
    assert!(made.success());
    let script = format!("echo started > '{}'\nread line < '{}'", started.display(), never.display());
    let nginx = false_nginx(folder.path(), &script);
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).expect("a folder of our own");
    let name = behind_nginx().name();

    let child = run(&[arguments, &[&name]].concat(), Some(&nginx), &temporary).spawn().expect("the program starts");
    fs::read_to_string(&started).expect("the gateway says that it has started");
    assert_eq!(processes_of(&temporary).len(), 1, "the gateway runs");
    signal(&child, which);
    let said = Said::of(child.wait_with_output().expect("the program ends"));

    assert_eq!((said.status, said.err.as_str()), (Some(status), ""), "{said:?}");
    assert_eq!(processes_of(&temporary), [""; 0]);
    assert_eq!(fs::read_dir(&temporary).expect("it is still there").count(), 0, "no file is left");
    if arguments == ["run"] {
        assert_eq!(said.out, "1 case: 0 as claimed, 0 not as claimed, 0 not run, 1 stopped on the way\n");
    }
}

/// The same with real gateways, many of them, wherever they are just then.
#[rstest]
#[case::interrupted(Signal::INT, 130)]
#[case::terminated(Signal::TERM, 143)]
fn a_signal_leaves_no_nginx_behind(#[case] which: Signal, #[case] status: i32) {
    if let Err(why) = fixtures::nginx::binary() {
        return eprintln!("skipped: {why}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = run(&["run", "--via", "nginx", "--times", "1000000"], None, folder.path());
    let mut child = command.env("LASTCHUNK_LOG", "harness=trace").spawn().expect("the program starts");
    let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("recorded") {
        line.clear();
        assert_ne!(log.read_line(&mut line).expect("the log"), 0, "it ended before anything was recorded");
    }
    signal(&child, which);
    let mut rest = Vec::new();
    log.read_to_end(&mut rest).expect("the log");
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    assert_eq!(said.status, Some(status), "{said:?}");
    assert_eq!(processes_of(folder.path()), [""; 0]);
    assert_eq!(fs::read_dir(folder.path()).expect("it is still there").count(), 0, "no file is left");
}
