//! Which chains this machine can run.

use std::path::Path;

use fixtures::gateways::{self, BadFolder, Description};
use harness::gateway::{Described, Program};

use super::axes::Protocol;
use super::chain::Chain;
use super::table::Table;

/// The chains of a table, and what cannot be run and why.
#[derive(Debug, Clone, Default)]
pub struct Chains {
    /// In the order of the gateways, of their versions as they are described, and of their confs.
    pub chains: Vec<Chain>,
    /// What is described and not here, by gateway.
    pub missing: Vec<(String, String)>,
}

/// What there is of a gateway to start, and what is not here and why.
type Programs = (Vec<Program>, Vec<String>);

/// The chains of a table, of the project's gateways for whose names `wanted` holds, and of a user's folders: with the
/// binaries that this machine has.
///
/// # Errors
/// When a folder describes no gateway, or one that has another's name.
pub fn of(table: Table, wanted: &dyn Fn(&str) -> bool, folders: &[&Path]) -> Result<Chains, BadFolder> {
    with(table, wanted, folders, &|description| {
        let (binaries, mut missing) = gateways::found(description);
        if binaries.is_empty() && missing.is_empty() {
            missing
                .push("gateway.toml says no [[provider]] that there is one of: add kind = \"path\" and program".into());
        }
        (binaries.into_iter().map(Program::Binary).collect(), missing)
    })
}

/// The same with images in place of binaries: those that `image` names, pulled if they are not here. The nginx in front of
/// a pair stays the one that is built here.
///
/// # Errors
/// As [`of`].
#[cfg(feature = "containers")]
pub fn in_containers(
    table: Table,
    wanted: &dyn Fn(&str) -> bool,
    folders: &[&Path],
    image: &dyn Fn(&Description) -> Option<String>,
) -> Result<Chains, BadFolder> {
    with(table, wanted, folders, &|description| {
        let Some(name) = image(description) else {
            let variable = description.image.as_ref().and_then(|image| image.variable.clone());
            let way = variable.map_or("say one in gateway.toml".into(), |name| {
                format!("name one in {name}; `lastchunk image --gateway {}` makes one", description.name)
            });
            return (Vec::new(), vec![format!("there is no official image: {way}")]);
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let version = runtime
            .map_err(|error| error.to_string())
            .and_then(|runtime| runtime.block_on(harness::gateway::container::version(description, &name)));
        match version {
            Ok(version) => (vec![Program::Image { name, version }], Vec::new()),
            Err(why) => (Vec::new(), vec![why]),
        }
    })
}

fn with(
    table: Table,
    wanted: &dyn Fn(&str) -> bool,
    folders: &[&Path],
    programs: &dyn Fn(&Description) -> Programs,
) -> Result<Chains, BadFolder> {
    let mut chains = Chains::default();
    let mut descriptions: Vec<Description> =
        gateways::all()?.into_iter().filter(|description| wanted(&description.name)).collect();
    for folder in folders {
        let own = Description::read(folder)?;
        let others = descriptions.iter().map(|other| other.name.as_str()).chain(gateways::NAMES);
        if others.into_iter().any(|other| other == own.name) {
            let why =
                format!("another gateway is named {}, and cells are named by it: choose a name of its own", own.name);
            return Err(BadFolder::Toml { path: folder.join("gateway.toml"), why });
        }
        descriptions.push(own);
    }
    let first = if table == Table::Pairs { as_it_ships(&mut chains.missing)? } else { None };
    for description in descriptions {
        let (programs, missing) = programs(&description);
        chains.missing.extend(missing.into_iter().map(|why| (description.name.clone(), why)));
        for program in programs {
            let chain = |conf: &str| Described {
                description: description.clone(),
                program: program.clone(),
                conf: conf.to_owned(),
            };
            match (table, &first) {
                (Table::Pairs, Some(first)) if first.program != program => chains.chains.push(Chain {
                    gateways: vec![first.clone(), chain("default")],
                    readers: readers(&description, &[Protocol::Http11]),
                }),
                (Table::Pairs, _) => {}
                (Table::Truncation, _) => chains.each(&description, &chain, &["default", "streaming"], Protocol::ALL),
                (Table::Held, _) => {
                    let readers = [Protocol::Http11, Protocol::Http2];
                    chains.each(&description, &chain, &["default", "streaming", "compressing"], &readers);
                }
                (Table::Departure, _) => {
                    let readers = [Protocol::Http11, Protocol::Http2];
                    chains.each(&description, &chain, &["default", "streaming"], &readers);
                }
            }
        }
    }
    Ok(chains)
}

/// The nginx that stands in front: the build from crate sources, with the conf it ships with.
fn as_it_ships(missing: &mut Vec<(String, String)>) -> Result<Option<Described>, BadFolder> {
    let description = Description::read(&gateways::folder("nginx"))?;
    let (binaries, why) = gateways::found(&description);
    let Some(binary) = binaries.into_iter().next() else {
        missing.extend(why.into_iter().map(|why| ("nginx".to_owned(), why)));
        return Ok(None);
    };
    Ok(Some(Described { description, program: Program::Binary(binary), conf: "default".into() }))
}

impl Chains {
    fn each(
        &mut self,
        description: &Description,
        chain: &dyn Fn(&str) -> Described,
        confs: &[&str],
        wanted: &[Protocol],
    ) {
        for conf in confs.iter().filter(|conf| description.confs.contains_key(**conf)) {
            self.chains.push(Chain { gateways: vec![chain(conf)], readers: readers(description, wanted) });
        }
    }
}

/// The readers that a gateway speaks with, in the order of the table.
fn readers(description: &Description, wanted: &[Protocol]) -> Vec<Protocol> {
    wanted.iter().copied().filter(|reader| description.readers.iter().any(|its| its == reader.name())).collect()
}
