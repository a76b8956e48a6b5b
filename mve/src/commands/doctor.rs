//! `lastchunk doctor`.

mod engine;

use std::env;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;

use clap::Args;
use fixtures::gateways::{self, Description, Source};
use fixtures::nginx::{Nginx, Provider};
use harness::gateway::engine::Engine;
use mve::machine::Machine;
use rustix::process::{Resource, getrlimit};
use serde::Serialize;

use super::complaint::{self, Complaint};
use super::paint::{self, in_style};
use super::{Exit, output};

/// So many descriptors are enough for all cases at a time.
const DESCRIPTORS: u64 = 512;
/// What builds nginx.
const BUILDS: &str = "to build nginx from crate sources";

const HELP: &str = "\
With --json, one object a line, one line a thing, with the keys
  what   nginx, sh, cc, ar, make, cargo, engine, descriptors, loopback,
         leftovers, go, gateway NAME, image NAME
  there  whether it is there
  found  what was found, or null
  how    how to get it, or null when nothing is to be done

Example: lastchunk doctor --build";

/// Everything.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for the keys of --json.")]
pub struct Doctor {
    /// Build nginx from crate sources if that was not done yet
    #[arg(long)]
    build: bool,
    /// One object a line
    #[arg(long)]
    json: bool,
}

/// Something that cases may need; the order of the fields is that of the keys.
#[derive(Debug, Serialize)]
struct Thing {
    what: String,
    there: bool,
    found: Option<String>,
    how: Option<String>,
}

impl Thing {
    fn there(what: &str, found: impl Into<String>) -> Self {
        Self { what: what.into(), there: true, found: Some(complaint::one_line(&found.into())), how: None }
    }

    fn missing(what: &str, how: impl Into<String>) -> Self {
        Self { what: what.into(), there: false, found: None, how: Some(complaint::one_line(&how.into())) }
    }
}

/// The gateways of `lastchunk matrix`: each version found, and the image, or how to get one.
fn of_the_matrix() -> Vec<Thing> {
    let engine = harness::gateway::engine::probe();
    let all = fixtures::gateways::all().unwrap_or_default();
    let things = |mut description: Description| {
        // The build from sources is made on demand, and has a line of its own.
        description.providers.retain(|provider| !matches!(provider, gateways::Provider::Source));
        [Some(binaries(&description)), image(&description, &engine)]
    };
    all.into_iter().flat_map(things).flatten().collect()
}

fn binaries(description: &Description) -> Thing {
    let (binaries, missing) = fixtures::gateways::found(description);
    let versions: Vec<String> = binaries
        .iter()
        .map(|binary| match binary.source {
            Source::Provider => binary.version.clone(),
            Source::Variable | Source::Path => format!("{} ({})", binary.version, binary.program.display()),
        })
        .collect();
    let own = description.variable.as_ref().map_or_else(String::new, |variable| format!(", or set {variable}=PATH"));
    let what = format!("gateway {}", description.name);
    if versions.is_empty() {
        let why = missing.first().map_or("nothing provides it", String::as_str);
        Thing::missing(&what, format!("{why}{own}"))
    } else {
        Thing::there(&what, versions.join(", "))
    }
}

/// The image that `lastchunk matrix --containers` would run.
fn image(description: &Description, engine: &Result<Engine, String>) -> Option<Thing> {
    let image = description.image.as_ref()?;
    let what = format!("image {}", description.name);
    let variable = image.variable.as_deref().unwrap_or("[image]");
    let made = format!("name one in {variable}; `lastchunk image --gateway {}` makes one", description.name);
    let Some(name) = image.named() else {
        return Some(Thing::missing(&what, format!("there is no official one: {made}")));
    };
    Some(match engine.as_ref().map(|engine| engine.has_image(&name)) {
        Ok(Ok(true)) => Thing::there(&what, name),
        Ok(Ok(false)) => Thing::missing(&what, format!("{name} is not here: `docker pull {name}`, or {made}")),
        Ok(Err(why)) => Thing::missing(&what, why),
        Err(_) => Thing::missing(&what, format!("{name} needs a container engine")),
    })
}

impl Doctor {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let machine = Machine::default();
        let mut things = vec![nginx(&machine, self.build)?];
        things.extend(machine.tools().into_iter().map(|(tool, file)| build_tool(&tool, file)));
        things.extend([engine::look(), descriptors(), loopback(), leftovers()]);
        things.extend(go());
        things.extend(of_the_matrix());
        if self.json {
            for thing in &things {
                output::object(thing)?;
            }
            return Ok(Exit::AsClaimed);
        }
        let mut out = output::text();
        let width = things.iter().map(|thing| thing.what.len()).max().unwrap_or(0);
        for thing in &things {
            let mark = if thing.there { "yes" } else { "no " };
            let style = if thing.there { paint::DIM } else { paint::BOLD };
            let texts: Vec<&str> = thing.found.iter().chain(&thing.how).map(String::as_str).collect();
            writeln!(out, "{}  {:width$}  {}", in_style(style, mark), thing.what, texts.join("; "))?;
        }
        out.flush()?;
        Ok(Exit::AsClaimed)
    }
}

