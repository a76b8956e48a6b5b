//! A gateway of the user's: a folder with a description and a conf, and no Rust. Each way to get it wrong is one line that
//! says what would be right.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rstest::rstest;
use tempfile::TempDir;

use super::{Said, executable, lastchunk, say};

/// What somebody might write who has an nginx of his own: as in fixtures/gateways/README.md.
const DESCRIPTION: &str = r#"
name = "my-gateway"
about = "what stands before our origin"
readers = ["http/1.1"]
arguments = ["-p", "@prefix@/", "-c", "@conf@", "-g", "daemon off; worker_processes 1; error_log stderr info; pid nginx.pid;"]

[version]
arguments = ["-v"]
after = "nginx/"

[confs]
default = "nginx.conf"

[[provider]]
kind = "path"
program = "bin/gateway"
"#;

const CONF: &str = "
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen @listen@;
        location / { proxy_pass http://@origin@; }
    }
}
";

/// A folder of the user's, with a link to the nginx that is built here.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let nginx = fixtures::nginx::binary().expect("nginx can be built");
    fs::create_dir(folder.path().join("bin")).expect("a folder");
    std::os::unix::fs::symlink(nginx.path, folder.path().join("bin/gateway")).expect("a link");
    write(folder.path(), "gateway.toml", DESCRIPTION);
    write(folder.path(), "nginx.conf", CONF);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file of our own");
}

/// A program in the place of the user's gateway, which does as `script` says once it has told its version.
fn program(folder: &Path, script: &str) {
    fs::remove_file(folder.join("bin/gateway")).expect("the link is there");
    let version = "if [ \"$1\" = -v ]; then echo nginx/1.2; exit; fi";
    executable(&folder.join("bin"), "gateway", &format!("{version}\n{script}"));
}

fn matrix(folder: &Path, further: &[&str]) -> Said {
    let mut command = lastchunk(&["matrix", "--via"]);
    Said::by(command.arg(folder).args(further).env("LASTCHUNK_PATIENCE_MS", "10000"))
}

