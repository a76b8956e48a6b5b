//! `lastchunk matrix`.

mod cell;
mod html;
mod object;
mod tables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use fixtures::gateways::{BadFolder, NAMES};
#[cfg(feature = "containers")]
use fixtures::gateways::{Description, Image};
use mve::matrix::baseline::Baseline;
use mve::matrix::chain::Chain;
use mve::matrix::chains::{self, Chains};
use mve::matrix::row::Row;
use mve::matrix::run::run_unless;
use mve::matrix::table::Table;
use mve::player::install_panic_hook;

use super::complaint::{self, Complaint};
use super::selection::quoted;
use super::stop::{Reason, Stop};
use super::{Exit, output};

use html::Page;
use object::Object;
use tables::tell;

pub use cell::show;

const HELP: &str = "\
Tables:
  truncation  a stream is cut at the origin: can the reader tell?
  pairs       the same behind two gateways: nginx as it ships, in front of
              each other one
  held        the origin sends a piece: does it pass before the next is sent?
  departure   the reader leaves: who learns of it, and when?
  all         all of them

With --json, one object a line, one line a cell, with the keys
  table, gateway, version, conf, origin_framing, origin_version, cut, end,
  reader     the place of the cell
  cell       its name, which `lastchunk show` takes
  framing    what the framing says at the reader; null where the set-up is at
             fault
  ending     how the connection or the stream ended at the reader: fin, rst,
             open, END_STREAM, RST_STREAM(code)
  status     the status that the reader got, or null
  lost       octets of content that were meant and did not arrive
  added      octets that no origin wrote
  outcome    intact, cut-visible, cut-silent, altered, hung, held, leaked;
             fault if harness or set-up are at fault
  tail       the last octets at the reader, escaped
  why        of a fault, why; null otherwise

Exit status: 0 every outcome is the known one, 1 one is not (the baseline is
mve/snapshots/matrix/baseline.txt), 2 harness or set-up are at fault, or there
was nothing to run.

Example: lastchunk matrix held --gateway haproxy";

/// The tables, over all gateways that this machine has.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for the tables and the keys of --json.")]
pub struct Matrix {
    /// truncation, pairs, held, departure, or all
    #[arg(default_value = "truncation")]
    table: String,
    /// Only this gateway; several times for several
    #[arg(long)]
    gateway: Vec<String>,
    /// A gateway of yours too: a folder with gateway.toml and confs
    #[arg(long, value_name = "FOLDER")]
    via: Vec<PathBuf>,
    /// Images in place of binaries: the official ones, or those that LASTCHUNK_NAME_IMAGE names
    #[arg(long)]
    containers: bool,
    /// One object a line
    #[arg(long)]
    json: bool,
    /// Write a page with every transcript
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many gateways run at a time; by default one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
}

