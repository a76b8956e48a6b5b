//! `--html FILE`: opened before anything is played, written when all of it is.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mve::matrix::page;
use mve::matrix::row::Row;

use super::super::complaint::Complaint;

/// A file that a page can be written to. One that was not there is not left behind empty.
#[derive(Debug)]
pub struct Page {
    file: File,
    path: PathBuf,
    is_new: bool,
}

impl Page {
    /// Makes sure that it can be written; what stands in it stays until it is.
    pub fn at(path: &Path) -> Result<Self, Complaint> {
        let fresh = File::options().write(true).create_new(true).open(path).map(|file| (file, true));
        let opened = fresh.or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => File::options().write(true).open(path).map(|file| (file, false)),
            _ => Err(error),
        });
        let (file, is_new) = opened.map_err(|error| cannot(path, &error))?;
        Ok(Self { file, path: path.to_owned(), is_new })
    }

    /// Writes the page over what stands there.
    pub fn write(mut self, rows: &[Row]) -> Result<(), Complaint> {
        let page = page::page(rows);
        // A pipe has no length.
        let is_file = self.file.metadata().is_ok_and(|facts| facts.is_file());
        let emptied = if is_file { self.file.set_len(0) } else { Ok(()) };
        emptied.and_then(|()| self.file.write_all(page.as_bytes())).map_err(|error| cannot(&self.path, &error))?;
        self.is_new = false;
        Ok(())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if self.is_new {
            let _gone_already = fs::remove_file(&self.path);
        }
    }
}

fn cannot(path: &Path, error: &io::Error) -> Complaint {
    Complaint::new(format!("cannot write {}: {error}", path.display()))
}
