//! `lastchunk matrix`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use fixtures::gateways::{BadFolder, NAMES};
#[cfg(feature = "containers")]
use fixtures::gateways::{Description, Image};
use harness::verdict::Outcome;
use mve::matrix::baseline::Baseline;
use mve::matrix::chains::{self, Chains};
use mve::matrix::run::{Chain, Row, run};
use mve::matrix::table::{Keys, Table};
use mve::matrix::{page, text};
use mve::player::install_panic_hook;
use serde::Serialize;

use super::complaint::{self, Complaint};
use super::selection::quoted;
use super::{Exit, output, paint};

const HELP: &str = "\
Tables:
  truncation  a stream is cut at the origin: can the reader tell?
  pairs       the same behind two gateways: nginx as it ships, in front of each other one
  held        the origin sends a piece: does it pass before the next is sent?
  departure   the reader leaves: who learns of it, and when?
  all         all of them

With --json, one object a line, one line a cell, with the keys
  table, gateway, version, conf, origin_framing, origin_version, cut, end, reader
             the place of the cell
  cell       its name, which `lastchunk show` takes
  framing    what the framing says at the reader; null where the set-up is at fault
  ending     how the connection or the stream ended at the reader: fin, rst, open, END_STREAM, RST_STREAM(code)
  status     the status that the reader got, or null
  lost       octets of content that were meant and did not arrive
  added      octets that no origin wrote
  outcome    intact, cut-visible, cut-silent, altered, hung, held, leaked; fault if harness or set-up are at fault
  tail       the last octets at the reader, escaped
  why        of a fault, why; null otherwise

Exit status: 0 every outcome is the known one, 1 one is not (the baseline is mve/snapshots/matrix/baseline.txt),
2 harness or set-up are at fault, or there was nothing to run.

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
    #[arg(long)]
    workers: Option<usize>,
}

/// A row; the order of the fields is that of the keys.
#[derive(Debug, Serialize)]
struct Object<'a> {
    table: &'a str,
    gateway: &'a str,
    version: &'a str,
    conf: &'a str,
    origin_framing: &'a str,
    origin_version: &'a str,
    cut: &'a str,
    end: &'a str,
    reader: &'a str,
    framing: Option<&'a str>,
    outcome: &'a str,
    tail: Option<&'a str>,
    ending: Option<&'a str>,
    status: Option<u16>,
    lost: Option<usize>,
    added: Option<usize>,
    why: Option<String>,
    cell: String,
}

impl<'a> Object<'a> {
    fn of(row: &'a Row) -> Self {
        let facts = row.result.as_ref().ok();
        Self {
            table: row.table.name(),
            gateway: &row.gateway,
            version: &row.version,
            conf: &row.conf,
            origin_framing: row.keys.origin_framing,
            origin_version: row.keys.origin_version,
            cut: &row.keys.cut,
            end: row.keys.end,
            reader: row.keys.reader,
            framing: facts.map(|facts| facts.framing.as_str()),
            outcome: facts.map_or("fault", |facts| facts.outcome.name()),
            tail: facts.map(|facts| facts.tail.as_str()),
            ending: facts.map(|facts| facts.ending.as_str()),
            status: facts.and_then(|facts| facts.status),
            lost: facts.map(|facts| facts.lost),
            added: facts.map(|facts| facts.added),
            why: row.result.as_ref().err().map(|why| complaint::one_line(why)),
            cell: row.name(),
        }
    }
}

