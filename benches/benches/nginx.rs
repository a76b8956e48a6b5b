//! One whole case through an nginx of its own, against starting and stopping that nginx and nothing else.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use benches::exchange::case;
use benches::{Beside, quick, settings};
use command_fds::{CommandFdExt as _, FdMapping};
use criterion::measurement::{Measurement as _, WallTime};
use criterion::{Criterion, criterion_group, criterion_main};
use fixtures::nginx::{Nginx, conf};
use harness::gateway::{self, Gateway};
use harness::{address, stage::Stage};
use rustix::process::{Pid, Signal, kill_process};

const CONF: &str = "unbuffered-http11";

/// How many cases are played at a stretch.
const CASES: usize = 200;

fn nginx(criterion: &mut Criterion) {
    let program = fixtures::nginx::binary().unwrap_or_else(|error| panic!("{error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let conf = conf::text(CONF).expect("a known conf");
    let gateway = Gateway::Nginx(gateway::Nginx { program: program.clone(), name: CONF.into(), conf: conf.into() });
    Beside::control(criterion, "a case through nginx", 1, "case", || {
        start_and_stop(&program, conf).expect("nginx starts and stops")
    })
    .subject("stage to text", || {
        let text = runtime.block_on(case(Stage::direct().through(gateway.clone())));
        assert!(text.contains("20 events") && text.ends_with("outcome: intact\n"), "{text}");
    })
    .close();
    if !quick() {
        many(&gateway);
    }
}

/// Many cases, each with an nginx of its own, on as many threads as there are processors: what a suite waits for.
fn many(gateway: &Gateway) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let play = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        while next.fetch_add(1, Ordering::Relaxed) < CASES {
            runtime.block_on(case(Stage::direct().through(gateway.clone())));
        }
    };
    let started = WallTime.start();
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(play))));
    let took = WallTime.end(started).as_secs_f64();
    writeln!(io::stdout(), "{CASES} cases through nginx on {threads} threads: {took:.2} s").expect("standard output");
}

/// As the harness does it, without what makes it safe: a listening socket handed over, a folder of its own, SIGTERM.
/// nginx is up when it closes a connection to which it has been told nothing but the end.
fn start_and_stop(nginx: &Nginx, conf: &str) -> io::Result<()> {
    let listener = address::listen(address::next())?;
    let listens = listener.local_addr()?;
    let nowhere = SocketAddr::new(listens.ip(), 9);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("nginx.conf");
    fs::write(&file, nginx.conf(conf, listens, nowhere).map_err(io::Error::other)?)?;
    let mut command = Command::new(&nginx.path);
    command.args(nginx.arguments(folder.path(), &file)).env_clear().env("NGINX", "9;");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(folder.path().join("error.log"))?);
    command.fd_mappings(vec![FdMapping { parent_fd: listener.into(), child_fd: 9 }]).map_err(io::Error::other)?;
    let mut child = command.spawn()?;

    let mut socket = TcpStream::connect(listens)?;
    socket.shutdown(std::net::Shutdown::Write)?;
    let closed = io::copy(&mut socket, &mut io::sink())?;
    assert_eq!(closed, 0, "nginx answers nothing");

    let pid = Pid::from_raw(child.id().cast_signed()).expect("a child has a pid");
    kill_process(pid, Signal::TERM)?;
    child.wait()?;
    Ok(())
}

criterion_group! { name = benches; config = settings(); targets = nginx }
criterion_main!(benches);
