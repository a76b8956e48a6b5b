//! A gateway's processes, as proc(5) tells of them.

use std::fs;

/// Whether a thread of this process is in state R or D: proc(5).
pub(super) fn is_busy(process: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return false };
    tasks.flatten().any(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        matches!(state_and_parent(&stat), Some(("R" | "D", _)))
    })
}

/// The name stands before them and may hold anything, a parenthesis too.
fn state_and_parent(stat: &str) -> Option<(&str, u32)> {
    let mut words = stat.rsplit_once(") ")?.1.split(' ');
    Some((words.next()?, words.next()?.parse().ok()?))
}

/// A process and all that it has started, however far down.
pub(super) fn descendants(of: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents: Vec<(u32, u32)> = processes
        .filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let number = process.file_name().to_str()?.parse().ok()?;
            Some((number, state_and_parent(&stat)?.1))
        })
        .collect();
    let mut family = vec![of];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(child, _)| *child));
        at += 1;
    }
    family
}
