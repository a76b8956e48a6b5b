//! The fuzz targets' invariants over their corpus: what fuzzing has found stays found. `just fuzz` looks for more.

use std::fs;
use std::path::Path;

use rstest::rstest;

#[path = "../../harness/fuzz/src/lib.rs"]
mod fuzz;

#[rstest]
#[case::bundle("bundle", fuzz::bundle::check)]
#[case::conf("conf", fuzz::conf::check)]
#[case::events("events", fuzz::events::check)]
#[case::explain("explain", fuzz::explain::check)]
#[case::gateway("gateway", fuzz::gateway::check)]
#[case::h1("h1", fuzz::h1::check)]
#[case::notation("notation", fuzz::notation::check)]
#[case::packets("packets", fuzz::packets::check)]
#[case::transcript("transcript", fuzz::transcript::check)]
fn what_was_found_stays_found(#[case] target: &str, #[case] check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(corpus).expect("a corpus").map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        println!("{}", file.display());
        check(&fs::read(&file).expect("a file"));
    }
}
