//! Who owns a container, and how it goes: with its owner's value, on SIGINT and SIGTERM, and by a sweep when the owner was
//! killed.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::thread;

use serde_json::Value;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{accepted, ask, bound, json, log};
use crate::gateway::engine::Engine;
use crate::kernel::is_left_to_its_default;

/// The label that says which process owns a container.
const OWNER: &str = "lastchunk.owner";
/// The label that says which conf it runs with.
const GATEWAY: &str = "lastchunk.gateway";

/// A container of ours, of this process or of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// Its name.
    pub name: String,
    /// The conf's name.
    pub gateway: String,
    /// The ports of the host that lead to it: always none.
    pub published: Vec<u64>,
    owner: String,
}

/// The containers of ours that the engine has, in the order of their names.
///
/// # Errors
/// What the engine says instead.
pub fn ours(engine: &Engine) -> Result<Vec<Ours>, String> {
    let told = json(engine, &format!("/containers/json?all=1&filters=%7B%22label%22%3A%5B%22{OWNER}%22%5D%7D"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all: Vec<Ours> = told
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| Ours {
            name: text(&one["Names"][0]).trim_start_matches('/').to_owned(),
            gateway: text(&one["Labels"][GATEWAY]),
            published: one["Ports"].as_array().into_iter().flatten().filter_map(|p| p["PublicPort"].as_u64()).collect(),
            owner: text(&one["Labels"][OWNER]),
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Removes the containers of ours whose process is gone, and tells their names.
///
/// # Errors
/// What the engine says instead.
pub fn sweep(engine: &Engine) -> Result<Vec<String>, String> {
    let here = Process::own()?;
    let left = ours(engine)?.into_iter().filter(|one| Process::parse(&one.owner).is_some_and(|it| it.is_gone(&here)));
    left.map(|one| remove(engine, &one.name).map(|()| one.name)).collect()
}

/// The sweep that each process makes before its first container.
pub(super) fn sweep_once(engine: &Engine) {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| match sweep(engine) {
        Ok(names) if names.is_empty() => {}
        Ok(names) => tracing::info!(?names, "removed containers whose process is gone"),
        Err(error) => tracing::warn!(error, "failed to look for containers whose process is gone"),
    });
}

/// A process, told from any other that bore or will bear its number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    /// Which start of the machine: the kernel's boot id.
    boot: String,
    /// In which namespace the number is one.
    namespace: String,
    pid: u32,
    /// When it started, in the kernel's ticks since the boot.
    started: u64,
}

impl Process {
    fn own() -> Result<Self, String> {
        let cannot = |error| format!("cannot tell this process from others, which takes Linux's /proc: {error}");
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(cannot)?.trim().to_owned();
        let namespace = fs::read_link("/proc/self/ns/pid").map_err(cannot)?.display().to_string();
        let pid = std::process::id();
        let started = started(pid).ok_or("cannot tell when this process started, which takes Linux's /proc")?;
        Ok(Self { boot, namespace, pid, started })
    }

    fn label(&self) -> String {
        format!("{} {} {} {}", self.boot, self.namespace, self.pid, self.started)
    }

    fn parse(label: &str) -> Option<Self> {
        let mut words = label.split(' ');
        let (boot, namespace) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Self { boot, namespace, pid: words.next()?.parse().ok()?, started: words.next()?.parse().ok()? })
    }

    /// Whether it does not run any more, as far as `here` can see.
    fn is_gone(&self, here: &Self) -> bool {
        if self.boot != here.boot {
            // The engine is this machine's: so this is an earlier start of it.
            return true;
        }
        self.namespace == here.namespace && started(self.pid) != Some(self.started)
    }
}

/// When a process started: field 22 of `/proc/PID/stat`, proc(5); `None` when it is gone, or only its parent has not
/// noticed yet. The name in field 2 may hold anything, so the fields are counted from the last parenthesis.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" { None } else { fields.nth(18)?.parse().ok() }
}

/// The containers that this process owns, and whether each stands already.
#[derive(Debug, Default)]
struct Register {
    standing: BTreeMap<String, bool>,
    ending: bool,
}

static REGISTER: Mutex<Register> = Mutex::new(Register { standing: BTreeMap::new(), ending: false });
static CHANGED: Condvar = Condvar::new();

fn register() -> MutexGuard<'static, Register> {
    REGISTER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A container's name that is ours from before the container is made until it is gone.
#[derive(Debug)]
pub(super) struct Owned {
    engine: Engine,
    name: String,
    owner: String,
}

