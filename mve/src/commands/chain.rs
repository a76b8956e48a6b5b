//! `lastchunk probe --chain`: what lies between an origin of ours and this reader.

use std::io::Write as _;
use std::time::Duration;

use harness::processor;
use harness::tasks::words;
use mve::chain::{Failed, Probe, Wish};
use mve::player::{install_panic_hook, keep_panics_of_this_thread};
use mve::probe::dial::{Versions, Way};
use mve::probe::target::Target;

use super::complaint::{self, Complaint};
use super::stop::Stop;
use super::{Exit, output};

/// What is asked of a chain.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Chain {
    /// URL leads to `lastchunk origin`: tell what lies between
    #[arg(long)]
    chain: bool,
    /// With --chain: where the origin can be asked for its notes without the chain
    #[arg(long, value_name = "URL")]
    origin_url: Option<String>,
    /// With --chain: how long a silence is tried, and longer if it is cut: 90s, 2min
    #[arg(long, value_name = "DURATION", value_parser = super::probe::duration)]
    budget: Option<Duration>,
}

/// How long a fence waits at the origin where octets take their time: another machine's.
const FAR: Duration = Duration::from_millis(100);

impl Chain {
    /// Whether it is a chain that is probed.
    pub fn is_asked_for(&self) -> bool {
        self.chain
    }

    /// Complains of what is for chains only.
    pub fn is_for_nothing(&self) -> Result<(), Complaint> {
        match (&self.origin_url, self.budget) {
            (None, None) => Ok(()),
            _ => Err(Complaint::new("--origin-url and --budget are for chains: lastchunk probe --chain URL")),
        }
    }

    /// Takes the fingerprint of what `target` leads through.
    pub fn answer(&self, target: Target, headers: &[String], way: Way, json: bool) -> Result<Exit, Complaint> {
        let origin = self.origin_url.as_deref().map(Target::read).transpose().map_err(Complaint::new)?;
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        let settle = if is_near(&target) { Duration::ZERO } else { FAR };
        let run = format!("{:x}{:08x}", std::process::id(), fastrand::u32(..));
        let fields = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let way = Way { versions: Versions::Http1, ..way };
        let wish = Wish { chain: target, origin, way, fields, budget: self.budget, settle, run };
        let probing = std::thread::scope(|scope| {
            let probing = || {
                keep_panics_of_this_thread();
                let _overtaking_nothing = processor::stay();
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| Failed(format!("cannot start a runtime: {error}")))?;
                runtime.block_on(async {
                    let say = |what: &str| {
                        if !json {
                            complaint::say(&format!("{what} ..."));
                        }
                    };
                    tokio::select! {
                        biased;
                        () = stop.wait() => Ok(None),
                        taken = Probe::new(wish).run(&say) => taken.map(Some),
                    }
                })
            };
            scope.spawn(probing).join()
        });
        let taken = probing.unwrap_or_else(|panic| {
            let text = words(panic.as_ref()).unwrap_or_else(|| "the probe failed".to_owned());
            Err(Failed(text.lines().next().unwrap_or_default().to_owned()))
        });
        match taken.map_err(Complaint::new)? {
            None => Ok(stop.reason().map_or(Exit::CouldNotRun, Exit::Stopped)),
            Some(fingerprint) if json => {
                output::object(&fingerprint)?;
                Ok(Exit::AsClaimed)
            }
            Some(fingerprint) => {
                let mut out = output::text();
                for line in fingerprint.to_string().lines() {
                    writeln!(out, "{}", complaint::safe(line))?;
                }
                out.flush()?;
                Ok(Exit::AsClaimed)
            }
        }
    }
}

fn is_near(target: &Target) -> bool {
    let is_loopback = |ip: std::net::IpAddr| ip.is_loopback();
    target.host() == "localhost" || target.host().parse().is_ok_and(is_loopback)
}
