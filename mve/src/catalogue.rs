//! What a case is, and all of them in order.

use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;

use fixtures::go::Toolchain;
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::verdict::Outcome;

/// One of the ways in which a stream ends wrong: a folder of this crate.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// Its name: the folder's.
    pub name: &'static str,
    /// What goes wrong, in one line.
    pub about: &'static str,
    /// Its variants, family by family.
    pub families: &'static [&'static [Variant]],
}

/// A case without what stands between reader and origin.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// Its name: the run function's.
    pub name: &'static str,
    /// The claims that it tests.
    pub claims: &'static [&'static str],
    /// What runs at the origin: one of [`ORIGINS`].
    pub origin: &'static str,
    /// Where it is shown, and what it shows there.
    pub shows: &'static [Shows],
    /// Plays it on a stage whose gateways are set.
    pub run: fn(Stage) -> Play,
}

/// A case being played.
pub type Play = Pin<Box<dyn Future<Output = Transcript> + Send>>;

/// What a variant shows behind a certain gateway.
#[derive(Debug, Clone, Copy)]
pub struct Shows {
    /// What stands between reader and origin.
    pub via: Via,
    /// The outcome that it claims.
    pub outcome: Outcome,
    /// The healthy case of the same failure that differs by one fact: a variant at the same place, `variant@conf`, or
    /// `variant@direct`. See [`Case::twin`].
    pub twin: Option<&'static str>,
    /// The observed behaviour as a sentence, actor first, without a full stop.
    pub says: &'static str,
}

/// What stands between reader and origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// Nothing.
    Direct,
    /// nginx with the conf of this name.
    Nginx(&'static str),
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Nginx(conf) => write!(f, "nginx:{conf}"),
        }
    }
}

/// A variant at one place: what is run, listed, shown and reviewed.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The failure that it belongs to.
    pub failure: &'static Failure,
    /// What happens.
    pub variant: &'static Variant,
    /// Where, and what it claims to show there.
    pub shows: &'static Shows,
    /// The Go that plays the origin's part in place of the model.
    pub witness: Option<&'static Toolchain>,
}

impl Case {
    /// Its name, unique and accepted by every command: `failure/variant`, `failure/variant@conf` behind nginx, with
    /// `+go1.22` behind it when Go of that version plays the origin's part.
    #[must_use]
    pub fn name(&self) -> String {
        match self.witness {
            None => self.place(),
            Some(go) => format!("{}+go{}", self.place(), go.line()),
        }
    }

    /// Its name without the witness's.
    #[must_use]
    pub fn place(&self) -> String {
        match self.shows.via {
            Via::Direct => format!("{}/{}", self.failure.name, self.variant.name),
            Via::Nginx(conf) => format!("{}/{}@{conf}", self.failure.name, self.variant.name),
        }
    }

    /// What runs at the origin: one of [`ORIGINS`], or `go@1.22`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.witness.map_or(self.variant.origin.to_owned(), |go| format!("go@{}", go.line()))
    }

    /// The same with this Go at the origin, if it has a part there.
    #[must_use]
    pub fn witnessed_by(self, go: &'static Toolchain) -> Option<Self> {
        let plays = fixtures::go::part(self.failure.name, self.variant.name).is_some();
        plays.then_some(Self { witness: Some(go), ..self })
    }

    /// The case that its twin names, if there is such a case.
    #[must_use]
    pub fn twin(&self) -> Option<Self> {
        let twin = self.shows.twin?;
        let (variant, via) = match twin.split_once('@') {
            None => (twin, self.shows.via.to_string()),
            Some((variant, "direct")) => (variant, Via::Direct.to_string()),
            Some((variant, conf)) => (variant, format!("nginx:{conf}")),
        };
        let twin = cases().find(|case| {
            case.failure.name == self.failure.name && case.variant.name == variant && case.shows.via.to_string() == via
        })?;
        self.witness.map_or(Some(twin), |go| twin.witnessed_by(go))
    }
}

/// What can run at the origin.
pub const ORIGINS: [&str; 3] = ["hyper", "scripted", "writer"];

/// Every failure, in the order in which a newcomer should meet them.
pub const FAILURES: &[Failure] = &[
    crate::deadline_mid_flush::FAILURE,
    crate::hijacked_connection::FAILURE,
    crate::header_after_write::FAILURE,
    crate::proxy_buffering::FAILURE,
];

/// Every case, in order.
pub fn cases() -> impl Iterator<Item = Case> {
    FAILURES.iter().flat_map(|failure| {
        let variants = failure.families.iter().flat_map(|family| family.iter());
        variants.flat_map(move |variant| {
            variant.shows.iter().map(move |shows| Case { failure, variant, shows, witness: None })
        })
    })
}

/// The Go toolchains of this machine, oldest first; looked for once.
pub fn toolchains() -> &'static [Toolchain] {
    static FOUND: OnceLock<Vec<Toolchain>> = OnceLock::new();
    FOUND.get_or_init(fixtures::go::toolchains)
}

/// Every case in which Go has a part, with each Go of this machine.
pub fn witnessed() -> impl Iterator<Item = Case> {
    cases().flat_map(|case| toolchains().iter().filter_map(move |go| case.witnessed_by(go)))
}
