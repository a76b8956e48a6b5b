//! What this machine offers to cases.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

use fixtures::nginx::{CannotBuild, Nginx, Surroundings, binary_in};
use harness::gateway::{self, Gateway};
use harness::origin::Foreign;
use harness::stage::Stage;

use crate::catalogue::{Case, Via};
use crate::player::Fault;

/// What this machine offers to cases. Cheap to make: nginx is looked for, and built, when the first case needs it.
#[derive(Debug)]
pub struct Machine {
    surroundings: Surroundings,
    nginx: OnceLock<Result<Nginx, String>>,
    /// Whether nginx runs in a container of this machine's engine in place of a process.
    #[cfg(feature = "containers")]
    in_containers: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            surroundings: Surroundings::of_this_process(),
            nginx: OnceLock::new(),
            #[cfg(feature = "containers")]
            in_containers: false,
        }
    }
}

impl Machine {
    /// The same machine, with every nginx in a container.
    #[cfg(feature = "containers")]
    #[must_use]
    pub fn in_containers() -> Self {
        Self { in_containers: true, ..Self::default() }
    }

    /// nginx, built if need be, which takes about 20 s once and says so on standard error.
    ///
    /// # Errors
    /// Why there is none, in a line that says what to do.
    pub fn nginx(&self) -> Result<&Nginx, &str> {
        let nginx = self.nginx.get_or_init(|| fixtures::nginx::binary().map_err(|error| error.to_string()));
        nginx.as_ref().map_err(String::as_str)
    }

    /// nginx as far as it is there without a build; `None` when a build would make it.
    ///
    /// # Errors
    /// Why there will be none, in a line that says what to do.
    pub fn nginx_without_a_build(&self) -> Result<Option<Nginx>, String> {
        if let Some(known) = self.nginx.get() {
            return known.clone().map(Some);
        }
        let missing = self.missing_tools();
        let mut at = self.surroundings.clone();
        if at.nginx.is_none() {
            // A build begins with a look at its tools, and without `sh` it goes no further.
            at.path = OsString::new();
        }
        match binary_in(&at, &|_| ()) {
            Ok(nginx) => Ok(Some(nginx)),
            Err(CannotBuild::MissingTools { .. }) if missing.is_empty() => Ok(None),
            Err(CannotBuild::MissingTools { .. }) => Err(CannotBuild::MissingTools { missing }.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The tools that the build of nginx needs, each with the file that it is, if there is one.
    #[must_use]
    pub fn tools(&self) -> Vec<(String, Option<PathBuf>)> {
        let at = &self.surroundings;
        let cargo = at.cargo.to_string_lossy().into_owned();
        let tools = ["sh".to_owned(), at.cc.clone(), at.ar.clone(), at.make.clone(), cargo];
        tools.into_iter().map(|tool| (at.command(tool.as_ref()), tool)).map(|(file, tool)| (tool, file)).collect()
    }

    fn missing_tools(&self) -> Vec<String> {
        let missing = self.tools().into_iter().filter(|(_, file)| file.is_none());
        missing.map(|(tool, _)| format!("`{tool}`")).collect()
    }

    /// Why cases at this place cannot run here; nothing is built for the answer.
    #[must_use]
    pub fn why_not(&self, via: Via) -> Option<String> {
        match via {
            Via::Direct => None,
            Via::Nginx(conf) if fixtures::nginx::conf::text(conf).is_none() => Some(no_conf(conf)),
            Via::Nginx(_) => self.nginx_without_a_build().err(),
        }
    }

    /// The stage for a case, with its gateways, and with Go at the origin where the case wants it.
    ///
    /// # Errors
    /// When the machine lacks what the case needs.
    pub fn stage_of(&self, case: &Case) -> Result<Stage, Fault> {
        let stage = self.stage(case.shows.via)?;
        let Some(go) = case.witness else { return Ok(stage) };
        let path = fixtures::go::program(go, case.failure.name, case.variant.name);
        let path = path.map_err(|error| Fault::CannotRun(error.to_string()))?;
        let variant = case.variant.name.to_owned();
        Ok(stage.witness(Foreign { path, variant, about: format!("go {}", go.line()) }))
    }

    /// The stage at a place, with its gateways.
    ///
    /// # Errors
    /// When the machine lacks what the case needs.
    pub fn stage(&self, via: Via) -> Result<Stage, Fault> {
        match via {
            Via::Direct => Ok(Stage::direct()),
            Via::Nginx(name) => {
                let conf = fixtures::nginx::conf::text(name).ok_or_else(|| Fault::CannotRun(no_conf(name)))?;
                #[cfg(feature = "containers")]
                if self.in_containers {
                    let container = gateway::Container::new(name, conf);
                    return Ok(Stage::direct().through(Gateway::Container(container)));
                }
                let program = self.nginx().map_err(|why| Fault::CannotRun(why.to_owned()))?.clone();
                let nginx = gateway::Nginx { program, name: name.into(), conf: conf.into() };
                Ok(Stage::direct().through(Gateway::Nginx(nginx)))
            }
        }
    }
}

fn no_conf(name: &str) -> String {
    format!("there is no conf named {name} (known: {})", fixtures::nginx::conf::names().join(", "))
}