impl Matrix {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        install_panic_hook(false);
        let tables = match self.table.as_str() {
            "all" => Table::ALL.to_vec(),
            name => vec![Table::named(name).ok_or_else(|| {
                let known = Table::ALL.map(Table::name).join(", ");
                Complaint::new(format!("no table {} (known: {known}, all)", quoted(name)))
            })?],
        };
        let mut rows = Vec::new();
        let mut missing = Vec::new();
        let mut races = BTreeSet::new();
        for table in tables {
            let chains = self.chains(table)?;
            missing.extend(chains.missing);
            for chain in &chains.chains {
                let of = |race: &&fixtures::gateways::Race| (chain.gateway(), race.outcome_stands, race.reason.clone());
                races.extend(chain.races(table).iter().map(of));
            }
            rows.extend(self.play(table, &chains.chains)?);
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
        if let Some(file) = &self.html {
            fs::write(file, page::page(&rows))
                .map_err(|error| Complaint::new(format!("cannot write {}: {error}", file.display())))?;
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
    fn play(&self, table: Table, chains: &[Chain]) -> Result<Vec<Row>, Complaint> {
        let workers = self.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
        let done = AtomicUsize::new(0);
        let quiet = Mutex::new(());
        let progress = |rows: &[Row]| {
            let _one_line_at_a_time = quiet.lock();
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let (false, Some(row)) = (self.json, rows.first()) {
                let about = format!("{} {} {}", row.gateway, row.version, row.conf);
                complaint::say(&format!("{count} of {}: {about}, {} cells", chains.len(), rows.len()));
            }
        };
        let rows = run(table, chains, workers, &|_, _| true, &progress);
        if self.json {
            for row in &rows {
                output::object(&Object::of(row))?;
            }
        }
        Ok(rows)
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

/// The tables; versions with the same outcomes share one.
fn tell(rows: &[Row]) -> Result<(), Complaint> {
    let mut out = output::text();
    let mut tables: Vec<(String, String)> = Vec::new();
    for table in Table::ALL {
        let of_table: Vec<Row> = rows.iter().filter(|row| row.table == table).cloned().collect();
        for (name, rows) in text::by_version(&of_table) {
            let text = text::one(&rows);
            let (gateway, version) = name.split_once(' ').unwrap_or((&name, ""));
            match tables.last_mut() {
                Some((title, its)) if *its == text && title.starts_with(&format!("{table}: {gateway} ")) => {
                    *title += &format!(", {version}");
                }
                _ => tables.push((format!("{table}: {name}"), text)),
            }
        }
    }
    for (title, text) in tables {
        writeln!(out, "{}\n", paint::in_style(paint::BOLD, title))?;
        for line in text.lines() {
            writeln!(out, "{}", painted(line))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", text::LEGEND)?;
    let count = |outcome: Outcome| {
        rows.iter().filter(|row| row.result.as_ref().is_ok_and(|facts| facts.outcome == outcome)).count()
    };
    let faults = rows.iter().filter(|row| row.result.is_err()).count();
    let counts: Vec<String> = Outcome::all()
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| format!("{} {}", count(outcome), paint::in_style(paint::of_outcome(outcome), outcome)))
        .chain([format!("{faults} faults")])
        .collect();
    writeln!(out, "{} cells: {}", rows.len(), counts.join(", "))?;
    for (which, why) in told_once(rows) {
        writeln!(out, "fault: {which}: {why}")?;
    }
    out.flush()?;
    Ok(())
}

/// The faults, in order; a reason that several cells of a chain share is told once.
fn told_once(rows: &[Row]) -> Vec<(String, String)> {
    let mut faults: Vec<(String, String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let Err(why) = &row.result else { continue };
        let chain = format!("{}/{}-{}/{}", row.table, row.gateway, row.version, row.conf);
        let why: String = complaint::one_line(why).chars().take(FAULT).collect();
        match faults.iter_mut().find(|(its, reason, _)| *its == chain && *reason == why) {
            Some((_, _, rows)) => rows.push(row),
            None => faults.push((chain, why, vec![row])),
        }
    }
    let told = faults.into_iter().map(|(chain, why, rows)| match rows[..] {
        [row] => (row.name(), why),
        _ => (format!("{chain}, {} cells", rows.len()), why),
    });
    told.collect()
}

/// How many characters of a fault's reason are told; `--json` has all.
const FAULT: usize = 400;

/// The letters begin where the three names end.
const LETTERS_AT: usize = 45;

fn painted(line: &str) -> String {
    let Some((names, letters)) = line.split_at_checked(LETTERS_AT) else { return line.to_owned() };
    // Only a line of letters has nothing longer than one.
    if letters.split_whitespace().any(|word| word.len() > 1) {
        return paint::in_style(paint::DIM, line);
    }
    let letter = |letter: char| {
        let outcome = match letter {
            '.' => Outcome::Intact,
            'v' | 's' => Outcome::CutVisible,
            'h' => Outcome::Held,
            'S' => Outcome::CutSilent,
            'A' => Outcome::Altered,
            'H' => Outcome::Hung,
            'L' => Outcome::Leaked,
            other => return other.to_string(),
        };
        paint::in_style(paint::of_outcome(outcome), letter)
    };
    format!("{names}{}", letters.chars().map(letter).collect::<String>())
}

/// Plays the one cell of a name that begins with a table's, and prints it.
pub fn show(name: &str, via: &[PathBuf]) -> Option<Result<Exit, Complaint>> {
    let table = Table::named(name.split('/').next()?)?;
    Some(show_in(table, name, via))
}

fn show_in(table: Table, name: &str, via: &[PathBuf]) -> Result<Exit, Complaint> {
    install_panic_hook(false);
    let folders: Vec<&Path> = via.iter().map(PathBuf::as_path).collect();
    // Only the gateways that the name may mean are looked for.
    let wanted = |gateway: &str| name.split('/').nth(1).is_none_or(|word| word.contains(gateway));
    let Chains { chains, missing } = chains::of(table, &wanted, &folders).map_err(Complaint::new)?;
    let name_of = |chain: &Chain, keys: &Keys| {
        format!("{table}/{}-{}/{}/{}", chain.gateway(), chain.version(), chain.conf(), keys.name())
    };
    let names: Vec<(usize, String)> = chains
        .iter()
        .enumerate()
        .flat_map(|(at, chain)| chain.cells(table).into_iter().map(move |cell| (at, name_of(chain, &cell.keys()))))
        .collect();
    let Some((at, name)) = names.iter().find(|(_, its)| its == name) else {
        let near: Vec<&str> = names.iter().map(|(_, its)| its.as_str()).filter(|its| its.starts_with(name)).collect();
        let nearest = near.first().copied().or(names.first().map(|(_, its)| its.as_str()));
        let nearest = match (nearest, missing.first()) {
            (Some(nearest), _) => format!("one is {nearest}"),
            (None, Some((gateway, why))) => format!("{gateway}: {why}"),
            (None, None) => format!("its gateway is none of {}, nor in a folder of --via", NAMES.join(", ")),
        };
        return Err(Complaint::new(format!("no cell {} here; {nearest}", quoted(name))));
    };
    // Its control stands beside it: without it nothing is said of the gateway.
    let chain = &chains[*at..=*at];
    let control = |keys: &Keys| keys.cut == "none" && name.contains(&format!("/{}/", keys.origin()));
    let wanted = |chain: &Chain, keys: &Keys| name_of(chain, keys) == *name || control(keys);
    let rows = run(table, chain, 1, &wanted, &|_| ());
    let row = rows.iter().find(|row| row.name() == *name).ok_or_else(|| Complaint::new("the cell was not played"))?;
    match &row.result {
        Ok(facts) => {
            let mut out = output::text();
            writeln!(out, "{name}\n")?;
            out.transcript(&facts.transcript)?;
            out.flush()?;
            Ok(Exit::AsClaimed)
        }
        Err(why) => Err(Complaint::new(format!("{name}: {why}"))),
    }
}
