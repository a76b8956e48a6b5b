//! Playing cases: what is told, and the exit status.

use mve::catalogue::{Case, Via, cases};
use rstest::rstest;
use serde_json::Value;

use super::{Said, behind_nginx, executable, false_nginx, lastchunk, say};

const RUN_KEYS: [&str; 13] = [
    "case",
    "failure",
    "variant",
    "origin",
    "via",
    "framing",
    "by",
    "events",
    "pending",
    "outcome",
    "claimed",
    "as_claimed",
    "why",
];

/// A machine without nginx, whatever it has.
fn without_nginx(arguments: &[&str]) -> Said {
    Said::by(lastchunk(arguments).env("LASTCHUNK_NGINX", "/nowhere/nginx"))
}

const NO_NGINX: &str = "LASTCHUNK_NGINX=/nowhere/nginx is not an nginx: No such file or directory (os error 2)";

#[test]
fn every_case_is_told_in_order_and_the_status_follows() {
    let said = say(&["run", "--json"]);
    let objects = said.objects();
    let told: Vec<&str> = objects.iter().filter_map(|object| object["case"].as_str()).collect();
    let all: Vec<String> = cases().map(|case| case.name()).collect();
    assert_eq!(told, all);
    let standing: Vec<Option<bool>> = objects.iter().map(|object| object["as_claimed"].as_bool()).collect();
    let status = if standing.contains(&Some(false)) {
        1
    } else if standing.contains(&None) {
        2
    } else {
        0
    };
    assert_eq!(said.status, Some(status));
    for (object, case) in objects.iter().zip(cases()) {
        let keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
        let mut expected = RUN_KEYS;
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(object["claimed"], case.shows.outcome.name());
    }
}

#[test]
fn a_case_that_cannot_run_is_told_with_the_reason() {
    let case = behind_nginx();
    let said = without_nginx(&["run", &case.name()]);
    let name = case.name();
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.out.contains("not run"), "{said:?}");
    assert!(said.out.contains(&format!("{name}\n  because {NO_NGINX}\n")), "{said:?}");
    assert!(said.out.contains(" 0 as claimed, 0 not as claimed, "), "{said:?}");

    let said = without_nginx(&["run", "--json", &case.name()]);
    let object = &said.objects()[0];
    assert_eq!((said.status, &object["why"]), (Some(2), &NO_NGINX.into()));
    for key in ["framing", "by", "events", "pending", "outcome", "as_claimed"] {
        assert_eq!(object[key], Value::Null, "{key}");
    }

    let said = without_nginx(&["show", &name]);
    assert_eq!(said.err, format!("lastchunk: cannot run {name}: {NO_NGINX}\n"));
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
}

#[test]
fn list_tells_what_cannot_run_and_builds_nothing() {
    let said = without_nginx(&["list", "--json"]);
    let objects = said.objects();
    assert_eq!((said.status, objects.len()), (Some(0), cases().count()));
    for (object, case) in objects.iter().zip(cases()) {
        let can = case.shows.via == Via::Direct;
        assert_eq!(object["case"], case.name());
        assert_eq!(object["can_run"], can);
        assert_eq!(object["why"], if can { Value::Null } else { NO_NGINX.into() });
        assert_eq!(object["outcome"], case.shows.outcome.name());
        assert_eq!(object["twin"], case.twin().map_or(Value::Null, |twin| twin.name().into()));
    }
    let text = without_nginx(&["list"]).out;
    assert!(text.contains(&format!("    cannot run here: {NO_NGINX}\n")), "{text}");

    let folder = tempfile::tempdir().expect("a folder");
    let said = Said::by(
        lastchunk(&["list", "--json"]).env("LASTCHUNK_NGINX", "").env("PATH", folder.path()).env("CARGO", "no-cargo"),
    );
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
}

