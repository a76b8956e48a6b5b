//! `lastchunk show CELL`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fixtures::gateways::NAMES;
use mve::matrix::chain::Chain;
use mve::matrix::chains::{self, Chains};
use mve::matrix::run::run_unless;
use mve::matrix::table::{Keys, Table};
use mve::player::install_panic_hook;

use super::super::complaint::Complaint;
use super::super::own::Part;
use super::super::selection::quoted;
use super::super::stop::Stop;
use super::super::{Exit, output};

/// How a cell is named.
const FORM: &str = "a name is table/gateway-version/conf/origin/cut/end/reader, as `lastchunk matrix --json` tells it";
/// How many words are told in the place of one that is not known.
const KNOWN: usize = 12;

/// Plays the one cell of a name that begins with a table's, and prints it.
pub fn show(name: &str, via: &[PathBuf], part: &Part) -> Option<Result<Exit, Complaint>> {
    let table = Table::named(name.split('/').next()?)?;
    Some(part.is_for_nothing().and_then(|()| show_in(table, name, via)))
}

fn show_in(table: Table, name: &str, via: &[PathBuf]) -> Result<Exit, Complaint> {
    let stop = Stop::on_signals()?;
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
        let names: Vec<&str> = names.iter().map(|(_, its)| its.as_str()).collect();
        let missing = missing.first().map(|(gateway, why)| format!("; {gateway}: {why}")).unwrap_or_default();
        return Err(Complaint::new(format!(
            "no cell {} here: {}{missing}; {FORM}",
            quoted(name),
            unknown(name, &names)
        )));
    };
    // Its control stands beside it: without it nothing is said of the gateway.
    let chain = &chains[*at..=*at];
    let control = |keys: &Keys| keys.cut == "none" && name.contains(&format!("/{}/", keys.origin()));
    let wanted = |chain: &Chain, keys: &Keys| name_of(chain, keys) == *name || control(keys);
    let rows = run_unless(table, chain, 1, &wanted, &|_| (), &|| stop.future());
    if let Some(reason) = stop.reason() {
        return Ok(Exit::Stopped(reason));
    }
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

/// What is not right in a name that no cell has.
fn unknown(name: &str, names: &[&str]) -> String {
    let words: Vec<&str> = name.split('/').collect();
    let begin = |upto: usize| -> Vec<&str> {
        let like = |its: &&str| its.split('/').take(upto).eq(words[..upto].iter().copied());
        names.iter().copied().filter(like).collect()
    };
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    match (1..=words.len()).find(|upto| begin(*upto).is_empty()) {
        None => {
            let all = begin(words.len());
            format!("that is the beginning of {} cells, one is {}", all.len(), all[0])
        }
        // Nothing is here of the gateways that the name may mean.
        Some(1) => no_gateway(word(1)),
        Some(2) => no_gateway(word(1)),
        Some(upto) => {
            let known: BTreeSet<&str> = begin(upto - 1).iter().filter_map(|its| its.split('/').nth(upto - 1)).collect();
            let known: Vec<&str> = known.into_iter().take(KNOWN).collect();
            format!("{} is not known (there: {})", quoted(word(upto - 1)), known.join(", "))
        }
    }
}

fn no_gateway(word: &str) -> String {
    let known = NAMES.join(", ");
    if word.is_empty() {
        return format!("it names no gateway (known: {known}, and those of --via)");
    }
    format!("{} is no gateway and version that is here (known: {known}, and those of --via)", quoted(word))
}
