//! What a tap costs: 40 octets to and fro over loopback, in one event loop, with an observer on both sockets, with observers
//! that record nothing, and with none.

use std::net::SocketAddr;

use benches::{Beside, settings};
use criterion::{Criterion, criterion_group, criterion_main};
use harness::observer::Observer;
use harness::tap::Tap;
use harness::transcript::{Meant, Recorder, chain};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A connection is made for each call; so many round trips make that small.
const ROUND_TRIPS: usize = 500;

fn tap(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a listener");
    let address = listener.local_addr().expect("it has an address");
    Beside::control(criterion, "40 octets to and fro", ROUND_TRIPS, "round trip", || {
        runtime.block_on(async {
            let (one, other) = connection(&listener, address).await;
            ping_pong(one, other).await;
        })
    })
    .subject("tapped", || runtime.block_on(tapped(&listener, address, true)))
    .subject("tapped, nothing recorded", || runtime.block_on(tapped(&listener, address, false)))
    .close();
}

async fn tapped(listener: &TcpListener, address: SocketAddr, recording: bool) {
    let (one, other) = connection(listener, address).await;
    let mut observers = observers().into_iter();
    let (at_reader, at_origin) = (observers.next().expect("a reader"), observers.next_back().expect("an origin"));
    if !recording {
        at_reader.recorder().seal();
    }
    let tap = |socket, observer| Tap::new(socket, observer).expect("a tap");
    ping_pong(tap(one, at_reader), tap(other, at_origin)).await;
}

/// Of a chain with a gateway, so that both ends have a hop to observe.
fn observers() -> Vec<Observer> {
    let mut recorder = Recorder::new(chain("reader", &["gateway".to_owned()], "origin"), Meant::default());
    recorder.step("to and fro");
    Observer::all(recorder)
}

async fn connection(listener: &TcpListener, address: SocketAddr) -> (TcpStream, TcpStream) {
    let (one, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (one, (other, _)) = (one.expect("connected"), accepted.expect("accepted"));
    for socket in [&one, &other] {
        socket.set_nodelay(true).expect("TCP_NODELAY");
    }
    (one, other)
}

async fn ping_pong<S: AsyncRead + AsyncWrite + Unpin>(mut one: S, mut other: S) {
    let (mut here, mut there) = ([b'.'; 40], [0; 40]);
    let ping = async {
        for _ in 0..ROUND_TRIPS {
            one.write_all(&here).await.expect("sent");
            one.read_exact(&mut here).await.expect("received");
        }
    };
    let pong = async {
        for _ in 0..ROUND_TRIPS {
            other.read_exact(&mut there).await.expect("received");
            other.write_all(&there).await.expect("sent");
        }
    };
    tokio::join!(ping, pong);
}

criterion_group! { name = benches; config = settings(); targets = tap }
criterion_main!(benches);