fn nginx(machine: &Machine, build: bool) -> Result<Thing, Complaint> {
    const WHAT: &str = "nginx";
    if build {
        return machine.nginx().map(|nginx| Thing::there(WHAT, about(nginx))).map_err(Complaint::new);
    }
    Ok(match machine.nginx_without_a_build() {
        Ok(Some(nginx)) => Thing::there(WHAT, about(&nginx)),
        Ok(None) => Thing::missing(
            WHAT,
            "not built yet: the first case behind it builds it, in about 20 s, and so does `lastchunk doctor --build`",
        ),
        Err(why) => Thing::missing(WHAT, why),
    })
}

fn about(nginx: &Nginx) -> String {
    let provider = match nginx.provider {
        Provider::Source => "built from crate sources",
        Provider::Path => "named by LASTCHUNK_NGINX",
        Provider::System => "this system's",
    };
    format!("{}, {provider}: {}", nginx.version, nginx.path.display())
}

fn build_tool(tool: &str, file: Option<PathBuf>) -> Thing {
    match file {
        Some(file) => Thing::there(tool, format!("{}, {BUILDS}", file.display())),
        None => {
            let package = match tool {
                "cargo" => "from https://rustup.rs",
                "sh" => "with `apt-get install dash`",
                _ => "with `apt-get install gcc libc6-dev make` (Debian, Ubuntu) or `xcode-select --install` (macOS)",
            };
            Thing::missing(tool, format!("install it {package}, {BUILDS}, or set LASTCHUNK_NGINX=system"))
        }
    }
}

fn descriptors() -> Thing {
    const WHAT: &str = "descriptors";
    let limit = getrlimit(Resource::Nofile);
    let (now, most) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    if now >= DESCRIPTORS {
        Thing::there(WHAT, format!("{now} a process, {most} at most"))
    } else {
        let found = Some(format!("{now} a process, {most} at most"));
        Thing { there: false, found, ..Thing::missing(WHAT, format!("raise the limit: `ulimit -n {DESCRIPTORS}`")) }
    }
}

/// Each case has loopback addresses of its own.
fn loopback() -> Thing {
    const WHAT: &str = "loopback";
    match TcpListener::bind(("127.127.127.127", 0)) {
        Ok(_) => Thing::there(WHAT, "all of 127.0.0.0/8"),
        Err(error) => Thing::missing(
            WHAT,
            format!(
                "127.127.127.127 is not ours ({error}): run on Linux, or in a container; macOS has 127.0.0.1 alone"
            ),
        ),
    }
}

/// What runs that were killed have left, which is removed.
fn leftovers() -> Thing {
    const WHAT: &str = "leftovers";
    let count = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        more => Some(format!("{more} {what}s")),
    };
    let folders = match harness::gateway::sweep_folders() {
        Ok(folders) => count(folders.len(), "folder"),
        Err(error) => {
            return Thing::missing(WHAT, format!("cannot look into {}: {error}", env::temp_dir().display()));
        }
    };
    #[cfg(feature = "containers")]
    let containers = harness::gateway::engine::probe()
        .and_then(|engine| harness::gateway::container::sweep(&engine))
        .map_or(None, |names| count(names.len(), "container"));
    #[cfg(not(feature = "containers"))]
    let containers = None;
    let swept: Vec<String> = folders.into_iter().chain(containers).collect();
    let found = format!("removed {} of runs that were killed", swept.join(" and "));
    Thing::there(WHAT, if swept.is_empty() { "none".to_owned() } else { found })
}

/// The Go toolchains that `--origin go@all` plays with, and what `LASTCHUNK_GO` names in vain.
fn go() -> Vec<Thing> {
    const WHAT: &str = "go";
    let named = env::var_os("LASTCHUNK_GO").unwrap_or_default();
    let named = env::split_paths(&named).filter(|path| !path.as_os_str().is_empty());
    let mut things: Vec<Thing> = named
        .filter(|file| !file.is_file())
        .map(|file| {
            let why =
                format!("LASTCHUNK_GO names {}, which is no file: name `go` commands, as in go/bin/go", file.display());
            Thing::missing(WHAT, why)
        })
        .collect();
    let found = fixtures::go::toolchains();
    things.extend(found.iter().map(|it| Thing::there(WHAT, format!("{}: {}", it.version, it.go.display()))));
    if things.is_empty() {
        things.push(Thing::missing(
            WHAT,
            "none is here; to hear net/http itself, run `just toolchains`, put `go` on the path, or name one in LASTCHUNK_GO",
        ));
    }
    things
}