#[test]
fn a_folder_is_all_that_a_gateway_of_ones_own_needs() {
    let folder = folder();
    let said = matrix(folder.path(), &["--json"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    let rows = said.objects();
    assert_eq!(rows.len(), 61);
    let version = fixtures::nginx::binary().expect("it is built").version;
    let first = format!(
        "{{\"table\":\"truncation\",\"gateway\":\"my-gateway\",\"version\":\"{version}\",\"conf\":\"default\",\
         \"origin_framing\":\"chunked\",\"origin_version\":\"http/1.1\",\"cut\":\"none\",\"end\":\"fin\",\"reader\":\"http/1.1\",\
         \"framing\":\"complete (last-chunk)\",\"outcome\":\"intact\",\"tail\":"
    );
    assert!(said.out.starts_with(&first), "{}", said.out.lines().next().unwrap_or_default());
    // It is the nginx whose table is reviewed, with the same conf: cell for cell the same.
    let reviewed = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/matrix");
    let reviewed = fs::read_to_string(reviewed.join(format!("truncation-nginx-{version}.txt"))).expect("it is there");
    let reviewed: String = reviewed.lines().skip(4).filter_map(|line| line.get(45..46)).collect();
    let shown = rows.iter().map(|row| match row["outcome"].as_str() {
        Some("intact") => '.',
        Some("cut-visible") => 'v',
        Some("altered") => 'A',
        Some("cut-silent") => 's',
        other => panic!("{other:?}"),
    });
    assert_eq!(shown.collect::<String>(), reviewed.replace('S', "s"));

    let cell = format!("truncation/my-gateway-{version}/default/close/in-content/fin/http-1.1");
    let shown = Said::by(lastchunk(&["show", &cell, "--via"]).arg(folder.path()));
    assert_eq!((shown.status, shown.err.as_str()), (Some(0), ""));
    assert!(shown.out.ends_with("outcome: cut-silent\n"), "{}", shown.out);
}

#[test]
fn the_smallest_gateway_of_the_readme_can_be_played() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/gateways/README.md");
    let readme = fs::read_to_string(readme).expect("it is there");
    let block = |kind: &str| {
        let (_, rest) = readme.split_once(&format!("```{kind}\n")).expect("it has such a block");
        rest.split_once("```").expect("it ends").0.to_owned()
    };
    let folder = folder();
    write(folder.path(), "gateway.toml", &block("toml").replace("/usr/sbin/nginx", "bin/gateway"));
    write(folder.path(), "nginx.conf", &block("nginx"));
    let said = matrix(folder.path(), &["departure", "--json"]);
    assert_eq!((said.status, said.err.as_str(), said.objects().len()), (Some(0), "", 3));
}

#[test]
fn the_other_tables_are_played_behind_it_too() {
    let folder = folder();
    let said = matrix(folder.path(), &["all", "--json"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    let rows = said.objects();
    let count = |table: &str| rows.iter().filter(|row| row["table"] == table).count();
    assert_eq!([count("truncation"), count("pairs"), count("held"), count("departure")], [61, 0, 7, 3]);
}

#[rstest]
#[case::a_slip_in_a_key("readers", "reader", "unknown field `reader`")]
#[case::no_toml(
    "name = \"my-gateway\"",
    "name = my-gateway",
    "line 2: string values must be quoted, expected literal string"
)]
#[case::a_key_is_missing("[version]\narguments = [\"-v\"]\nafter = \"nginx/\"", "", "missing field `version`")]
#[case::a_name_of_ours(
    "my-gateway",
    "nginx",
    "another gateway is named nginx, and cells are named by it: choose a name of its own"
)]
#[case::a_name_that_is_a_path("my-gateway", "../x", "name \"../x\" has to be of a-z, 0-9 and -: cells are named by it")]
#[case::an_unknown_reader("http/1.1", "http/3", "readers has \"http/3\" (known: http/1.1, http/1.0, http/2)")]
#[case::no_reader("[\"http/1.1\"]", "[]", "readers has no http/1.1, which the fence speaks")]
#[case::no_default("default =", "streaming =", "[confs] has no default")]
#[case::an_unknown_conf(
    "default =",
    "fast =",
    "[confs] has \"fast\", which no table plays (known: default, streaming, compressing)"
)]
#[case::an_unknown_word_in_the_arguments("@conf@", "@config@", "@config@ stands for nothing (known: ")]
#[case::no_fence(
    "readers",
    "fences = 0\nreaders",
    "fences = 0 proves nothing: 1 for one worker that does all in order, 2 for threads"
)]
#[case::a_provider_of_another_kind("\"path\"", "\"pathe\"", "unknown variant `pathe`")]
fn a_description_that_cannot_work_is_refused(#[case] this: &str, #[case] that: &str, #[case] why: &str) {
    let folder = folder();
    assert!(DESCRIPTION.contains(this));
    write(folder.path(), "gateway.toml", &DESCRIPTION.replacen(this, that, 1));
    let file = folder.path().join("gateway.toml");
    refused(folder.path(), &format!("{} describes no gateway: ", file.display()), why);
}

/// One line on standard error that starts in this way and has this in it, nothing else, and status 2.
fn refused(folder: &Path, start: &str, why: &str) {
    let said = matrix(folder, &["--json"]);
    let line = said.err.strip_suffix('\n').unwrap_or_default();
    assert!(line.starts_with(&format!("lastchunk: {start}")) && line.contains(why), "{}", said.err);
    assert!(!line.contains('\n'), "{}", said.err);
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
}

#[test]
fn a_folder_that_is_not_there_or_holds_no_description_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for place in [folder.path().to_owned(), folder.path().join("none")] {
        let start = format!("cannot read {}/gateway.toml: No such file or directory", place.display());
        refused(&place, &start, "see fixtures/gateways/README.md");
    }
}

#[test]
fn a_conf_that_is_not_there_is_refused() {
    let folder = folder();
    fs::remove_file(folder.path().join("nginx.conf")).expect("it is there");
    refused(folder.path(), "", "[confs] default: cannot read ");
}

