//! temp
use mve::matrix::{axes::*, run::*};
use harness::gateway::Described;
use std::collections::BTreeMap;
fn main() {
    let want = std::env::args().nth(1).unwrap_or_default();
    let cellwant = std::env::args().nth(2).unwrap_or_default();
    let mut chains = vec![];
    for d in fixtures::gateways::all().unwrap() {
        if !d.name.contains(&want) && !want.is_empty() { continue; }
        let (bins, _) = fixtures::gateways::found(&d);
        for b in bins { for conf in d.confs.keys() {
            chains.push(Chain { gateways: vec![Described { description: d.clone(), binary: b.clone(), conf: conf.clone() }], readers: d.readers.iter().map(|r| Protocol::named(r).unwrap()).collect() });
        } }
    }
    let t = std::process::Command::new("date").arg("+%s.%N").output().unwrap();
    let rows = run(&chains, 4, &|_, c| c.name().contains(&cellwant));
    let mut sum: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for r in &rows {
        let o = match &r.result { Ok(f) => f.outcome.to_string(), Err(_) => "fault".into() };
        *sum.entry(format!("{} {} {} {}", r.gateway, r.version, r.conf, r.cell.reader)).or_default().entry(o.clone()).or_default() += 1;
        if !cellwant.is_empty() { if let Ok(f) = &r.result { println!("== {} {} {} {}\n{}", r.gateway, r.version, r.conf, r.cell.name(), f.transcript); } }
        match &r.result { Ok(f) => println!("{}/{}/{}/{} {} | {} | {} | -{} +{} | {}", r.gateway, r.version, r.conf, r.cell.name(), o, f.framing, f.ending, f.lost, f.added, f.tail), Err(e) => println!("{}/{}/{}/{} FAULT {}", r.gateway, r.version, r.conf, r.cell.name(), e.lines().take(if cellwant.is_empty() {2} else {60}).collect::<Vec<_>>().join("\n   ")) }
    }
    for (k, v) in sum { println!("{k}: {v:?}"); }
    println!("{} rows from {}", rows.len(), String::from_utf8_lossy(&t.stdout));
}
