//! A signal during a run: everything that a case opened is gone, and the status tells.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rstest::rstest;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::{Said, behind_nginx, false_nginx, lastchunk};

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    kill_process(pid, signal).expect("it runs");
}

/// The processes whose command line names something in this folder, or that have a file of it open, as nginx's workers
/// do.
fn processes_of(folder: &Path) -> Vec<Pid> {
    let of = |process: &PathBuf| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let named = String::from_utf8_lossy(&line).contains(folder.to_str().expect("UTF-8"));
        let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        named || open.into_iter().any(|fd| fs::read_link(fd.path()).is_ok_and(|file| file.starts_with(folder)))
    };
    let processes = fs::read_dir("/proc").expect("Linux").flatten().map(|process| process.path());
    let number = |process: PathBuf| process.file_name()?.to_str()?.parse().ok().and_then(Pid::from_raw);
    processes.filter(of).filter_map(number).collect()
}

/// A folder for temporary files, whose processes end with it, also when a test fails: nobody would find them later.
struct Temporary(tempfile::TempDir);

impl Drop for Temporary {
    fn drop(&mut self) {
        for process in processes_of(self.0.path()) {
            let _gone_already = kill_process(process, Signal::KILL);
        }
    }
}

/// A process as its command line, and where it writes its errors.
fn told(process: Pid) -> String {
    let folder = PathBuf::from(format!("/proc/{}", process.as_raw_nonzero()));
    let line = fs::read(folder.join("cmdline")).unwrap_or_default();
    let errors = fs::read_link(folder.join("fd/2"));
    format!("{process:?} {:?}, which writes to {errors:?},", String::from_utf8_lossy(&line))
}

/// Waits until no process has to do with this folder. Who is killed cannot wait for those that it started.
fn assert_all_end(folder: &Path) {
    processes_of(folder).into_iter().for_each(assert_ends);
    assert_eq!(processes_of(folder), [], "who ends starts no other");
}

fn assert_ends(process: Pid) {
    let bound = Timespec { tv_sec: 10, tv_nsec: 0 };
    let Ok(pidfd) = pidfd_open(process, PidfdFlags::empty()) else { return };
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&bound)).expect("it can be waited for");
    assert_eq!(ended, 1, "{} has not ended within 10 s", told(process));
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).expect("it is still there").count()
}

/// A run whose gateways put their files below `temporary`. Only the signal ends it: however long the test takes to send
/// one, a gateway that never answers is waited for.
fn run(arguments: &[&str], nginx: Option<&Path>, temporary: &Path) -> Command {
    let mut command = lastchunk(arguments);
    command
        .env("LASTCHUNK_PATIENCE_MS", "3600000")
        .env("TMPDIR", temporary)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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
    let Silent { folder: _held, nginx, started, temporary } = silent("*");
    let name = behind_nginx().name();

    let child = run(&[arguments, &[&name]].concat(), Some(&nginx), &temporary).spawn().expect("the program starts");
    fs::read_to_string(&started).expect("the gateway says that it has started");
    assert_eq!(processes_of(&temporary).len(), 2, "the program holds the folder, and the gateway works in it");
    signal(&child, which);
    let said = Said::of(child.wait_with_output().expect("the program ends"));

    assert_eq!((said.status, said.err.as_str()), (Some(status), ""), "{said:?}");
    assert_eq!(processes_of(&temporary), []);
    assert_eq!(entries(&temporary), 0, "no file is left");
    if arguments == ["run"] {
        assert_eq!(said.out, "1 case: 0 as claimed, 0 not as claimed, 0 not run, 1 stopped on the way\n");
    }
}

/// A folder with a program that says it is nginx, and otherwise that it has started: on a pipe, and never anything more.
struct Silent {
    folder: tempfile::TempDir,
    nginx: PathBuf,
    started: PathBuf,
    temporary: PathBuf,
}

/// `when` is what of its arguments makes it silent; with others it ends at once, and all is well.
fn silent(when: &str) -> Silent {
    let folder = tempfile::tempdir().expect("a folder");
    let [started, never, temporary] = ["started", "never", "temporary"].map(|name| folder.path().join(name));
    let made = Command::new("mkfifo").args([&started, &never]).status().expect("mkfifo starts");
    assert!(made.success());
    let (start, wait) = (started.display(), never.display());
    let script = format!("case \"$*\" in {when}) ;; *) exit 0;; esac\necho started > '{start}'\nread line < '{wait}'");
    let nginx = false_nginx(folder.path(), &script);
    fs::create_dir(&temporary).expect("a folder of our own");
    Silent { folder, nginx, started, temporary }
}