#[rstest]
#[case::a_word("@listen@", "@lisen@", "nginx.conf: @lisen@ stands for nothing (known: @listen@ ")]
#[case::nobody_can_connect(
    "@listen@",
    "8080",
    "neither the arguments nor nginx.conf say @listen@, where readers connect"
)]
#[case::nobody_is_asked("@origin@", "127.0.0.1", "neither the arguments nor nginx.conf say @origin@, where to ask")]
fn a_conf_that_cannot_work_is_refused(#[case] this: &str, #[case] that: &str, #[case] why: &str) {
    let folder = folder();
    write(folder.path(), "nginx.conf", &CONF.replace(this, that));
    refused(folder.path(), "", why);
}

#[test]
fn a_program_that_is_not_there_or_cannot_be_started_is_told() {
    let folder = folder();
    fs::remove_file(folder.path().join("bin/gateway")).expect("the link is there");
    refused(folder.path(), "my-gateway: ", "bin/gateway: No such file or directory");
    write(folder.path(), "bin/gateway", "no program");
    refused(folder.path(), "my-gateway: ", "bin/gateway: Permission denied");
}

#[test]
fn a_program_without_a_version_is_told() {
    let folder = folder();
    write(folder.path(), "gateway.toml", &DESCRIPTION.replace("nginx/", "apache/"));
    refused(folder.path(), "my-gateway: ", "says no version after \"apache/\": \"nginx version: nginx/");
}

#[test]
fn a_description_without_a_provider_is_told() {
    let folder = folder();
    let (description, _) = DESCRIPTION.split_once("[[provider]]").expect("it is there");
    write(folder.path(), "gateway.toml", description);
    refused(folder.path(), "my-gateway: ", "no [[provider]]");
}

/// What goes wrong at the start is told once, not once a cell, with what the gateway said.
#[rstest]
#[case::that_ends(
    "echo 'bad conf,' >&2; echo 'line 3' >&2; exit 3",
    "it ended by itself: exit status: 3 | bad conf, | line 3"
)]
#[case::that_does_not_know_a_directive(
    "exec 2>&1; echo 'unknown directive'; exit 1",
    "exit status: 1 | unknown directive"
)]
#[case::that_never_listens("exec sleep 1000", "it does not listen on 127.")]
fn a_gateway_that_does_not_start_is_told_once(#[case] script: &str, #[case] why: &str) {
    let folder = folder();
    program(folder.path(), script);
    let mut command = lastchunk(&["matrix", "--via"]);
    let said = Said::by(command.arg(folder.path()).env("LASTCHUNK_PATIENCE_MS", "500"));
    assert_eq!(said.status, Some(2));
    let faults: Vec<&str> = said.out.lines().filter(|line| line.starts_with("fault: ")).collect();
    assert_eq!(faults.len(), 1, "{}", said.out);
    let start = "fault: truncation/my-gateway-1.2/default, 61 cells: failed to start my-gateway 1.2 default: ";
    assert!(faults[0].starts_with(start) && faults[0].contains(why), "{}", faults[0]);
}

