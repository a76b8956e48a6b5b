//! Every error is one line that says what to do, with status 2.

use std::io::pipe;

use mve::catalogue::FAILURES;
use mve::catalogue::cases;
use rstest::rstest;

use super::{Said, lastchunk, say};

#[rstest]
#[case::no_such_command(&["nope"], "unrecognized subcommand 'nope' (see `lastchunk --help`)")]
#[case::a_command_misspelt(
    &["doctr"],
    "unrecognized subcommand 'doctr' tip: a similar subcommand exists: 'doctor' (see `lastchunk --help`)"
)]
#[case::no_address(
    &["origin", "--listen", "127.0.0.1"],
    "invalid value '127.0.0.1' for '--listen <ADDRESS>': that is no address with a port: write one as 127.0.0.1:8000 (see `lastchunk origin --help`)"
)]
#[case::no_time(
    &["probe", "--for", "1e400", "http://127.0.0.1:1/"],
    "invalid value '1e400' for '--for <DURATION>': that is no time: write one as 500ms, 30s, 5min or 1h (see `lastchunk probe --help`)"
)]
#[case::no_worker(
    &["matrix", "--workers", "0"],
    "invalid value '0' for '--workers <N>': 0 is not in 1..=65535 (see `lastchunk matrix --help`)"
)]
#[case::a_bound_for_nobody(
    &["run", "--within", "1s"], "--within is for a server of yours: --origin http://127.0.0.1:8080/events"
)]
#[case::an_origin_behind_a_conf(
    &["run", "--via", "./nginx.conf", "--origin", "hyper"],
    "behind a conf of yours each case is played once, with its own origin: leave --origin, --times and --within out"
)]
#[case::times_behind_a_conf(
    &["run", "--via", "./nginx.conf", "--times", "3"],
    "behind a conf of yours each case is played once, with its own origin: leave --origin, --times and --within out"
)]
#[case::a_server_for_a_cell(
    &["show", "--server", "x", "truncation/nginx-1/default/chunked/none/fin/http-1.1"],
    "--server is for a conf of yours: --via ./nginx.conf"
)]
#[case::a_path_for_nobody(
    &["run", "--path", "/x"],
    "--path is for a conf of yours, --via ./nginx.conf, or with `run` for a command of yours, --origin 'cmd:./server --port {port}'"
)]
#[case::no_page(
    &["matrix", "--gateway", "nginx", "--html", "/dev/null/page"], "cannot write /dev/null/page: Not a directory (os error 20)"
)]
#[case::no_pattern_of_a_lint(&["lint", "./none.conf", "no-such-case"], "no case behind nginx is like \"no-such-case\"")]
#[case::no_such_option(&["list", "--yaml"], "unexpected argument '--yaml' found (see `lastchunk list --help`)")]
#[case::an_argument_missing(
    &["show"],
    "the following required arguments were not provided: <CASE> (see `lastchunk show --help`)"
)]
#[case::no_such_case(&["show", "zzzz"], "no case is like \"zzzz\" (`lastchunk list` names them all)")]
#[case::an_empty_name(&["show", ""], "no case is like \"\" (`lastchunk list` names them all)")]
#[case::no_such_pattern(&["run", "zzzz"], "no case is like \"zzzz\" (`lastchunk list` names them all)")]
#[case::one_pattern_of_two(&["run", "*", "zzzz"], "no case is like \"zzzz\" (`lastchunk list` names them all)")]
#[case::a_broken_pattern(&["run", "a["], "\"a[\" is no pattern: invalid range pattern")]
#[case::no_such_origin(
    &["run", "--origin", "cobol"],
    "--origin \"cobol\" is not known (known: hyper, scripted, writer, go, go@VERSION, go@all)"
)]
#[case::zero_times(
    &["run", "--times", "0"],
    "invalid value '0' for '--times <N>': 0 is not in 1..=4294967295 (see `lastchunk run --help`)"
)]
#[case::no_such_file(
    &["explain", "/nowhere/at/all"],
    "cannot read \"/nowhere/at/all\": No such file or directory (os error 2)"
)]
#[case::a_folder(&["explain", "/"], "cannot read \"/\": Is a directory (os error 21)")]
#[case::no_such_end(
    &["explain", "--end", "eof"],
    "invalid value 'eof' for '--end <END>' [possible values: fin, rst, open] (see `lastchunk explain --help`)"
)]
#[case::no_method(&["explain", "--method", "GET /"], "--method \"GET /\" is no method: write one as GET or HEAD")]
#[case::a_method_with_a_line_end(
    &["explain", "--method", "GET\r\nX: y"],
    "--method \"GET\\r\\nX: y\" is no method: write one as GET or HEAD"
)]
#[case::a_name_that_drives_a_terminal(
    &["show", "\x1b[2Jzzzz"],
    "no case is like \"\\x1b[2Jzzzz\" (`lastchunk list` names them all)"
)]
fn an_error_is_one_line_that_says_what_to_do(#[case] arguments: &[&str], #[case] line: &str) {
    let said = say(arguments);
    assert_eq!(said.err, format!("lastchunk: {line}\n"));
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
}