impl Silent {
    /// Sends a signal once the program has said that it has started: what was begun then is gone, and the status tells.
    fn is_stopped(&self, arguments: &[&str], which: Signal, status: i32) {
        let mut command = run(arguments, Some(&self.nginx), &self.temporary);
        let child = command.current_dir(self.folder.path()).spawn().expect("the program starts");
        fs::read_to_string(&self.started).expect("the gateway says that it has started");
        signal(&child, which);
        let said = Said::of(child.wait_with_output().expect("the program ends"));
        assert_eq!((said.status, said.err.as_str()), (Some(status), ""), "{said:?}");
        assert_eq!(processes_of(self.folder.path()), []);
        assert_eq!(entries(&self.temporary), 0, "no file is left");
    }
}

const OWN_CONF: &str = "events {}\nhttp { server { listen 80; location / { proxy_pass http://o; } } }\n";

#[rstest]
#[case::while_it_reads_the_conf("*-t*", Signal::INT, 130, &["run", "--via", "./own.conf"])]
#[case::while_it_is_asked_for_a_way("*\"daemon off;\"*", Signal::TERM, 143, &["run", "--via", "./own.conf"])]
#[case::while_a_conf_is_linted("*-t*", Signal::TERM, 143, &["lint", "./own.conf"])]
#[case::while_a_lint_asks_for_a_way("*\"daemon off;\"*", Signal::INT, 130, &["lint", "./own.conf", "--json"])]
#[case::while_one_is_shown("*-t*", Signal::INT, 130, &["show", "error_by_abort", "--via", "./own.conf"])]
fn a_conf_of_the_users_is_stopped_at_the_first_signal(
    #[case] when: &str,
    #[case] which: Signal,
    #[case] status: i32,
    #[case] arguments: &[&str],
) {
    let silent = silent(when);
    fs::write(silent.folder.path().join("own.conf"), OWN_CONF).expect("a file of our own");
    silent.is_stopped(arguments, which, status);
}

const MY_GATEWAY: &str = "name = \"my-gateway\"\nabout = \"one that never listens\"\nreaders = [\"http/1.1\"]\n\
    arguments = [\"@conf@\"]\n[version]\narguments = [\"-v\"]\nafter = \"nginx/\"\n\
    [confs]\ndefault = \"own.conf\"\n[[provider]]\nkind = \"path\"\nprogram = \"nginx\"\n";

#[rstest]
#[case::interrupted(Signal::INT, 130, &["matrix", "--via", ".", "--html", "page.html"])]
#[case::terminated(Signal::TERM, 143, &["matrix", "all", "--via", ".", "--json"])]
#[case::while_a_cell_is_shown(
    Signal::INT, 130, &["show", "truncation/my-gateway-1.28.3/default/chunked/none/fin/http-1.1", "--via", "."]
)]
fn a_matrix_is_stopped_with_its_gateways(#[case] which: Signal, #[case] status: i32, #[case] arguments: &[&str]) {
    let silent = silent("*");
    fs::write(silent.folder.path().join("own.conf"), "# @listen@ @origin@\n").expect("a file of our own");
    fs::write(silent.folder.path().join("gateway.toml"), MY_GATEWAY).expect("a file of our own");
    silent.is_stopped(arguments, which, status);
    assert!(!silent.folder.path().join("page.html").exists(), "nothing was written to it");
}

/// With the server's process group, a child of it in a session of its own is gone too.
#[rstest]
#[case::interrupted(Signal::INT, 130)]
#[case::terminated(Signal::TERM, 143)]
fn a_server_of_the_users_is_stopped_with_its_children(#[case] which: Signal, #[case] status: i32) {
    let silent = silent("*");
    let command = format!("cmd:setsid '{}' {{port}} & wait", silent.nginx.display());
    silent.is_stopped(&["run", "--origin", &command], which, status);
}

