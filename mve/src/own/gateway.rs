//! nginx with a user's conf, ready for cases: read, addressed, accepted by nginx itself, and seen to pass requests on.

use std::path::{Path, PathBuf};

use fixtures::nginx::{Nginx, Provider};
use harness::gateway::{self, Gateway, NotRead};
use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Lane, Transcript};
use harness::until::closed;
use harness::wire::notation::printable;

use super::clock;
use super::conf::{Addressed, Choice, Conf, Directive, Place, Replaced, addressed};
use crate::player::{Fault, Stopping, alone, keep_panics_of_this_thread, show_unless};

/// What to do about a directive that another nginx knows.
const WITH_MODULES: &str =
    " (the nginx that is built here has few modules; with one that has yours: LASTCHUNK_NGINX=/usr/sbin/nginx)";

/// A gateway with a user's conf.
#[derive(Debug, Clone)]
pub struct Own {
    program: Nginx,
    /// Where that nginx looks for modules.
    prefix: Option<PathBuf>,
    conf: Conf,
    /// As the user named it.
    name: String,
    choice: Choice,
    addressed: Addressed,
}

/// Why a conf cannot be used: one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub String);

impl Own {
    /// Reads a conf, and finds in it a server and a path that pass a request on: of the server with this name, if one is
    /// given, and by this path; until `stop` is there.
    ///
    /// # Errors
    /// When nginx refuses the conf, in its own words, or nothing in it passes a request on.
    pub fn read(
        program: &Nginx,
        file: &Path,
        server: Option<&str>,
        path: Option<&str>,
        stop: &Stopping<'_>,
    ) -> Result<Self, Unusable> {
        let conf = Conf::read(file).map_err(|refused| Unusable(refused.to_string()))?;
        let name = file.display().to_string();
        let prefix = conf.directives.iter().any(|one| one.name() == "load_module").then(|| program.prefix()).flatten();
        let mut choices = conf.choices(server);
        if let Some(path) = path {
            choices.retain_mut(|choice| choice.path.take().is_none());
            choices.iter_mut().for_each(|choice| choice.path = Some(path.to_owned()));
        }
        let mut answers = Vec::new();
        let mut first = None;
        for choice in choices {
            let addressed = addressed(&conf, &choice, prefix.as_deref(), &[]);
            let (program, prefix, conf) = (program.clone(), prefix.clone(), conf.clone());
            let own = Self { program, prefix, conf, name: name.clone(), choice, addressed };
            own.is_read(stop)?;
            match own.answer(stop) {
                None => return Ok(own),
                Some(answer) => answers.push(format!("{}: {answer}", own.asked())),
            }
            first.get_or_insert(own);
        }
        if let Some(own) = first {
            let answers = answers.join("; ");
            return Err(Unusable(format!(
                "{}: no request reaches an origin ({answers}): name another path with --path, or a server with --server",
                own.name
            )));
        }
        // What else is wrong nginx says.
        let choice = Choice::default();
        let addressed = addressed(&conf, &choice, prefix.as_deref(), &[]);
        let own = Self { program: program.clone(), prefix, conf, name: name.clone(), choice, addressed };
        own.is_read(stop)?;
        Err(Unusable(match server {
            Some(server) => format!("{name}: there is no server named \"{}\" that has a proxy_pass", printable(server)),
            None => format!("{name}: no server in http has a proxy_pass: there is nothing to stand before an origin"),
        }))
    }

    /// The same without these directives.
    ///
    /// # Errors
    /// When nginx refuses it so.
    pub fn without(&self, directives: &[&Directive], stop: &Stopping<'_>) -> Result<Self, Unusable> {
        let addressed = addressed(&self.conf, &self.choice, self.prefix.as_deref(), directives);
        let own = Self { addressed, ..self.clone() };
        own.is_read(stop).map(|()| own)
    }

    /// The same with this clock turned down to [`clock::TURNED_DOWN`], and with all others that a silent stream shows out of
    /// its way.
    ///
    /// # Errors
    /// When nginx refuses it so.
    pub fn turned_down(&self, clock: &Directive, stop: &Stopping<'_>) -> Result<Self, Unusable> {
        let conf = self.conf.with(&|one| match one {
            _ if one == clock => Some(clock::TURNED_DOWN),
            _ => clock::is_tried(one.name()).then_some(clock::OUT_OF_THE_WAY),
        });
        let addressed = addressed(&conf, &self.choice, self.prefix.as_deref(), &[]);
        let own = Self { conf, addressed, ..self.clone() };
        own.is_read(stop).map(|()| own)
    }

    /// The conf, with what it includes.
    #[must_use]
    pub fn conf(&self) -> &Conf {
        &self.conf
    }

    /// As the user named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that the cases go through.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.choice.about
    }

    /// Which of the servers in `http` it is.
    #[must_use]
    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    /// What was replaced in it.
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        &self.addressed.replaced
    }

    /// A stage with it.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let (program, name) = (self.program.clone(), "with the conf given".to_owned());
        let conf = gateway::Conf::Template(self.addressed.template.clone());
        Stage::direct().through(Gateway::Nginx(gateway::Nginx { program, name, conf }))
    }

    fn asked(&self) -> String {
        let path = self.choice.path.as_deref().unwrap_or("/events");
        format!("{path} of {}", self.choice.about)
    }

    fn is_read(&self, stop: &Stopping<'_>) -> Result<(), Unusable> {
        let (program, name) = (self.program.clone(), self.name.clone());
        let conf = gateway::Conf::Template(self.addressed.template.clone());
        let nginx = gateway::Nginx { program, name, conf };
        let read = alone(async { Ok(gateway::test(&nginx).await) }, stop());
        read.map_err(|fault| Unusable(fault.to_string()))?.map_err(|NotRead { message, line }| {
            let place = line.and_then(|line| self.addressed.place(line)).map(Place::to_string);
            let place = place.unwrap_or_else(|| self.name.clone());
            let lacks = ["unknown directive", "dlopen()"].iter().any(|it| message.contains(it));
            let hint = if lacks && self.program.provider == Provider::Source { WITH_MODULES } else { "" };
            Unusable(format!("nginx {}: {message} in {place}{hint}", self.program.version))
        })
    }

    /// What a request is answered with that does not reach the origin; none if it does.
    fn answer(&self, stop: &Stopping<'_>) -> Option<String> {
        // On a thread of its own, whose panics are results.
        let shown = std::thread::scope(|scope| {
            let asking = || {
                keep_panics_of_this_thread();
                show_unless(self.stage(), |stage| Box::pin(one_request(stage)), stop())
            };
            scope.spawn(asking).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        match shown {
            Ok(shown) if !shown.transcript.octets(Lane::request(1)).is_empty() => None,
            Ok(shown) => {
                let octets = shown.transcript.octets(Lane::response(0));
                let line = octets.split(|octet| *octet == b'\r').next().unwrap_or_default();
                Some(match std::str::from_utf8(line) {
                    Ok(line) if !line.is_empty() => format!("nginx answers {line} itself"),
                    _ => "nginx closes the connection".to_owned(),
                })
            }
            Err(Fault::Stopped) => Some("stopped".to_owned()),
            Err(fault) => Some(fault.to_string().lines().next().unwrap_or_default().to_owned()),
        }
    }
}

async fn one_request(stage: Stage) -> Transcript {
    let script = scripted().request().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").fin();
    let mut s = stage.start_raw(script).await;
    s.step("the reader asks");
    s.reader.send("GET /events HTTP/1.1\r\nHost: mve.test\r\nConnection: close\r\n\r\n").await;
    s.reader.until(closed()).await;
    s.settle().await;
    s.finish().await
}
