//! `lastchunk fidelity`: whether the model of `net/http` does what `net/http` does.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use fixtures::go::{Toolchain, toolchain, toolchains};
use mve::fidelity::{Go, Model, OLDEST, run_unless};
use mve::player::install_panic_hook;

use super::complaint::Complaint;
use super::stop::Stop;
use super::{Exit, output};

#[derive(Debug, Args)]
pub struct Fidelity {
    /// Which programs
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How many of them
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    count: u64,
    /// The `go` to compare with, any number of times; without, every one of this machine that the model is held against
    #[arg(long, value_name = "PATH")]
    go: Vec<PathBuf>,
}

impl Fidelity {
    /// Compares, and prints each divergence as a pair of transcripts.
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        stop.or(self.compare(&stop))
    }

    fn compare(&self, stop: &Stop) -> Result<Exit, Complaint> {
        let mut exit = Exit::AsClaimed;
        for toolchain in self.toolchains()? {
            let go = Go::start(&toolchain).map_err(Complaint::new)?;
            let is_stopped = || stop.reason().is_some();
            let compared = run_unless(self.seed, self.count, &Model::default(), &go, &is_stopped);
            let compared = compared.map_err(Complaint::new)?;
            if let Some(reason) = stop.reason() {
                return Ok(Exit::Stopped(reason));
            }
            let mut out = output::text();
            for divergence in &compared.divergences {
                writeln!(out, "{divergence}")?;
                exit = Exit::NotAsClaimed;
            }
            let divergences = match compared.divergences.len() {
                0 => "no divergence".to_owned(),
                1 => "1 divergence".to_owned(),
                more => format!("{more} divergences"),
            };
            writeln!(
                out,
                "go {}: {} programs of seed {}, {divergences}",
                toolchain.version, compared.programs, self.seed
            )?;
            out.flush()?;
        }
        Ok(exit)
    }

    fn toolchains(&self) -> Result<Vec<Toolchain>, Complaint> {
        if self.go.is_empty() {
            let mut all = toolchains();
            all.retain(|toolchain| toolchain.number >= OLDEST);
            if all.is_empty() {
                let [major, minor, _] = OLDEST;
                return Err(Complaint::new(format!(
                    "no Go {major}.{minor} or newer is here: put `go` on the path, name one in LASTCHUNK_GO or with --go, or run \
                     `just toolchains`"
                )));
            }
            return Ok(all);
        }
        let named = self.go.iter().map(|go| {
            toolchain(go)
                .ok_or_else(|| Complaint::new(format!("{} does not tell a version: name a `go` command", go.display())))
        });
        named.collect()
    }
}