/// However many programs are left.
#[rstest]
#[case::interrupted(Signal::INT, 130)]
#[case::terminated(Signal::TERM, 143)]
fn a_comparison_with_go_is_stopped_between_two_programs(#[case] which: Signal, #[case] status: i32) {
    let toolchains = fixtures::go::toolchains();
    let Some(go) = toolchains.iter().find(|go| go.number >= mve::fidelity::OLDEST) else {
        return eprintln!("skipped: no Go");
    };
    if let Err(why) = fixtures::go::fidelity(go) {
        return eprintln!("skipped: {why}");
    }
    let path = go.go.to_str().expect("UTF-8");
    let mut command = lastchunk(&["fidelity", "--count", "1000000000", "--go", path]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    let its = || fs::read_to_string(format!("/proc/{0}/task/{0}/children", pid.as_raw_nonzero())).unwrap_or_default();
    // The first child only tells its version.
    while !its().split_whitespace().any(|child| {
        fs::read_to_string(format!("/proc/{child}/cmdline")).is_ok_and(|line| line.contains("go-programs"))
    }) {
        assert!(child.try_wait().expect("it is ours").is_none(), "it has ended");
        std::thread::yield_now();
    }
    let server = its().split_whitespace().last().map(str::to_owned).expect("it is there");
    signal(&child, which);
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    assert_eq!((said.status, said.err.as_str(), said.out.as_str()), (Some(status), "", ""), "{said:?}");
    assert!(!Path::new("/proc").join(server).exists(), "the server is gone");
}

/// What the kernel takes from it unasked, the next one finds: the folder that nobody holds any more.
#[test]
fn what_a_kill_leaves_the_next_run_sweeps() {
    let Silent { folder: _held, nginx, started, temporary } = silent("*");
    let name = behind_nginx().name();
    let begin = || {
        let child = run(&["run", &name], Some(&nginx), &temporary).spawn().expect("the program starts");
        fs::read_to_string(&started).expect("the gateway says that it has started");
        child
    };
    let sweep = || {
        let said = Said::by(lastchunk(&["doctor", "--json"]).env("TMPDIR", &temporary).env("LASTCHUNK_NGINX", &nginx));
        let swept = said.objects().into_iter().find(|thing| thing["what"] == "leftovers").expect("it looks for them");
        swept["found"].as_str().expect("it says what it found").to_owned()
    };

    let mut killed = begin();
    assert_eq!(sweep(), "none", "its owner lives");
    signal(&killed, Signal::KILL);
    killed.wait().expect("it was started here");
    assert_all_end(&temporary);
    assert_eq!(entries(&temporary), 1, "nobody was left to remove it");

    let mut next = begin();
    assert_eq!(entries(&temporary), 1, "its own, and not the one that was left");
    signal(&next, Signal::KILL);
    next.wait().expect("it was started here");
    assert_all_end(&temporary);
    assert_eq!(sweep(), "removed 1 folder of runs that were killed");
    assert_eq!((sweep().as_str(), entries(&temporary)), ("none", 0));
}

/// How many moments each signal comes at; `LASTCHUNK_MOMENTS` wants more.
const MOMENTS: u64 = 3;

/// The same with real gateways, many of them, wherever they are just then: after as many lines of the harness's log as
/// the moment's number gives.
#[rstest]
#[case::interrupted(Signal::INT, Some(130))]
#[case::terminated(Signal::TERM, Some(143))]
#[case::killed(Signal::KILL, None)]
fn a_signal_at_any_moment_leaves_nothing_behind_or_what_a_sweep_finds(
    #[case] which: Signal,
    #[case] status: Option<i32>,
) {
    if let Err(why) = fixtures::nginx::binary() {
        return eprintln!("skipped: {why}");
    }
    let wanted = std::env::var("LASTCHUNK_MOMENTS").ok().map(|number| number.parse().expect("a number"));
    for moment in 0..wanted.unwrap_or(MOMENTS) {
        let lines = fastrand::Rng::with_seed(moment).usize(1..400);
        let held = Temporary(tempfile::tempdir().expect("a folder"));
        let folder = &held.0;
        let mut command = run(&["run", "--via", "nginx", "--times", "1000000"], None, folder.path());
        let mut child = command.env("LASTCHUNK_LOG", "harness=trace").spawn().expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        for _ in 0..lines {
            assert_ne!(log.skip_until(b'\n').expect("the log"), 0, "it ended before so much was recorded");
        }
        signal(&child, which);
        std::io::copy(&mut log, &mut std::io::sink()).expect("the log");
        let said = Said::of(child.wait_with_output().expect("the program ends"));
        assert_eq!(said.status, status, "moment {moment}: {said:?}");
        if status.is_none() {
            // What it was about to start holds its folder too, and ends with it.
            let begun = |process: &Pid| told(*process).contains("lastchunk\\0run");
            processes_of(folder.path()).into_iter().filter(begun).for_each(assert_ends);
            // An nginx that is told of the death before it waits for signals forgets it: the sweep ends it.
            Said::by(lastchunk(&["show", &behind_nginx().name()]).env("TMPDIR", folder.path()));
            assert_all_end(folder.path());
        }
        assert_eq!(processes_of(folder.path()), [], "moment {moment}");
        assert_eq!(entries(folder.path()), 0, "moment {moment}: no file is left");
    }
}
