//! What a relay with a tap costs in bulk: a program sends 16 MiB, and every octet is kept and stamped on its way. Against the
//! relay that tokio brings, which keeps nothing, and against a connection with nothing between. Each party has a thread.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use benches::{Beside, quick, settings};
use criterion::{Criterion, criterion_group, criterion_main};
use harness::observer::Observer;
use harness::relay::Relay;
use harness::tap::Tap;
use harness::transcript::{Lane, Meant, Recorder, chain};
use tokio::runtime::Runtime;

const MIB: usize = 1024 * 1024;
const BULK: usize = 16 * MIB;

/// What sender and reader hand to the kernel at once, and take from it.
const AT_ONCE: usize = 256 * 1024;

/// How often each relay is measured by the time that its thread needs.
const ALONE: usize = 30;

fn relay(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    Beside::control(criterion, "16 MiB through a relay", BULK / 1024, "KiB", || {
        through(|peer, program| runtime.block_on(plain(peer, program)))
    })
    .subject("tapped, kept and stamped", || through(|peer, program| tapped(&runtime, peer, program, true)))
    .subject("tapped, kept", || through(|peer, program| tapped(&runtime, peer, program, false)))
    .subject("no relay", direct)
    .close();
    if !quick() {
        alone(&runtime);
    }
}

/// Relays between two sockets until both have ended.
type Relaying<'r> = dyn Fn(TcpStream, TcpStream) + 'r;

/// What the relay's thread needs of a processor, whoever else has the others: on a busy machine the only figure that holds.
fn alone(runtime: &Runtime) {
    let mut out = io::stdout().lock();
    writeln!(out, "the relay's own thread: ns of a processor a KiB, minimum and median").expect("standard output");
    let paths: [(&str, &Relaying<'_>); 3] = [
        ("tokio's", &|peer, program| runtime.block_on(plain(peer, program))),
        ("tapped, kept and stamped", &|peer, program| tapped(runtime, peer, program, true)),
        ("tapped, kept", &|peer, program| tapped(runtime, peer, program, false)),
    ];
    for (name, relay) in paths {
        let mut took: Vec<f64> = Vec::new();
        for _ in 0..ALONE {
            through(|peer, program| {
                let before = on_a_processor();
                relay(peer, program);
                took.push((on_a_processor() - before) as f64 / (BULK / 1024) as f64);
            });
        }
        took.sort_by(f64::total_cmp);
        writeln!(out, "  {name:<44} {:>11.2} {:>20.2}", took[0], took[ALONE / 2]).expect("standard output");
    }
}

/// How many nanoseconds this thread was on a processor: schedstat of proc(5).
fn on_a_processor() -> u64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel tells");
    told.split(' ').next().and_then(|first| first.parse().ok()).expect("a number first")
}

/// Sends from one thread, reads in another, and relays in this one.
fn through(relay: impl FnOnce(TcpStream, TcpStream)) {
    let (to_program, at_program) = pair();
    let (reader, peer) = pair();
    thread::scope(|scope| {
        scope.spawn(move || send(at_program));
        scope.spawn(move || read(reader));
        relay(peer, to_program);
    });
}

fn direct() {
    let (one, other) = pair();
    thread::scope(|scope| {
        scope.spawn(move || send(one));
        read(other);
    });
}

async fn plain(peer: TcpStream, program: TcpStream) {
    let (mut peer, mut program) = (asynchronous(peer), asynchronous(program));
    let (_, passed) = tokio::io::copy_bidirectional(&mut peer, &mut program).await.expect("relayed");
    assert_eq!(passed, BULK as u64);
}

fn tapped(runtime: &Runtime, peer: TcpStream, program: TcpStream, stamped: bool) {
    runtime.block_on(async {
        let mut recorder = Recorder::new(chain("reader", &[], "program"), Meant::default());
        if stamped {
            recorder = recorder.with_clock(now);
        }
        recorder.step("bulk");
        let observer = Observer::all(recorder).swap_remove(0);
        // The reader's tap has the program's octets as what it is sent.
        let tap = Tap::new(asynchronous(program), observer.clone()).expect("a tap");
        Relay::new().run(tap, &asynchronous(peer)).await;
        let recorder = observer.recorder();
        assert!(recorder.tape(0).behind_octet(Lane::response(0), BULK).is_some(), "every octet is kept");
        assert_eq!(recorder.stamps(0).is_empty(), !stamped);
    });
}

fn now() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(clock);
    clock() - *BEGAN
}

#[expect(
    clippy::disallowed_methods,
    reason = "a stamp is a moment; it is measured here what it costs, and no text shows it"
)]
fn clock() -> Instant {
    Instant::now()
}

fn asynchronous(socket: TcpStream) -> tokio::net::TcpStream {
    socket.set_nonblocking(true).expect("a socket that does not block");
    tokio::net::TcpStream::from_std(socket).expect("a runtime runs")
}

fn pair() -> (TcpStream, TcpStream) {
    let connected = || -> io::Result<_> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok((TcpStream::connect(listener.local_addr()?)?, listener.accept()?.0))
    };
    connected().expect("loopback works")
}

fn send(mut socket: TcpStream) {
    let octets = vec![b'.'; AT_ONCE];
    for _ in 0..BULK / AT_ONCE {
        socket.write_all(&octets).expect("sent");
    }
}

fn read(mut socket: TcpStream) {
    let mut octets = vec![0; AT_ONCE];
    let mut all = 0;
    loop {
        match socket.read(&mut octets).expect("received") {
            0 => break,
            count => all += count,
        }
    }
    assert_eq!(all, BULK);
}

criterion_group! { name = benches; config = settings(); targets = relay }
criterion_main!(benches);
