//! Which cases fit a conf that nobody has reviewed.

use crate::catalogue::{FAILURES, Failure, Variant, Via};

/// The confs whose clock a case waits for: another conf's clock may be an hour.
const CLOCKS: &str = "read-timeout";

/// A variant, and whether it can be played behind any nginx.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// The failure that it belongs to.
    pub failure: &'static Failure,
    /// What happens.
    pub variant: &'static Variant,
    /// Why it does not fit, if it does not.
    pub unfit: Option<&'static str>,
}

impl Candidate {
    /// Its name without a place.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.failure.name, self.variant.name)
    }
}

/// Every variant that is shown behind some nginx, in the order of the catalogue.
pub fn candidates() -> impl Iterator<Item = Candidate> {
    let all = FAILURES.iter().flat_map(|failure| {
        failure.families.iter().flat_map(|family| family.iter()).map(move |variant| (failure, variant))
    });
    all.filter_map(|(failure, variant)| {
        let mut confs = variant.shows.iter().filter_map(|shows| match shows.via {
            Via::Nginx(conf) => Some(conf),
            _ => None,
        });
        let first = confs.next()?;
        let waits = first.starts_with(CLOCKS) && confs.all(|conf| conf.starts_with(CLOCKS));
        let unfit = waits.then_some("it waits for a clock of its own conf");
        Some(Candidate { failure, variant, unfit })
    })
}