impl Matrix {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        let tables = match self.table.as_str() {
            "all" => Table::ALL.to_vec(),
            name => vec![Table::named(name).ok_or_else(|| {
                let known = Table::ALL.map(Table::name).join(", ");
                Complaint::new(format!("no table {} (known: {known}, all)", quoted(name)))
            })?],
        };
        stop.or(self.tables(&tables, &stop))
    }

    fn tables(&self, tables: &[Table], stop: &Stop) -> Result<Exit, Complaint> {
        let page = self.html.as_deref().map(Page::at).transpose()?;
        let mut rows = Vec::new();
        let mut missing = Vec::new();
        let mut races = BTreeSet::new();
        for &table in tables {
            let chains = self.chains(table)?;
            missing.extend(chains.missing);
            for chain in &chains.chains {
                let of = |race: &&fixtures::gateways::Race| (chain.gateway(), race.outcome_stands, race.reason.clone());
                races.extend(chain.races(table).iter().map(of));
            }
            rows.extend(self.play(table, &chains.chains, stop)?);
            if let Some(reason) = stop.reason() {
                return Ok(Exit::Stopped(reason));
            }
        }
        missing.sort();
        missing.dedup();
        for (gateway, why) in &missing {
            complaint::say(&format!("{gateway}: {why}"));
        }
        if rows.is_empty() {
            // Of a folder of the user's, what is missing is the answer.
            return match (self.via.is_empty(), missing.as_slice()) {
                (true, _) | (_, []) => Err(Complaint::new("no gateway to run: `lastchunk fetch` gets them")),
                (false, _) => Ok(Exit::CouldNotRun),
            };
        }
        if !self.json {
            tell(&rows)?;
        }
        for (gateway, outcome_stands, reason) in &races {
            let what = if *outcome_stands { "octets not told" } else { "cells left out" };
            complaint::say(&format!("{gateway}, {what}: {reason}"));
        }
        let differences = Baseline::reviewed().differences(&rows);
        for difference in &differences {
            complaint::say(&difference.to_string());
        }
        // Last: whatever becomes of the page, the tables are told.
        if let Some(page) = page {
            page.write(&rows)?;
        }
        // Of the project's own gateways few machines have all; a folder that was asked for is to be played.
        let unplayed = missing.iter().any(|(gateway, _)| !NAMES.contains(&gateway.as_str()));
        Ok(match unplayed || rows.iter().any(|row| row.result.is_err()) {
            true => Exit::CouldNotRun,
            false if differences.is_empty() => Exit::AsClaimed,
            false => Exit::NotAsClaimed,
        })
    }

    /// The chains of a table, of the gateways that are asked for.
    fn chains(&self, table: Table) -> Result<Chains, Complaint> {
        if let Some(unknown) = self.gateway.iter().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(Complaint::new(format!("no gateway {} (known: {})", quoted(unknown), NAMES.join(", "))));
        }
        // A folder of one's own alone is what is asked for.
        let all = self.gateway.is_empty() && self.via.is_empty();
        let wanted = |name: &str| all || self.gateway.iter().any(|its| its == name);
        let folders: Vec<&Path> = self.via.iter().map(PathBuf::as_path).collect();
        let chains = match self.containers {
            false => chains::of(table, &wanted, &folders),
            true => in_containers(table, &wanted, &folders)?,
        };
        chains.map_err(Complaint::new)
    }

    /// Plays a table; with --json its rows are told as each gateway ends, in order.
    fn play(&self, table: Table, chains: &[Chain], stop: &Stop) -> Result<Vec<Row>, Complaint> {
        let workers =
            self.workers.map_or_else(|| std::thread::available_parallelism().map_or(2, usize::from), usize::from);
        let count = AtomicUsize::new(0);
        let unwritten = OnceLock::new();
        let done = |rows: &[Row]| {
            let count = count.fetch_add(1, Ordering::Relaxed) + 1;
            let Some(row) = rows.first() else { return };
            if self.json {
                if let Err(error) = rows.iter().try_for_each(|row| output::object(&Object::of(row))) {
                    stop.because(Reason::Unread);
                    let _the_first = unwritten.set(error);
                }
            } else {
                let about = format!("{} {} {}", row.gateway, row.version, row.conf);
                complaint::say(&format!("{count} of {}: {about}, {} cells", chains.len(), rows.len()));
            }
        };
        let rows = run_unless(table, chains, workers, &|_, _| true, &done, &|| stop.future());
        unwritten.into_inner().map_or(Ok(rows), |error| Err(error.into()))
    }
}

#[cfg(feature = "containers")]
fn in_containers(
    table: Table,
    wanted: &dyn Fn(&str) -> bool,
    folders: &[&Path],
) -> Result<Result<Chains, BadFolder>, Complaint> {
    harness::gateway::engine::probe().map_err(Complaint::new)?;
    let image = |description: &Description| description.image.as_ref().and_then(Image::named);
    Ok(chains::in_containers(table, wanted, folders, &image))
}

#[cfg(not(feature = "containers"))]
fn in_containers(_: Table, _: &dyn Fn(&str) -> bool, _: &[&Path]) -> Result<Result<Chains, BadFolder>, Complaint> {
    Err(Complaint::new("built without containers: `cargo run --features containers -- matrix --containers`"))
}
