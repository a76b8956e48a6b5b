//! `lastchunk image`: the build context, for `docker build` and `compose.yaml`.

use std::io::Write as _;
use std::path::Path;

use fixtures::nginx::image;

use super::complaint::Complaint;
use super::{Exit, output};

/// Writes the context, and says how to build the image.
pub fn write(dir: &Path) -> Result<Exit, Complaint> {
    let nginx = fixtures::nginx::binary().map_err(Complaint::new)?;
    let context = image::context(&nginx).map_err(Complaint::new)?;
    context.write_to(dir).map_err(|error| Complaint::new(format!("cannot write to {}: {error}", dir.display())))?;
    let mut out = output::text();
    writeln!(out, "docker build --tag {}:{} {}", context.name, context.tag, dir.display())?;
    out.flush()?;
    Ok(Exit::AsClaimed)
}
