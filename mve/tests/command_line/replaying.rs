//! Every case of the catalogue is a bundle that plays again the same.

use mve::bundle::{Bundle, difference, play};
use mve::catalogue::cases;
use mve::machine::Machine;
use mve::player::{play_alone, show_unless};
use rstest::rstest;

#[rstest]
#[case::deadline_mid_flush("deadline_mid_flush")]
#[case::header_after_write("header_after_write")]
#[case::hijacked_connection("hijacked_connection")]
#[case::proxy_buffering("proxy_buffering")]
fn every_case_plays_again_the_same_out_of_its_bundle(#[case] failure: &str) {
    let machine = Machine::default();
    let mut differ = Vec::new();
    for case in cases().filter(|case| case.failure.name == failure) {
        let played = play_alone(&machine, &case).unwrap_or_else(|fault| panic!("{}: {fault}", case.name()));
        let folder = tempfile::tempdir().expect("a folder");
        Bundle::of(&machine, &case, played.transcript, false).write(folder.path()).expect("an empty folder");
        let bundle = Bundle::read(folder.path()).unwrap_or_else(|error| panic!("{}: {error}", case.name()));
        let stage = bundle.stage(&machine).expect("the case ran on it");
        let again = show_unless(stage, |stage| Box::pin(play(stage, &bundle.transcript)), std::future::pending());
        match again.map(|again| difference(&bundle.transcript, &again.transcript)) {
            Ok(None) => {}
            Ok(Some(difference)) => {
                differ.push(format!("{}\nrecorded:\n{}\nshown:\n{}", case.name(), difference.before, difference.after));
            }
            Err(fault) => differ.push(format!("{}\n{fault}", case.name())),
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}