#[test]
fn a_case_that_fails_is_not_as_claimed() {
    let Ok(nginx) = fixtures::nginx::binary() else { return eprintln!("skipped: no nginx") };
    let folder = tempfile::tempdir().expect("a folder");
    // It answers by itself: what the case waits for never comes.
    let script = format!(
        "for word; do [ \"$before\" = -c ] && sed -i 's/proxy_pass [^;]*;/return 204;/' \"$word\"; before=$word; done\n\
         exec '{}' \"$@\"",
        nginx.path.display()
    );
    let nginx = false_nginx(folder.path(), &script);
    let name = behind_nginx().name();
    let with = |arguments: &[&str]| {
        Said::by(
            lastchunk(arguments)
                .env("LASTCHUNK_NGINX", &nginx)
                // Long enough for a gateway to start on a busy machine.
                .env("LASTCHUNK_PATIENCE_MS", "3000")
                .env("RUST_BACKTRACE", "1"),
        )
    };
    let said = with(&["run", &name]);
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.out.contains("failed"), "{said:?}");
    assert!(said.out.contains(&format!("not as claimed: {name}: ")), "{said:?}");
    assert!(said.out.contains(&format!("  see how: lastchunk show {name}\n")), "{said:?}");
    let said = with(&["show", &name]);
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.starts_with(&format!("lastchunk: {name} failed: ")) && said.err.lines().count() == 1, "{said:?}");
    let said = with(&["show", &name, "--verbose"]);
    assert!(said.status == Some(1) && said.err.contains("stack backtrace:"), "{said:?}");
}

/// The status is the same whether it is gone before the connection is made, or while that waits to be taken.
#[rstest]
#[case::at_once("exit 1", "10000", "nginx ended by itself: exit status: 1")]
#[case::with_a_word("echo '[emerg] no room' >&2; exit 1", "10000", "[emerg] no room")]
#[case::after_a_while(
    "sed -n 's/^cpu//p' /proc/stat >/dev/null; exit 3",
    "10000",
    "nginx ended by itself: exit status: 3"
)]
#[case::not_at_all("exec tail -f /dev/null", "300", "it takes no connection within 300 ms")]
fn a_gateway_that_does_not_start_is_no_fault_of_the_case(
    #[case] script: &str,
    #[case] patience_ms: &str,
    #[case] why: &str,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let nginx = false_nginx(folder.path(), script);
    let name = behind_nginx().name();
    for _ in 0..8 {
        let mut command = lastchunk(&["show", &name]);
        let said = Said::by(command.env("LASTCHUNK_NGINX", &nginx).env("LASTCHUNK_PATIENCE_MS", patience_ms));
        assert_eq!(said.status, Some(2), "{said:?}");
        assert!(said.err.contains("failed to start nginx ") && said.err.ends_with(&format!(": {why}\n")), "{said:?}");
    }
}

#[test]
fn a_gateway_that_does_not_end_is_killed_and_said_so() {
    let Ok(nginx) = fixtures::nginx::binary() else { return eprintln!("skipped: no nginx") };
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!("trap '' TERM\n'{}' \"$@\" &\nwhile :; do wait; done", nginx.path.display());
    let nginx = false_nginx(folder.path(), &script);
    let name = behind_nginx().name();
    let mut command = lastchunk(&["show", &name]);
    let said = Said::by(command.env("LASTCHUNK_NGINX", &nginx).env("LASTCHUNK_PATIENCE_MS", "3000"));
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.contains("nginx did not end within 3000 ms of SIGTERM, and was killed"), "{said:?}");
}

/// nginx with one directive more: its transcript is another one, its outcome the same.
#[test]
fn a_transcript_that_is_not_the_reviewed_one_is_shown_with_the_difference() {
    let Ok(nginx) = fixtures::nginx::binary() else { return eprintln!("skipped: no nginx") };
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "for word; do [ \"$before\" = -c ] && sed -i 's/http {{/http {{ server_tokens off;/' \"$word\"; before=$word; done\n\
         exec '{}' \"$@\"",
        nginx.path.display()
    );
    let nginx = false_nginx(folder.path(), &script);
    let name = behind_nginx().name();
    let said = Said::by(lastchunk(&["show", &name]).env("LASTCHUNK_NGINX", &nginx));
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.out.contains("\nnot as claimed: its transcript is not the reviewed one\n"), "{said:?}");
    assert!(said.out.contains("\n-p>c  Server: nginx/<version>\\r\\n\n+p>c  Server: nginx\\r\\n\n"), "{said:?}");

    let said = Said::by(lastchunk(&["run", "--json", &name]).env("LASTCHUNK_NGINX", &nginx));
    let object = &said.objects()[0];
    assert_eq!((said.status, &object["as_claimed"]), (Some(1), &false.into()));
    assert_eq!(object["why"], "its transcript is not the reviewed one");
}

