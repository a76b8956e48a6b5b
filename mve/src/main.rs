//! temp
use mve::{catalogue, player};
fn main() {
    let m = player::Machine::default();
    let want = std::env::args().nth(1).unwrap_or_default();
    for c in catalogue::cases() {
        if !c.name().contains(&want) {
            continue;
        }
        match m.play_alone(&c) {
            Ok(p) => println!("== {} claimed {} as_claimed {}\n{}", c.name(), c.shows.outcome, p.as_claimed, p.text),
            Err(e) => println!("== {} FAULT {e}", c.name()),
        }
    }
}
