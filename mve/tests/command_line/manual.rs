//! The manual, the completions, and that every help has an example.

use rstest::rstest;

use super::{Said, lastchunk, say};

/// The commands that the help of all names.
fn commands() -> Vec<String> {
    let help = say(&["--help"]).out;
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let list =
        list.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let words = list.filter_map(|line| line.split_whitespace().next()).filter(|word| *word != "help");
    words.map(str::to_owned).collect()
}

#[test]
fn every_help_has_an_example() {
    let commands = commands();
    assert!(commands.len() >= 9, "{commands:?}");
    // Those that the list leaves out, too.
    for command in commands.into_iter().chain(["man".to_owned(), "completions".to_owned()]) {
        let help = say(&["help", &command]).out;
        let example = format!("lastchunk {command}");
        let lines = help.lines().filter(|line| !line.starts_with("Usage:"));
        assert!(lines.filter(|line| line.contains(&example)).count() > 0, "{command} has no example:\n{help}");
    }
}

/// A help that is broken by hand at another width than the terminal's is broken again, in the middle of its sentences.
#[test]
fn no_help_is_broken_twice() {
    let mut all = commands();
    all.extend(["man", "completions", "fidelity", "image"].map(str::to_owned));
    for command in all {
        let at = |columns: &str| Said::by(lastchunk(&["help", &command]).env("COLUMNS", columns)).out;
        let (narrow, wide) = (at("80"), at("100"));
        let over: Vec<&str> = narrow.lines().filter(|line| line.chars().count() > 80).collect();
        assert_eq!(over, Vec::<&str>::new(), "{command}");
        // Behind the options stands what is broken by hand.
        let (narrow, wide) = (behind_the_options(&narrow), behind_the_options(&wide));
        assert_eq!(narrow, wide, "{command}");
    }
}

fn behind_the_options(help: &str) -> &str {
    let at = help.find("Print help").expect("every command has that option");
    help[at..].split_once("\n\n").map_or("", |(_, rest)| rest)
}

#[test]
fn the_manual_names_every_command() {
    let page = say(&["man"]);
    assert_eq!((page.status, page.err.as_str()), (Some(0), ""));
    assert!(page.out.contains(".TH lastchunk 1"), "{}", page.out);
    let folder = tempfile::tempdir().expect("a folder");
    let said = say(&["man", folder.path().to_str().expect("UTF-8")]);
    assert_eq!((said.status, said.out.as_str()), (Some(0), ""));
    for command in commands() {
        assert!(page.out.contains(&format!("lastchunk\\-{command}(1)")), "{command}");
        assert!(folder.path().join(format!("lastchunk-{command}.1")).is_file(), "{command}");
    }
}

#[rstest]
#[case::bash("bash", "complete -F _lastchunk")]
#[case::zsh("zsh", "#compdef lastchunk")]
#[case::fish("fish", "complete -c lastchunk")]
fn a_shell_completes_every_command(#[case] shell: &str, #[case] sign: &str) {
    let said = say(&["completions", shell]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains(sign), "{}", said.out);
    assert!(commands().iter().all(|command| said.out.contains(command.as_str())));
}

#[test]
fn a_command_has_a_page_of_its_own_and_makes_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = Said::by(lastchunk(&["man", "probe"]).current_dir(&folder));
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains(".TH lastchunk-probe 1") && said.out.contains("expect"), "{}", said.out);
    assert_eq!(std::fs::read_dir(&folder).expect("it is there").count(), 0);
}

#[test]
fn help_has_neither_a_page_nor_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = Said::by(lastchunk(&["man", "help"]).current_dir(&folder));
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
    assert!(said.err.starts_with("lastchunk: help has no page: "), "{said:?}");
    assert_eq!(std::fs::read_dir(&folder).expect("it is there").count(), 0);
    let said = Said::by(lastchunk(&["man", "./help"]).current_dir(&folder));
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(folder.path().join("help/lastchunk.1").is_file());
}

#[test]
fn a_folder_that_cannot_be_written_is_told_in_a_line() {
    let said = say(&["man", "/dev/null/man"]);
    assert_eq!(said.status, Some(2));
    assert!(said.err.starts_with("lastchunk: cannot write the manual to \"/dev/null/man\": "), "{said:?}");
}