impl Owned {
    /// Takes a name that no other container bears.
    pub(super) fn claim(engine: Engine) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let own = Process::own()?;
        watch_for_signals(&engine)?;
        let name = format!("lastchunk-{}-{}-{}", own.pid, own.started, NEXT.fetch_add(1, Ordering::Relaxed));
        let mut register = register();
        if register.ending {
            return Err("this process is told to end".into());
        }
        register.standing.insert(name.clone(), false);
        Ok(Self { engine, name, owner: own.label() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn labels(&self, gateway: &str) -> [(&'static str, String); 2] {
        [(OWNER, self.owner.clone()), (GATEWAY, gateway.to_owned())]
    }

    /// Says that the container has been made.
    pub(super) fn stands(&self) {
        register().standing.insert(self.name.clone(), true);
        CHANGED.notify_all();
    }

    /// Its address on the bridge.
    pub(super) fn address(&self) -> Result<IpAddr, String> {
        let told = json(&self.engine, &format!("/containers/{}/json", self.name))?;
        let networks = told["NetworkSettings"]["Networks"].as_object();
        let address = networks.and_then(|all| all.values().find_map(|one| one["IPAddress"].as_str()?.parse().ok()));
        address.ok_or_else(|| "the container has no address on the engine's bridge".into())
    }

    /// What the container has said.
    pub(super) fn log(&self) -> Result<String, String> {
        log(&self.engine, &self.name)
    }

    /// Ends what runs in the container, at once and in order, and waits until it has ended. With SIGTERM whatever the
    /// image wishes: the official one wishes SIGQUIT, on which nginx waits for its streams.
    pub(super) fn terminate(&self) -> Result<(), String> {
        let told = ask(&self.engine, "POST", &format!("/containers/{}/kill?signal=SIGTERM", self.name))?;
        if told.status == 409 {
            return Err("nginx ended by itself".into());
        }
        accepted(told)?;
        accepted(ask(&self.engine, "POST", &format!("/containers/{}/wait", self.name))?).map(drop)
    }
}

impl Drop for Owned {
    /// Removes the container. This blocks, and that is sound on any runtime and outside of one: the engine is another
    /// process and waits for nothing of ours.
    fn drop(&mut self) {
        if let Err(error) = remove(&self.engine, &self.name) {
            tracing::warn!(self.name, error, "failed to remove a container");
        }
        register().standing.remove(&self.name);
        CHANGED.notify_all();
    }
}

/// Removes a container, running or not, with its volumes, and returns when it is gone. That it was gone already is no error.
fn remove(engine: &Engine, name: &str) -> Result<(), String> {
    let told = ask(engine, "DELETE", &format!("/containers/{name}?force=1&v=1"))?;
    // Somebody else is removing it: then this waits for that.
    let told = match told.status {
        409 => ask(engine, "POST", &format!("/containers/{name}/wait?condition=removed"))?,
        _ => told,
    };
    if told.status == 404 { Ok(()) } else { accepted(told).map(drop) }
}

/// Removes what this process owns before SIGINT or SIGTERM ends it. A program that handles the signal itself takes its
/// cases down itself too, and one that ignores it goes on: neither is disturbed.
fn watch_for_signals(engine: &Engine) -> Result<(), String> {
    static WATCHING: OnceLock<Result<(), String>> = OnceLock::new();
    let watching = WATCHING.get_or_init(|| {
        let mut watched = vec![SIGINT, SIGTERM];
        watched.retain(|&signal| is_left_to_its_default(signal));
        let mut signals = Signals::new(watched).map_err(|error| format!("cannot watch for signals: {error}"))?;
        let engine = engine.clone();
        thread::spawn(move || {
            for signal in &mut signals {
                remove_all(&engine);
                let _dead_by_now = emulate_default_handler(signal);
            }
        });
        Ok(())
    });
    watching.clone()
}

fn remove_all(engine: &Engine) {
    let mut register = register();
    register.ending = true;
    // One that is being made cannot be removed yet, and nobody would remove it later.
    let being_made = |register: &mut Register| register.standing.values().any(|stands| !stands);
    let waited = CHANGED.wait_timeout_while(register, bound(), being_made);
    let (register, _) = waited.unwrap_or_else(PoisonError::into_inner);
    for name in register.standing.keys() {
        if let Err(error) = remove(engine, name) {
            tracing::warn!(name, error, "failed to remove a container");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_when_its_number_is_another_ones() {
        let own = Process::own().unwrap();
        assert_eq!(Process::parse(&own.label()).as_ref(), Some(&own));
        assert!(!own.is_gone(&own));
        assert!(Process { started: own.started - 1, ..own.clone() }.is_gone(&own), "the number was given again");
        assert!(Process { boot: "another".into(), ..own.clone() }.is_gone(&own), "the machine was started again");
        let elsewhere = Process { namespace: "pid:[1]".into(), started: 1, ..own.clone() };
        assert!(!elsewhere.is_gone(&own), "what another namespace runs cannot be seen from here");
        assert_eq!(Process::parse("what is no owner"), None);
    }

    #[test]
    fn a_signal_that_somebody_handles_is_left_to_them() {
        use signal_hook::consts::SIGUSR2;
        assert!(is_left_to_its_default(SIGUSR2));
        signal_hook::flag::register(SIGUSR2, std::sync::Arc::default()).unwrap();
        assert!(!is_left_to_its_default(SIGUSR2));
    }
}
