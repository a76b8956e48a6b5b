//! `lastchunk image`: the build context, for `docker build` and `compose.yaml`.

use std::io::Write as _;
use std::path::Path;

use fixtures::gateways::{self, Description, NAMES};
use fixtures::nginx::image::{self, Context};

use super::complaint::Complaint;
use super::selection::quoted;
use super::{Exit, output};

/// Writes the context, and says how to build the image.
pub fn write(gateway: Option<&str>, dir: &Path) -> Result<Exit, Complaint> {
    let context = match gateway {
        None => image::context(&fixtures::nginx::binary().map_err(Complaint::new)?).map_err(Complaint::new)?,
        Some(gateway) => of_gateway(gateway)?,
    };
    context.write_to(dir).map_err(|error| Complaint::new(format!("cannot write to {}: {error}", dir.display())))?;
    let mut out = output::text();
    writeln!(out, "docker build --tag {}:{} {}", context.name, context.tag, dir.display())?;
    out.flush()?;
    Ok(Exit::AsClaimed)
}

/// Of the version that is described last, which is the newest.
fn of_gateway(name: &str) -> Result<Context, Complaint> {
    if !NAMES.contains(&name) {
        return Err(Complaint::new(format!("no gateway {} (known: {})", quoted(name), NAMES.join(", "))));
    }
    let description = Description::read(&gateways::folder(name)).map_err(Complaint::new)?;
    let (binaries, missing) = gateways::found(&description);
    let newest = binaries.last().ok_or_else(|| Complaint::new(missing.join("; ")))?;
    gateways::image::context(&description, newest).map_err(Complaint::new)
}
