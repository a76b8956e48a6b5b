//! What an effect is: how a tape is looked at for it, again and again while the tape grows.

use std::fmt;
use std::sync::Arc;

use super::Lanes;
use crate::transcript::{Lane, Place, Tape};

/// Looks at what is new on a tape; gives the border as soon as it is there, and then again at each look.
pub(super) type Look = Box<dyn FnMut(&Tape) -> Option<Place> + Send>;

/// Begins to look at a tape, of which it remembers how far it is claimed.
type Begin = dyn Fn(&Tape, Option<Lanes>) -> Look + Send + Sync;

/// An effect to wait for.
#[derive(Clone)]
pub struct Until {
    awaited: String,
    begin: Arc<Begin>,
    ends_response: bool,
}

/// An effect that is waited for. Each octet of a tape is read once, however often the tape is looked at.
pub struct Search {
    begin: Arc<Begin>,
    lanes: Option<Lanes>,
    /// With the edition of the tape that it looks at.
    look: Option<(u64, Look)>,
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Until").field(&self.awaited).finish()
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

impl Search {
    /// The border behind the effect, if the tape shows it. It is the same tape each time.
    ///
    /// # Panics
    /// When the effect is one of a hop and the node observes none.
    pub fn border(&mut self, tape: &Tape) -> Option<Place> {
        let edition = tape.edition();
        let (_, look) = match self.look.take() {
            Some(look) if look.0 == edition => self.look.insert(look),
            _ => self.look.insert((edition, (self.begin)(tape, self.lanes))),
        };
        look(tape)
    }
}

impl Until {
    pub(super) fn anywhere(awaited: String, begin: impl Fn(&Tape) -> Look + Send + Sync + 'static) -> Self {
        Self { awaited, begin: Arc::new(move |tape, _| begin(tape)), ends_response: false }
    }

    pub(super) fn on_hop(awaited: &str, begin: impl Fn(&Tape, Lanes) -> Look + Send + Sync + 'static) -> Self {
        let named = awaited.to_owned();
        let begin = move |tape: &Tape, lanes: Option<Lanes>| {
            let lanes = lanes.unwrap_or_else(|| {
                panic!("{named} cannot be awaited here: the node observes no hop (in a direct chain the reader does)")
            });
            begin(tape, lanes)
        };
        Self { awaited: awaited.to_owned(), begin: Arc::new(begin), ends_response: false }
    }

    /// The same of what this node sends; not at the reader, whose every octet belongs to the step in which it sends it, and
    /// is waited for by nobody.
    pub(super) fn on_sending(awaited: &str, begin: impl Fn(&Tape, Lanes) -> Look + Send + Sync + 'static) -> Self {
        let named = awaited.to_owned();
        Self::on_hop(awaited, move |tape, lanes| {
            assert!(
                matches!(lanes.outgoing, Lane::Response(_)),
                "{named} cannot be awaited at the reader: what it sends belongs to the step in which it sends it"
            );
            begin(tape, lanes)
        })
    }

    pub(super) fn of_an_end(mut self) -> Self {
        self.ends_response = true;
        self
    }

    /// This effect and another one, in whatever order they come.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let awaited = format!("{} and {}", self.awaited, other.awaited);
        let ends_response = self.ends_response || other.ends_response;
        let begin = move |tape: &Tape, lanes| {
            let (mut one, mut another) = ((self.begin)(tape, lanes), (other.begin)(tape, lanes));
            Box::new(move |tape: &Tape| Some(one(tape)?.max(another(tape)?))) as Look
        };
        Self { awaited, begin: Arc::new(begin), ends_response }
    }

    /// Whether a library has something to report once the effect is there.
    #[must_use]
    pub fn ends_response(&self) -> bool {
        self.ends_response
    }

    /// What is awaited, in words.
    #[must_use]
    pub fn awaited(&self) -> &str {
        &self.awaited
    }

    /// Begins to look for the effect, on the tape of the node that observes these lanes.
    #[must_use]
    pub fn search(&self, lanes: Option<Lanes>) -> Search {
        Search { begin: Arc::clone(&self.begin), lanes, look: None }
    }
}
