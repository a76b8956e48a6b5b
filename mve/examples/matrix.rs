//! temp
use mve::matrix::{chains, run::*, table::*, text};
fn main() {
    let table = Table::named(&std::env::args().nth(1).unwrap()).unwrap();
    let want = std::env::args().nth(2).unwrap_or_default();
    let cellwant = std::env::args().nth(3).unwrap_or_default();
    let c = chains::of(table, &|n| want.is_empty() || n == want, &[]).unwrap();
    let rows = run(table, &c.chains, 4, &|_, k| k.name().contains(&cellwant), &|_| ());
    for (name, rows) in text::by_version(&rows) { println!("{}", text::reviewed(&name, &rows)); }
    for r in &rows { match &r.result { Ok(f) => println!("{} {} | {} | {} | -{} +{} | {}", r.name(), f.outcome, f.framing, f.ending, f.lost, f.added, f.tail), Err(e) => println!("{} FAULT {}", r.name(), e.lines().take(6).collect::<Vec<_>>().join("\n   ")) }
     if !cellwant.is_empty() { if let Ok(f) = &r.result { println!("{}", f.transcript); } } }
}
