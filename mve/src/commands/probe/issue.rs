//! `lastchunk probe --report`: the folder for an issue.

use std::path::{Path, PathBuf};

use mve::bundle::{Probe, empty};

use super::super::complaint::{Complaint, safe};
use super::super::selection::quoted;
use super::Seen;

/// What is asked of the folder.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Issue {
    /// Write the folder for an issue: of the first response that does harm, else of the first
    #[arg(long = "report", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// With --report: leave the values of Authorization, Cookie, ?token=, "api_key": in -d, and the like as they are
    #[arg(long, requires = "folder")]
    keep_secrets: bool,
}

impl Issue {
    /// Whether one is asked for.
    pub const fn is_asked_for(&self) -> bool {
        self.folder.is_some()
    }

    /// Complains of a folder that cannot take it, before anything is asked; it is there from then on.
    pub fn has_room(&self) -> Result<Room<'_>, Complaint> {
        let Some(folder) = self.folder.as_deref() else { return Ok(Room(None)) };
        let is_new = !folder.exists();
        empty(folder).map_err(|error| complaint(folder, &error))?;
        Ok(Room(is_new.then_some(folder)))
    }

    /// Writes what was seen, if it is asked for; what to say of it, in lines.
    pub fn write(&self, seen: Option<&Seen>, expect_end: Option<&str>) -> Result<Vec<String>, Complaint> {
        let (Some(folder), Some(seen)) = (&self.folder, seen) else { return Ok(Vec::new()) };
        let resumed = seen.resumed.as_ref().map_or(&[][..], |resumed| &resumed.findings);
        let probe = Probe {
            request: &seen.request,
            expect_end,
            probed: &seen.probed,
            resumed,
            keep_secrets: self.keep_secrets,
        };
        let page = folder.join("report.md");
        let mut said = vec![format!("report: {}", safe(&page.to_string_lossy()))];
        let (written, redacted) = match probe.bundle() {
            Some(bundle) => (bundle.write(folder), bundle.about.redacted),
            None => {
                let (text, redacted) = probe.page();
                said.push(
                    "no transcript is in it: frames of HTTP/2 are not kept (--http1.1 may show it too)".to_owned(),
                );
                (std::fs::write(&page, text), redacted)
            }
        };
        written.map_err(|error| complaint(folder, &error))?;
        if !redacted.is_empty() {
            let names: Vec<String> = redacted.iter().map(|name| safe(name)).collect();
            said.push(format!("redacted: {} (--keep-secrets leaves them)", names.join(", ")));
        }
        Ok(said)
    }
}

/// A folder that was made here: if nothing comes into it, it goes again.
#[derive(Debug)]
pub struct Room<'a>(Option<&'a Path>);

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some(folder) = self.0 {
            let _has_something_in_it = std::fs::remove_dir(folder);
        }
    }
}

fn complaint(folder: &Path, error: &std::io::Error) -> Complaint {
    let folder = quoted(&folder.to_string_lossy());
    Complaint::new(format!("cannot write the report to {folder}: {error}; name another folder with --report"))
}
