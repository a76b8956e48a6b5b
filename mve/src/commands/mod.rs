//! The command line: what may be said, and who answers.

mod bundle;
mod chain;
mod claims;
mod complaint;
mod describe;
mod doctor;
mod explain;
mod fetch;
mod fidelity;
mod image;
mod lint;
mod list;
mod manual;
mod matrix;
mod output;
mod own;
mod packets;
mod paint;
mod play;
mod probe;
mod progress;
mod run;
mod selection;
mod server;
mod show;
mod shrink;
mod stop;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use complaint::Complaint;
use stop::Stop;

const HELP_OF_ALL: &str = "\
Without a command, every case is played, as by `lastchunk run`.

Exit status: 0 as claimed, 1 not as claimed, 2 could not run (the message says
what to do), 130 or 143 stopped by SIGINT or SIGTERM, 141 nobody reads the
output any more.

Environment: NO_COLOR, LASTCHUNK_NGINX (a path, or `system`),
LASTCHUNK_PATIENCE_MS (the failure bound of a wait), LASTCHUNK_LOG (what the
harness logs on standard error, as `harness=debug`).";

const HELP_OF_ORIGIN: &str = "\
It serves until it is stopped.

Exit status: 130 or 143 when SIGINT or SIGTERM has stopped it, 2 when it
cannot listen there.

Example: lastchunk origin --listen 0.0.0.0:8000";

/// HTTP streams that end wrong, octet by octet.
#[derive(Debug, Parser)]
#[command(name = "lastchunk", version, after_long_help = HELP_OF_ALL, after_help = "See --help for exit status and environment.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell what there is, and what this machine cannot run, and why
    List(list::List),
    /// Play cases, and say whether each shows what it claims
    Run(run::Run),
    /// Play one case, and print its transcript
    Show(show::Show),
    /// Tell what is claimed of streams, and whether it is so
    Claims(claims::Claims),
    /// Read a live stream, and say what is wrong with it
    Probe(Box<probe::Probe>),
    /// Which of a conf's directives for streams change anything: each is left out in turn, and the cases are played again
    Lint(lint::Lint),
    /// Annotate the octets of responses that were captured elsewhere, also by tcpdump, and judge them
    Explain(explain::Explain),
    /// Write a case as a folder for an issue: report, transcript, capture, conf, and the origin as a program
    Report(bundle::Report),
    /// Play such a folder again here, and say whether the same happens
    Replay(bundle::Replay),
    /// Make such a folder as small as it can be and still show the same
    Shrink(shrink::Shrink),
    /// Which gateway turns a cut stream into a complete one: the tables, over all gateways that this machine has
    Matrix(matrix::Matrix),
    /// Get gateways for `matrix` through the ordinary package clients, below the target folder
    Fetch(fetch::Fetch),
    /// Tell what this machine offers, and how to get what is missing
    Doctor(doctor::Doctor),
    /// Write the manual page, or with a folder those of every command
    Man(manual::Man),
    /// Write what completes this command line in a shell
    Completions(manual::Completions),
    /// Play random programs on the model of net/http and on real Go, and compare
    #[command(hide = true)]
    Fidelity(fidelity::Fidelity),
    /// Write what an engine needs to build an image of a gateway that is here
    #[command(hide = true)]
    Image {
        /// Which: the newest version of it; without, the nginx that is built here
        #[arg(long)]
        gateway: Option<String>,
        /// Where to
        #[arg(default_value = "target/lastchunk/image")]
        dir: PathBuf,
    },
    /// Serve scripted streams, to be put behind the chain that `probe --chain` asks through; /events and /cut for curl
    #[command(after_help = HELP_OF_ORIGIN)]
    Origin {
        /// Where to listen
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000", value_parser = address)]
        listen: SocketAddr,
    },
}

/// How a command that did its work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All is as claimed, or nothing was claimed.
    AsClaimed,
    /// Something is not as claimed.
    NotAsClaimed,
    /// Something could not run, and the rest is as claimed.
    CouldNotRun,
    /// It was stopped.
    Stopped(stop::Reason),
}

impl Exit {
    fn status(self) -> u8 {
        match self {
            Self::AsClaimed => 0,
            Self::NotAsClaimed => 1,
            Self::CouldNotRun => 2,
            Self::Stopped(reason) => reason.status(),
        }
    }
}

/// Says what the arguments want said.
pub fn main() -> ExitCode {
    let status = match answer() {
        Ok(exit) => exit.status(),
        Err(complaint) => complaint.tell(),
    };
    ExitCode::from(status)
}

fn answer() -> Result<Exit, Complaint> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return complaint::of_clap(&error),
    };
    log()?;
    match cli.command {
        None => run::Run::default().answer(),
        Some(Command::List(list)) => list.answer(),
        Some(Command::Run(run)) => run.answer(),
        Some(Command::Show(show)) => show.answer(),
        Some(Command::Claims(claims)) => claims.answer(),
        Some(Command::Probe(probe)) => probe.answer(),
        Some(Command::Lint(lint)) => lint.answer(),
        Some(Command::Explain(explain)) => explain.answer(),
        Some(Command::Report(report)) => report.answer(),
        Some(Command::Replay(replay)) => replay.answer(),
        Some(Command::Shrink(shrink)) => shrink.answer(),
        Some(Command::Matrix(matrix)) => matrix.answer(),
        Some(Command::Fetch(fetch)) => fetch.answer(),
        Some(Command::Doctor(doctor)) => doctor.answer(),
        Some(Command::Man(man)) => man.answer(),
        Some(Command::Completions(completions)) => completions.answer(),
        Some(Command::Fidelity(fidelity)) => fidelity.answer(),
        Some(Command::Image { gateway, dir }) => image::write(gateway.as_deref(), &dir),
        Some(Command::Origin { listen }) => origin(listen),
    }
}

/// An address as `--listen` takes it.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "that is no address with a port: write one as 127.0.0.1:8000".to_owned())
}

fn origin(listen: SocketAddr) -> Result<Exit, Complaint> {
    let stop = Stop::on_signals()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Complaint::new)?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        complaint::say(&format!(
            "listening on {}; from before the chain: lastchunk probe --chain URL",
            listener.local_addr()?
        ));
        tokio::select! {
            biased;
            () = stop.wait() => Ok(()),
            served = mve::chain::service::serve_on(listener) => served,
        }
    });
    served
        .map(|()| stop.reason().map_or(Exit::AsClaimed, Exit::Stopped))
        .map_err(|error| Complaint::new(format!("cannot serve on {listen}: {error}")))
}

/// Writes what the harness logs to standard error, if `LASTCHUNK_LOG` asks for it.
fn log() -> Result<(), Complaint> {
    const VARIABLE: &str = "LASTCHUNK_LOG";
    let Some(asked) = std::env::var_os(VARIABLE).filter(|asked| !asked.is_empty()) else { return Ok(()) };
    let filter = asked.to_str().and_then(|asked| EnvFilter::try_new(asked).ok()).ok_or_else(|| {
        Complaint::new(format!("{VARIABLE}={} is no filter: try harness=debug", asked.to_string_lossy()))
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output::is_coloured(&std::io::stderr()))
        .without_time()
        .init();
    Ok(())
}
