//! `lastchunk show CELL`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use fixtures::gateways::NAMES;
use mve::matrix::chains::{self, Chains};
use mve::matrix::run::{Chain, run};
use mve::matrix::table::{Keys, Table};
use mve::player::install_panic_hook;

use super::super::complaint::Complaint;
use super::super::selection::quoted;
use super::super::{Exit, output};

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
