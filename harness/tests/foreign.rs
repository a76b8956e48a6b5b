//! Programs at the origin that hang, die or do not start: nothing of them is left behind. Each trial plays one in a process of
//! its own, whose children are looked at when the case is over.
//!
//! This executable is three things: the trials; with `play`, the player of one of them; with an address, the program.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, ExitCode, Stdio};

use harness::origin::{Foreign, scripted};
use harness::render::{Redactions, render};
use harness::stage::Stage;
use harness::tasks::words;
use harness::until::{content, end_of_response, noted};
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, getpid, kill_process, pidfd_open};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "play", variant] => play(variant),
        [_, address, variant] if address.parse::<SocketAddr>().is_ok() => program(address, variant),
        _ => return libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
    ExitCode::SUCCESS
}

fn trials() -> Vec<Trial> {
    vec![
        trial("a_program_that_answers_is_gone_when_the_case_is_over", "answers", |said| {
            said.contains("o:   returned") && said.contains("outcome: intact")
        }),
        trial("a_program_that_never_answers_is_ended_with_the_case", "never_answers", |said| {
            said.contains("waited 2000 ms for the end of the response, in vain")
        }),
        trial("a_program_that_is_killed_in_mid_response_is_a_cut_that_can_be_seen", "is_killed", |said| {
            said.contains("o>c  -- FIN  # no last-chunk") && said.contains("outcome: cut-visible")
        }),
        trial("a_program_that_blocks_when_all_is_sent_is_ended_with_the_case", "blocks_at_its_end", |said| {
            said.contains("waited 2000 ms for the origin to be done, in vain")
        }),
        trial("a_connection_that_a_program_keeps_is_not_waited_for", "keeps", |said| {
            said.contains("o:   returned") && said.contains("no last-chunk, still open")
        }),
        trial("a_program_that_does_not_listen_is_ended_and_said_so", "does_not_listen", |said| {
            said.contains("it does not listen within 2000 ms")
        }),
        trial("a_program_that_ends_at_once_is_quoted", "ends_at_once", |said| said.contains("no room for it")),
        Trial::test("a_program_ends_with_a_player_that_is_killed", || a_killed_player_of("never_answers")),
        Trial::test("a_program_in_go_ends_with_a_player_that_is_killed", || a_killed_player_of(GO)),
    ]
}

fn player(variant: &str, patience_ms: &str) -> Result<Child, Failed> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["play", variant]).env("LASTCHUNK_PATIENCE_MS", patience_ms);
    Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
}

fn trial(name: &str, variant: &'static str, is_right: fn(&str) -> bool) -> Trial {
    Trial::test(name, move || {
        // A healthy program on a busy machine has as long as any other.
        let hangs = ["never_answers", "blocks_at_its_end", "does_not_listen"].contains(&variant);
        let played = player(variant, if hangs { "2000" } else { "10000" })?.wait_with_output()?;
        let said = String::from_utf8(played.stdout)?;
        let is_alone = said.ends_with("children: []\n");
        if played.status.success() && is_alone && is_right(&said) { Ok(()) } else { Err(said.into()) }
    })
}

/// Kills a player whose program is under way, and waits for the program's end.
fn a_killed_player_of(variant: &str) -> Result<(), Failed> {
    let mut player = player(variant, "60000")?;
    let mut said = BufReader::new(player.stdout.take().ok_or("it is piped")?);
    let mut line = String::new();
    said.read_line(&mut line)?;
    if line.starts_with("SKIPPED") {
        eprint!("{line}");
        player.wait()?;
        return Ok(());
    }
    assert_eq!(line, "under way\n");
    let [program] = children(player.id())[..] else { return Err("it has one child".into()) };
    let program = pidfd_open(Pid::from_raw(program.cast_signed()).ok_or("no pid")?, PidfdFlags::empty())?;
    player.kill()?;
    player.wait()?;
    let limit = harness::patience::bound().try_into()?;
    let ended = poll(&mut [PollFd::new(&program, PollFlags::IN)], Some(&limit))?;
    if ended == 1 { Ok(()) } else { Err("the program outlives its player".into()) }
}

/// The processes whose parent this is, those that nobody has waited for included.
fn children(of: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    numbers.filter(|number| parent(*number) == Some(of)).collect()
}

/// The fourth word; the second one stands in parentheses and may hold anything.
fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The handler of a real program that waits for a cue that nobody gives.
const GO: &str = "context_ends_between_events";

fn play(variant: &str) {
    std::panic::set_hook(Box::new(|_| {}));
    let path = match variant {
        GO => match fixtures::go::toolchains().pop() {
            Some(go) => fixtures::go::program(&go, "deadline_mid_flush", GO).expect("it builds"),
            None => return println!("SKIPPED, nothing is proven: there is no Go toolchain"),
        },
        _ => std::env::current_exe().expect("it has a name"),
    };
    let program = Foreign { path, variant: variant.to_owned(), about: "a program".into() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let played = catch_unwind(AssertUnwindSafe(|| runtime.block_on(case(program, variant))));
    drop(runtime);
    match played {
        Ok(text) => println!("{text}"),
        Err(payload) => println!("{}", words(payload.as_ref()).unwrap_or_default()),
    }
    println!("children: {:?}", children(std::process::id()));
}

async fn case(program: Foreign, variant: &str) -> String {
    let mut s = Stage::direct().witness(program).start(scripted()).await;
    s.step("the reader asks");
    s.reader.get("/events");
    if variant != "never_answers" {
        s.reader.until(content("data: one\n\n")).await;
    }
    if ["never_answers", GO].contains(&variant) {
        println!("under way");
    }
    if variant == "keeps" {
        s.origin.until(noted("returned")).await;
    } else {
        s.reader.until(end_of_response()).await;
    }
    render(&s.finish().await, &Redactions::all())
}

/// One response, and how the program fails at it.
fn program(address: &str, variant: &str) {
    if variant == "ends_at_once" {
        eprintln!("no room for it");
        return;
    }
    if variant == "does_not_listen" {
        park();
    }
    let listener = TcpListener::bind(address).expect("an address of its own");
    println!("listening on {}", listener.local_addr().expect("it is bound"));
    let (mut socket, _) = listener.accept().expect("a connection");
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        socket.read_exact(&mut octet).expect("a request");
        request.extend(octet);
    }
    if variant == "never_answers" {
        park();
    }
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n";
    socket.write_all(head.as_bytes()).expect("a reader");
    if variant == "is_killed" {
        kill_process(getpid(), Signal::KILL).expect("it is itself");
    }
    if variant == "keeps" {
        println!("note returned\nkeeps\ndone");
        park();
    }
    socket.write_all(b"0\r\n\r\n").expect("a reader");
    if variant == "blocks_at_its_end" {
        park();
    }
    println!("note returned");
    println!("done");
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}