#[test]
fn a_text_that_differs_from_the_first_is_told() {
    let Ok(nginx) = fixtures::nginx::binary() else { return eprintln!("skipped: no nginx") };
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "played='{}/played'\n[ -e \"$played\" ] && for word; do [ \"$before\" = -c ] && \
         sed -i 's/http {{/http {{ server_tokens off;/' \"$word\"; before=$word; done\n\
         : > \"$played\"\nexec '{}' \"$@\"",
        folder.path().display(),
        nginx.path.display()
    );
    let nginx = false_nginx(folder.path(), &script);
    let name = behind_nginx().name();
    let said = Said::by(lastchunk(&["run", "--times", "3", &name]).env("LASTCHUNK_NGINX", &nginx));
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.out.contains(&format!("not as claimed: {name}: time 2 of 3 differs from the first\n")), "{said:?}");
    assert!(said.out.contains("\n+p>c  Server: nginx\\r\\n\n"), "{said:?}");
}

#[test]
fn a_name_may_be_shortened() {
    for case in cases().filter(|case| case.shows.via == Via::Direct || fixtures::nginx::binary().is_ok()).take(3) {
        let name = case.name();
        let (_, short) = name.split_once('/').expect("a failure and a variant");
        let said = say(&["show", short]);
        let shares_it = |other: &Case| other.name().split_once('/').is_some_and(|(_, its)| its == short);
        let all: Vec<String> = cases().filter(shares_it).map(|case| case.name()).collect();
        if all.len() > 1 {
            assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{said:?}");
            assert_eq!(said.err, format!("lastchunk: \"{short}\" may be any of {}\n", all.join(", ")));
        } else {
            assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
            assert!(said.out.starts_with(&format!("{name}\n{}\n", case.shows.says)), "{said:?}");
        }
    }
}

#[rstest]
#[case(&["list"])]
#[case(&["run"])]
#[case(&["doctor"])]
#[case(&["show"])]
#[case(&["explain", "--end", "fin"])]
fn a_pipe_gets_no_colours(#[case] arguments: &[&str]) {
    let name = behind_nginx().name();
    let mut arguments = arguments.to_vec();
    if arguments == ["show"] {
        arguments.push(&name);
    }
    let escape = |said: Said| (said.out + &said.err).contains('\x1b');
    assert!(!escape(say(&arguments)));
    assert!(!escape(Said::by(lastchunk(&arguments).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"))));
    if arguments != ["doctor"] || fixtures::nginx::binary().is_ok() {
        assert!(escape(Said::by(lastchunk(&arguments).env("CLICOLOR_FORCE", "1"))), "{arguments:?}");
    }
}

#[test]
fn the_log_of_the_harness_is_written_when_it_is_asked_for() {
    // Of a case without a gateway: that one runs on every machine.
    let name = cases().find(|case| case.shows.via == Via::Direct).expect("there is one").name();
    let said = Said::by(lastchunk(&["show", &name]).env("LASTCHUNK_LOG", "harness=trace"));
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.err.contains("harness::observer"), "{said:?}");
    assert_eq!(say(&["show", &name]).out, said.out);
}

/// The toolchain shows its variables, and builds nothing.
#[test]
fn what_a_person_has_set_for_programs_of_his_own_does_not_change_those_of_go() {
    const SET: [(&str, &str); 8] = [
        ("GOOS", "plan9"),
        ("GOARCH", "arm"),
        ("GOAMD64", "v4"),
        ("GOEXPERIMENT", "boringcrypto"),
        ("GOFLAGS", "-race"),
        ("GOROOT", "/nowhere"),
        ("GOWORK", "/nowhere/go.work"),
        ("GOENV", "/nowhere/env"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let go = executable(
        folder.path(),
        "go",
        "if [ \"$1\" = version ]; then echo go version go1.99.0 linux/amd64; exit; fi\nenv | sort | grep '^GO' >&2\nexit 1",
    );
    let has_part = |case: &Case| fixtures::go::part(case.failure.name, case.variant.name).is_some();
    let case = cases().find(|case| case.shows.via == Via::Direct && has_part(case)).expect("there is one");
    let mut command = lastchunk(&["run", "--origin", "go@1.99", case.variant.name]);
    let said = Said::by(command.env("LASTCHUNK_GO", &go).envs(SET));
    assert!(said.status == Some(2) && said.out.contains("GOCACHE="), "{said:?}");
    let heeded = SET.into_iter().filter(|(name, value)| said.out.contains(&format!("{name}={value}")));
    assert_eq!(heeded.collect::<Vec<_>>(), [], "{said:?}");
}