/// Whether one that never rests has more to send, nobody can know; it ends with the gateway, and so does the wait for it.
#[test]
fn a_gateway_that_never_comes_to_rest_is_told_within_the_bound() {
    let folder = folder();
    let nginx = fixtures::nginx::binary().expect("it is built").path;
    program(folder.path(), &format!("while :; do :; done & exec '{}' \"$@\"", nginx.display()));
    let mut command = lastchunk(&["show", "truncation/my-gateway-1.2/default/close/in-content/fin/http-1.1", "--via"]);
    let said = Said::by(command.arg(folder.path()).env("LASTCHUNK_PATIENCE_MS", "2000"));
    let why =
        "my-gateway 1.2 default does not come to rest: waited 2000 ms for every thread to have nothing to do, in vain ";
    assert!(said.status == Some(2) && said.err.contains(why), "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
}

#[test]
fn a_gateway_that_asks_somebody_else_is_at_fault_and_not_judged() {
    let folder = folder();
    write(folder.path(), "nginx.conf", &CONF.replace("proxy_pass http://@origin@;", "return 404;\n# @origin@\n"));
    let said = matrix(folder.path(), &[]);
    assert_eq!(said.status, Some(2));
    let told =
        said.out.contains("61 cells: failed to start my-gateway") && said.out.contains("the fence's response is");
    assert!(told, "{}", said.out);
}

/// Rows are told as soon as their gateway has ended: one that never starts does not hold back those before it.
#[test]
fn the_rows_of_a_gateway_are_told_when_it_ends() {
    let (one, two) = (folder(), folder());
    let [started, never] = ["started", "never"].map(|name| two.path().join(name));
    let made = std::process::Command::new("mkfifo").args([&started, &never]).status().expect("mkfifo starts");
    assert!(made.success());
    program(two.path(), &format!("echo > '{}'; read line < '{}'", started.display(), never.display()));
    let other = DESCRIPTION.replace("\"my-gateway\"", "\"my-other\"");
    write(two.path(), "gateway.toml", &other);
    let mut command = lastchunk(&["matrix", "--json", "--workers", "1", "--via"]);
    command.arg(one.path()).arg("--via").arg(two.path()).env("LASTCHUNK_PATIENCE_MS", "3600000");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    fs::read_to_string(&started).expect("the second gateway says that it has started");
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    assert_eq!((said.status, said.err.as_str()), (Some(130), ""));
    let rows = said.objects();
    assert_eq!(rows.len(), 61);
    assert!(rows.iter().all(|row| row["gateway"] == "my-gateway"), "{}", said.out);
}

#[test]
fn a_page_is_written_over_what_stood_there() {
    let folder = folder();
    let page = folder.path().join("page.html");
    fs::write(&page, "x".repeat(10_000_000)).expect("a file of our own");
    let said = matrix(folder.path(), &["--html", page.to_str().expect("UTF-8")]);
    assert_eq!(said.status, Some(0), "{said:?}");
    let text = fs::read_to_string(&page).expect("it is written");
    assert!(text.starts_with("<!doctype html>") && text.trim_end().ends_with("</html>"), "{}", text.len());
}

#[rstest]
#[case::no_gateway("truncation/nope", "\"nope\" is no gateway and version that is here (known: ")]
#[case::no_pair("pairs/nosuch", "\"nosuch\" is no gateway and version that is here (known: ")]
#[case::nothing("truncation/", "it names no gateway (known: ")]
#[case::no_conf("truncation/my-gateway-V/nope", "\"nope\" is not known (there: default)")]
#[case::no_cut("truncation/my-gateway-V/default/chunked/nope/fin/http-1.1", "\"nope\" is not known (there: ")]
#[case::a_beginning(
    "truncation/my-gateway-V/default",
    "that is the beginning of 61 cells, one is truncation/my-gateway-"
)]
fn of_a_cell_that_is_not_there_the_wrong_word_is_told(#[case] name: &str, #[case] why: &str) {
    let folder = folder();
    let name = name.replace("-V", &format!("-{}", fixtures::nginx::binary().expect("it is built").version));
    let said = Said::by(lastchunk(&["show", &name, "--via"]).arg(folder.path()));
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
    assert!(said.err.starts_with(&format!("lastchunk: no cell \"{name}\" here: {why}")), "{}", said.err);
    assert!(said.err.contains("a name is table/gateway-version/conf/origin/cut/end/reader"), "{}", said.err);
}

#[test]
fn two_folders_of_one_name_are_refused() {
    let (one, two) = (folder(), folder());
    let said = matrix(one.path(), &["--via", &two.path().display().to_string()]);
    assert_eq!(said.status, Some(2));
    assert!(said.err.contains("another gateway is named my-gateway"), "{}", said.err);
}

#[test]
fn a_folder_is_of_no_use_to_a_case() {
    let said = say(&["show", "error_by_abort@as-shipped", "--via", "."]);
    assert_eq!(said.status, Some(2));
    assert!(said.err.starts_with("lastchunk: --via is for cells of the matrix"), "{}", said.err);
}
