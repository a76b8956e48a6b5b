//! The folder that a gateway works in: held by its owner for as long as that lives, and swept when nobody holds it.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::ending;

/// How the names of our folders begin.
const PREFIX: &str = "lastchunk.";

/// A fresh folder among the system's temporary ones. It is gone when this is dropped; when its owner was killed, the
/// next one's sweep removes it.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
    /// Let go of after the folder is gone.
    _held: File,
}

impl Folder {
    /// Makes one for such a gateway, and holds it. The first one of a process sweeps before.
    pub(super) fn new(whose: &str) -> io::Result<Self> {
        sweep_once();
        loop {
            let folder = tempfile::Builder::new().prefix(&format!("{PREFIX}{whose}.")).tempdir()?;
            // Between its making and its holding another one's sweep may take it.
            if let Some(held) = hold(folder.path())? {
                return Ok(Self { folder, _held: held });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Takes the lock on a folder; none if somebody else has it, or if the folder is gone. The kernel lets go of the lock
/// when its holder ends, however it ends; a program that it starts does not inherit it.
fn hold(folder: &Path) -> io::Result<Option<File>> {
    let held = match File::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match held.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Whoever held it before has removed it, perhaps, and what is held is no longer what bears the name.
    let identity = |of: fs::Metadata| (of.dev(), of.ino());
    let its = identity(held.metadata()?);
    Ok(fs::symlink_metadata(folder).is_ok_and(|named| identity(named) == its).then_some(held))
}

/// Removes the folders of ours that nobody holds, ends the gateways that still work in one, and tells which folders they
/// were, in the order of their names.
///
/// # Errors
/// When the folder of temporary files cannot be read; what cannot be removed is left to the next sweep.
pub fn sweep() -> io::Result<Vec<PathBuf>> {
    sweep_in(&env::temp_dir())
}

fn sweep_in(place: &Path) -> io::Result<Vec<PathBuf>> {
    let own = rustix::process::geteuid().as_raw();
    let is_ours = |folder: &PathBuf| {
        let named = folder.file_name().is_some_and(|name| name.as_bytes().starts_with(PREFIX.as_bytes()));
        named && fs::symlink_metadata(folder).is_ok_and(|it| it.is_dir() && it.uid() == own)
    };
    let mut swept: Vec<PathBuf> = fs::read_dir(place)?.flatten().map(|entry| entry.path()).filter(is_ours).collect();
    swept.retain(|folder| {
        let Ok(Some(_held)) = hold(folder) else { return false };
        end_survivors(folder);
        fs::remove_dir_all(folder).is_ok()
    });
    swept.sort();
    Ok(swept)
}

/// Ends the gateways that have outlived their owner: nginx forgets a signal that comes between its handlers and its first
/// wait for one, that of its parent's death too. A gateway is known by its standard error, which is a file of its folder.
fn end_survivors(folder: &Path) {
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let said_to = fs::read_link(process.path().join("fd/2"));
        let number = process.file_name().to_str().and_then(|name| name.parse().ok());
        if let (Some(number), true) = (number, said_to.is_ok_and(|file| file.starts_with(folder)))
            && let Some(pid) = Pid::from_raw(number)
        {
            let _gone_already = kill_process(pid, Signal::KILL);
            ending::has_ended(number.cast_unsigned(), SOON);
        }
    }
}

/// How long a process is waited for that was killed.
const SOON: Duration = Duration::from_secs(1);

fn sweep_once() {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| match sweep() {
        Ok(folders) if folders.is_empty() => {}
        Ok(folders) => tracing::info!(?folders, "removed folders whose process is gone"),
        Err(error) => tracing::warn!(%error, "failed to look for folders whose process is gone"),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folders: &[PathBuf]) -> Vec<&str> {
        folders.iter().filter_map(|folder| folder.file_name()?.to_str()).collect()
    }

    #[test]
    fn a_sweep_removes_what_nobody_holds_and_nothing_else() {
        let place = tempfile::tempdir().expect("a folder");
        for name in ["lastchunk.nginx.a", "lastchunk.nginx.b", "lastchunk.nginx.held", "another"] {
            fs::create_dir(place.path().join(name)).expect("a folder");
        }
        fs::write(place.path().join("lastchunk.nginx.b/error.log"), "what it said").expect("a file");
        fs::write(place.path().join("lastchunk.file"), "no folder").expect("a file");
        std::os::unix::fs::symlink(place.path().join("another"), place.path().join("lastchunk.link")).expect("a link");
        let held = hold(&place.path().join("lastchunk.nginx.held")).expect("it can be held").expect("by nobody yet");

        let swept = sweep_in(place.path()).expect("it can be read");
        assert_eq!(names(&swept), ["lastchunk.nginx.a", "lastchunk.nginx.b"]);
        let left = sweep_in(place.path()).expect("it can be read");
        assert_eq!(names(&left), [""; 0]);
        for name in ["lastchunk.nginx.held", "another", "lastchunk.file", "lastchunk.link"] {
            assert!(fs::symlink_metadata(place.path().join(name)).is_ok(), "{name} is left");
        }
        drop(held);
        assert_eq!(names(&sweep_in(place.path()).expect("it can be read")), ["lastchunk.nginx.held"]);
    }

    #[test]
    fn a_folder_is_not_held_by_a_name_that_is_another_ones() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("lastchunk.nginx.a");
        fs::create_dir(&folder).expect("a folder");
        let first = hold(&folder).expect("it can be held");
        assert!(first.is_some());
        assert!(hold(&folder).expect("it can be asked").is_none(), "somebody has it");
        fs::remove_dir(&folder).expect("it is empty");
        assert!(hold(&folder).expect("it can be asked").is_none(), "it is gone");
    }
}
