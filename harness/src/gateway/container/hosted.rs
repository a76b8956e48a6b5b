//! Any gateway that a folder describes, from an image, on the host's own network: it listens and asks on loopback addresses
//! as a process does, and nothing but the kernel is between the parties.

use std::fs;

use fixtures::gateways::{self, Description};
use fixtures::nginx::image::Context;
use testcontainers::core::WaitFor;
use testcontainers::core::wait::ExitWaitStrategy;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerRequest, GenericImage, ImageExt as _};

use super::owner::{self, Owned};
use super::{bound, image, json, why};
use crate::gateway::described::Filled;
use crate::gateway::engine;
use crate::gateway::launched::last_lines;
use crate::processor;

/// Where the conf lies inside.
pub(in crate::gateway) const CONFS: &str = "/lastchunk";
/// Where the gateway may write inside, and is started: in memory, and gone with the container.
pub(in crate::gateway) const PREFIX: &str = "/lastchunk-prefix";
/// Its own; Varnish compiles its conf to a library there.
const PREFIX_OPTIONS: &str = "rw,exec,uid=65534,gid=65534";

/// By number, and not root: no gateway gives anything up then, or looks up for whom.
const NOBODY: &str = "65534:65534";

/// A container with a gateway in it. It is gone when this is dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Hosted {
    owned: Owned,
    /// Its first process, as this machine numbers it.
    pid: u32,
}

/// Builds the image of a context unless the engine has it; its name.
///
/// # Errors
/// What the engine says instead.
pub async fn build(context: Context) -> Result<String, String> {
    let made = image::built(&engine::probe()?, context).await?;
    Ok(format!("{}:{}", made.name, made.tag))
}

/// The version that the gateway in an image says it has.
///
/// # Errors
/// When the image cannot be had or run, or says none.
pub async fn version(description: &Description, image: &str) -> Result<String, String> {
    let engine = engine::probe()?;
    owner::sweep_once(&engine);
    let owned = Owned::claim(engine)?;
    let arguments = description.version.arguments.iter().map(String::as_str);
    let ended = WaitFor::exit(ExitWaitStrategy::new());
    run(request(description, image, &owned, ended)?.with_cmd(arguments), &owned).await?;
    let said = owned.log()?;
    gateways::number_after(&said, &description.version.after).ok_or_else(|| {
        let after = &description.version.after;
        format!("the image {image} says no version after \"{after}\": {:?}", said.lines().next().unwrap_or_default())
    })
}

impl Hosted {
    /// Starts it; whether it listens is for others to see.
    pub(in crate::gateway) async fn start(
        description: &Description,
        image: &str,
        filled: Filled,
    ) -> Result<Self, String> {
        let engine = engine::probe()?;
        owner::sweep_once(&engine);
        let owned = Owned::claim(engine)?;
        // One processor, as for the process: the fence needs one sender's packets in the order in which it sent them.
        let processor = processor::one().map(|cpu| cpu.to_string());
        let mut request = request(description, image, &owned, WaitFor::Nothing)?
            .with_cmd(filled.arguments)
            .with_working_dir(PREFIX)
            .with_env_var("TMPDIR", PREFIX)
            .with_user(NOBODY)
            .with_copy_to(filled.file.to_string_lossy().into_owned(), filled.conf.into_bytes());
        for (name, value) in filled.environment {
            request = request.with_env_var(name, value);
        }
        let request = request.with_host_config_modifier(move |host| {
            on_the_hosts_network(host);
            host.cpuset_cpus.clone_from(&processor);
            host.tmpfs = Some([(PREFIX.to_owned(), PREFIX_OPTIONS.to_owned())].into_iter().collect());
        });
        run(request, &owned).await?;
        let told = json(owned.engine(), &format!("/containers/{}/json", owned.name()))?;
        let id = told["Id"].as_str().unwrap_or_default();
        let pid = told["State"]["Pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0);
        let Some(pid) = pid else { return Err(Self { owned, pid: 0 }.why_not()) };
        // Its threads are watched, so the number has to mean here what it means to the engine.
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        if id.is_empty() || !groups.contains(id) {
            let hosted = Self { owned, pid };
            return Err(match hosted.runs() {
                Ok(true) => {
                    "the engine's processes are not this machine's: a rootless engine, or one in a virtual machine, \
                             does not do here"
                        .into()
                }
                _ => hosted.why_not(),
            });
        }
        Ok(Self { owned, pid })
    }

    pub(in crate::gateway) fn pid(&self) -> u32 {
        self.pid
    }

    /// How its log can be read while it lives.
    pub(in crate::gateway) fn log(&self) -> super::Log {
        super::Log(self.owned.engine().clone(), self.owned.name().to_owned())
    }

    fn runs(&self) -> Result<bool, String> {
        let told = json(self.owned.engine(), &format!("/containers/{}/json", self.owned.name()))?;
        Ok(told["State"]["Running"].as_bool() == Some(true))
    }

    /// How it ended, and what it said last.
    pub(in crate::gateway) fn why_not(&self) -> String {
        match json(self.owned.engine(), &format!("/containers/{}/json", self.owned.name())) {
            Ok(told) => {
                let said = self.owned.log().unwrap_or_default();
                format!("it ended by itself: exit status: {}\n{}", told["State"]["ExitCode"], last_lines(&said))
            }
            Err(error) => error,
        }
    }

    /// Ends it in order.
    pub(in crate::gateway) fn terminate(&self) -> Result<(), String> {
        self.owned.terminate()
    }
}

fn on_the_hosts_network(host: &mut bollard::models::HostConfig) {
    host.publish_all_ports = Some(false);
    host.port_bindings = None;
    host.network_mode = Some("host".to_owned());
    // Whatever the engine logs with by default, this log has to be read again.
    host.log_config = Some(bollard::models::HostConfigLogConfig { typ: Some("json-file".to_owned()), config: None });
}

fn request(
    description: &Description,
    image: &str,
    owned: &Owned,
    wait: WaitFor,
) -> Result<ContainerRequest<GenericImage>, String> {
    let its = description.image.as_ref().ok_or("gateway.toml has no [image]: say the program in it")?;
    let (name, tag) = image::split(image);
    // The official ones start scripts that do more than start the gateway.
    let request = GenericImage::new(name, tag).with_entrypoint(&its.program).with_wait_for(wait);
    Ok(request
        .with_container_name(owned.name())
        .with_labels(owned.labels(&description.name))
        .with_startup_timeout(bound())
        .with_host_config_modifier(on_the_hosts_network))
}

async fn run(request: ContainerRequest<GenericImage>, owned: &Owned) -> Result<(), String> {
    match request.start().await {
        // It is removed by `owned`, as any other.
        Ok(container) => std::mem::forget(container),
        Err(error) => return Err(why(&error, owned)),
    }
    owned.stands();
    Ok(())
}