#[test]
fn an_unknown_place_names_the_known_ones() {
    let said = say(&["run", "--via", "nowhere"]);
    let known: Vec<String> = fixtures::nginx::conf::names().iter().map(|conf| format!("nginx:{conf}")).collect();
    let line = format!("--via \"nowhere\" is not known (known: direct, nginx, {})", known.join(", "));
    assert_eq!((said.status, said.err), (Some(2), format!("lastchunk: {line}\n")));
}

#[test]
fn a_name_that_may_mean_several_cases_names_them() {
    let failure = FAILURES.iter().find(|failure| cases().filter(|case| case.failure.name == failure.name).count() > 1);
    let failure = failure.expect("a failure of several cases");
    let said = say(&["show", failure.name]);
    assert_eq!(said.status, Some(2));
    assert!(
        said.err.starts_with(&format!("lastchunk: \"{}\" may be any of {}/", failure.name, failure.name)),
        "{said:?}"
    );
    assert_eq!(said.err.lines().count(), 1);
}

#[test]
fn a_name_with_a_slip_gets_near_ones() {
    for command in ["show", "run"] {
        let mut name = cases().next().expect("a case").name();
        name.remove(3);
        let said = say(&[command, &name]);
        let first = cases().next().expect("a case").name();
        assert_eq!(said.status, Some(2));
        assert!(
            said.err.starts_with(&format!("lastchunk: no case is like \"{name}\" (near to it: {first}")),
            "{said:?}"
        );
    }
}

#[test]
fn a_filter_that_is_no_word_is_refused() {
    let said = Said::by(lastchunk(&["list"]).env("LASTCHUNK_LOG", "harness=loud"));
    assert_eq!(said.err, "lastchunk: LASTCHUNK_LOG=harness=loud is no filter: try harness=debug\n");
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
}

#[rstest]
#[case(&["list"])]
#[case(&["list", "--json"])]
#[case(&["explain", "--end", "fin"])]
#[case(&["explain", "--json", "--end", "fin"])]
#[case(&["doctor", "--json"])]
#[case(&["run", "--json"])]
#[case(&["run"])]
#[case(&["--help"])]
fn output_that_nobody_reads_is_no_panic(#[case] arguments: &[&str]) {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    // Nothing is built, and the cases that could not run without are told as such: that is output too.
    let said = Said::by(lastchunk(arguments).env("LASTCHUNK_NGINX", "/nowhere/nginx").stdout(writer));
    assert_eq!((said.status, said.err.as_str()), (Some(141), ""));
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return eprintln!("skipped: this system has no /dev/full") };
    let said = Said::by(lastchunk(&["list"]).stdout(full));
    assert_eq!(said.status, Some(2));
    assert!(said.err.starts_with("lastchunk: cannot write the output: "), "{said:?}");
}

#[rstest]
#[case(&["--help"])]
#[case(&["--version"])]
#[case(&["help", "run"])]
#[case(&["explain", "--help"])]
fn help_is_no_error(#[case] arguments: &[&str]) {
    let said = say(arguments);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(!said.out.is_empty() && !said.out.contains('\x1b'));
}

#[test]
fn the_help_of_run_documents_every_key() {
    let help = say(&["help", "run"]).out;
    let said = Said::by(lastchunk(&["run", "--json"]).env("LASTCHUNK_NGINX", "/nowhere/nginx"));
    let object = &said.objects()[0];
    for key in object.as_object().expect("an object").keys() {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{key} "))), "{key} is not documented");
    }
}
