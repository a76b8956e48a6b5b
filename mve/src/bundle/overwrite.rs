//! A bundle in the place of another one, of which nothing stays and beside which nothing is lost.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use harness::wire::notation::printable;

use super::{Bundle, NoBundle};

/// Why nothing in a folder is overwritten, in a line.
#[derive(Debug, thiserror::Error)]
pub enum NotOverwritten {
    /// There is none.
    #[error("what is there is no bundle, and is not overwritten ({0})")]
    NoBundle(NoBundle),
    /// There is something beside it.
    #[error("\"{0}\" is there, which is no file of the bundle: nothing is overwritten")]
    Stranger(String),
    /// It cannot be looked at, or not be written.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

/// The names of the files of the bundle in a folder, if nothing else is there.
///
/// # Errors
/// [`NotOverwritten`].
pub fn overwritable(folder: &Path) -> Result<BTreeSet<String>, NotOverwritten> {
    let bundle = Bundle::read(folder).map_err(NotOverwritten::NoBundle)?;
    let names: BTreeSet<String> = bundle.files().into_iter().map(|(name, _)| name).collect();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == OCTETS && entry.file_type()?.is_dir() {
            for entry in fs::read_dir(entry.path())? {
                known(&names, &format!("{OCTETS}/"), &entry?)?;
            }
        } else {
            known(&names, "", &entry)?;
        }
    }
    Ok(names)
}

const OCTETS: &str = "octets";

/// Whether it is a file, and no link to one, that the bundle has.
fn known(names: &BTreeSet<String>, folder: &str, entry: &DirEntry) -> Result<(), NotOverwritten> {
    let name = format!("{folder}{}", entry.file_name().to_string_lossy());
    if names.contains(&name) && entry.file_type()?.is_file() {
        return Ok(());
    }
    Err(NotOverwritten::Stranger(printable(&name)))
}

impl Bundle {
    /// Writes the folder in the place of the bundle that is there. Until all is written, that one stays as it was.
    ///
    /// # Errors
    /// [`NotOverwritten`].
    pub fn overwrite(&self, folder: &Path) -> Result<(), NotOverwritten> {
        let old = overwritable(folder)?;
        // In the folder: from there it takes a rename only.
        let beside = tempfile::Builder::new().prefix(".lastchunk.").tempdir_in(folder)?;
        self.write(beside.path())?;
        let new: BTreeSet<String> = self.files().into_iter().map(|(name, _)| name).collect();
        fs::create_dir_all(folder.join(OCTETS))?;
        for name in &new {
            fs::rename(beside.path().join(name), folder.join(name))?;
        }
        for name in old.difference(&new) {
            fs::remove_file(folder.join(name))?;
        }
        Ok(beside.close()?)
    }
}
