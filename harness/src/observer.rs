//! The recorder as the actors see it: each writes on its own tape, a case waits for facts on it.

use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use rustix::net::sockopt::set_tcp_quickack;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::gateway::Log;
use crate::patience;
use crate::tasks::Payload;
use crate::transcript::{Lane, Recorder, What};
use crate::until::{Lanes, Search, Until, end_of_any_response, idle};
use crate::wire::notation::printable;

/// So many octets of each lane a failure's message shows.
const SHOWN: usize = 64 * 1024;

#[derive(Debug)]
struct Shared {
    recorder: Mutex<Recorder>,
    logs: Mutex<Vec<Log>>,
    /// What a task of the case has raised first, until it is raised again.
    raised: Mutex<Option<Payload>>,
    changed: Notify,
    /// The reader's socket, if its kernel acknowledges late.
    late: OnceLock<Weak<TcpStream>>,
}

/// A handle to one node's tape. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Observer {
    shared: Arc<Shared>,
    node: usize,
    lanes: Option<Lanes>,
}

impl Observer {
    /// The handles of all nodes of a recorder, in chain order. Every hop has exactly one observer: the reader its own
    /// hop, the origin the last one if that is another.
    #[must_use]
    pub fn all(recorder: Recorder) -> Vec<Self> {
        let nodes = recorder.transcript().chain.len();
        let shared = Arc::new(Shared {
            recorder: Mutex::new(recorder),
            logs: Mutex::default(),
            raised: Mutex::default(),
            changed: Notify::new(),
            late: OnceLock::new(),
        });
        let last_hop = nodes.saturating_sub(2);
        let lanes = |node: usize| match node {
            0 => Some(Lanes { incoming: Lane::response(0), outgoing: Lane::request(0) }),
            origin if origin + 1 == nodes && last_hop > 0 => {
                Some(Lanes { incoming: Lane::request(last_hop), outgoing: Lane::response(last_hop) })
            }
            _ => None,
        };
        (0..nodes).map(|node| Self { shared: Arc::clone(&shared), node, lanes: lanes(node) }).collect()
    }

    /// Lets the kernel acknowledge what this socket receives together with what it sends, or when its clock says so, as it
    /// does on a connection that has lasted a while; on a young one it acknowledges each segment, which takes as long as all
    /// else of a direct case. Whoever waits for acknowledgements calls [`Observer::ask_for_acknowledgements`], and so waits
    /// for no clock.
    pub(crate) fn acknowledges_late(&self, socket: &Weak<TcpStream>) {
        if let Some(open) = socket.upgrade()
            && set_tcp_quickack(&*open, false).is_ok()
        {
            let _there_is_one_reader = self.shared.late.set(Weak::clone(socket));
        }
    }

    /// Has the reader's kernel acknowledge at once what it has received.
    pub(crate) fn ask_for_acknowledgements(&self) {
        if let Some(socket) = self.shared.late.get().and_then(Weak::upgrade) {
            let asked = set_tcp_quickack(&*socket, true);
            let _late_again = asked.and_then(|()| set_tcp_quickack(&*socket, false));
        }
    }

    /// The lanes that this node observes, if it observes a hop.
    #[must_use]
    pub fn lanes(&self) -> Option<Lanes> {
        self.lanes
    }

    /// Access to the recorder; a panic elsewhere does not hide what was recorded.
    pub fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.shared.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a fact of the incoming direction.
    pub fn incoming(&self, what: What) {
        if let Some(lanes) = self.lanes {
            self.record(lanes.incoming, what);
        }
    }

    /// Records octets of the incoming direction.
    pub fn received(&self, octets: &[u8]) {
        if let Some(lanes) = self.lanes {
            self.record_octets(lanes.incoming, octets);
        }
    }

    /// Records octets of the incoming direction, which whoever brings them goes on to hold.
    pub(crate) fn received_shared(&self, octets: &Bytes) {
        if let Some(lanes) = self.lanes {
            self.share_octets(lanes.incoming, octets);
        }
    }

    /// Records octets of the outgoing direction likewise.
    pub(crate) fn sent_shared(&self, octets: &Bytes) {
        match self.lanes {
            Some(lanes) if self.node > 0 => self.share_octets(lanes.outgoing, octets),
            _ => self.sent(octets),
        }
    }

    /// Records octets of the outgoing direction: see [`Observer::outgoing`].
    pub fn sent(&self, octets: &[u8]) {
        match self.lanes {
            Some(lanes) if self.node == 0 => {
                self.recorder().stimulus_octets(self.node, lanes.outgoing, octets);
                self.shared.changed.notify_waiters();
            }
            Some(lanes) => self.record_octets(lanes.outgoing, octets),
            None => {}
        }
    }

    /// Records a fact of the outgoing direction. What the reader sends is the case's own stimulus, so it belongs to the
    /// step in which it is sent; what an origin sends waits to be claimed.
    pub fn outgoing(&self, what: What) {
        match self.lanes {
            Some(lanes) if self.node == 0 => {
                self.recorder().stimulus(self.node, lanes.outgoing, what);
                self.shared.changed.notify_waiters();
            }
            Some(lanes) => self.record(lanes.outgoing, what),
            None => {}
        }
    }

    /// Records that nothing has arrived: only behind a fence.
    pub fn silence(&self) {
        if let Some(lanes) = self.lanes {
            self.recorder().stimulus(self.node, lanes.incoming, What::Silence);
        }
    }

    /// Remembers that this origin pauses here; one that observes no hop has nobody behind whom it could matter.
    pub(crate) fn pause(&self) {
        if let Some(lanes) = self.lanes {
            let mut recorder = self.recorder();
            let sent = recorder.tape(self.node).octets_in_all(lanes.outgoing);
            recorder.pause(sent);
        }
    }

    /// Records what this node's application was told or reports.
    pub fn note(&self, text: impl Into<Vec<u8>>) {
        self.record(Lane::notes(self.node), What::Note(text.into()));
    }

    /// Notes what the reader reports, when the case has awaited it: it belongs to the present step.
    pub fn says(&self, text: impl Into<Vec<u8>>) {
        let what = What::Note(text.into());
        self.recorder().stimulus(self.node, Lane::notes(self.node), what);
    }

    /// Whether the response on this node's hop has ended.
    #[must_use]
    pub fn response_has_ended(&self) -> bool {
        self.shows(&mut self.search(&end_of_any_response()))
    }

    /// Marks a place that a case can wait for and that no transcript shows.
    pub fn mark(&self, name: &str) {
        self.recorder().mark(self.node, name);
        self.shared.changed.notify_waiters();
    }

    fn record(&self, lane: Lane, what: What) {
        tracing::trace!(node = self.node, ?lane, ?what, "recorded");
        self.recorder().record(self.node, lane, what);
        self.shared.changed.notify_waiters();
    }

    fn record_octets(&self, lane: Lane, octets: &[u8]) {
        tracing::trace!(node = self.node, ?lane, octets = octets.len(), "recorded");
        self.recorder().record_octets(self.node, lane, octets);
        self.shared.changed.notify_waiters();
    }

    fn share_octets(&self, lane: Lane, octets: &Bytes) {
        tracing::trace!(node = self.node, ?lane, octets = octets.len(), "recorded");
        self.recorder().share_octets(self.node, lane, octets);
        self.shared.changed.notify_waiters();
    }

    /// Begins to look for an effect on this node's tape.
    #[must_use]
    pub fn search(&self, until: &Until) -> Search {
        until.search(self.lanes)
    }

    /// Whether the tape shows the effect already.
    #[must_use]
    pub fn shows(&self, search: &mut Search) -> bool {
        search.border(self.recorder().tape(self.node)).is_some()
    }

    /// Whether the tape shows the effect already; if so, claims the tape up to it.
    #[must_use]
    pub fn claim(&self, search: &mut Search) -> bool {
        let mut recorder = self.recorder();
        match search.border(recorder.tape(self.node)) {
            Some(border) => {
                recorder.claim(self.node, border);
                true
            }
            None => false,
        }
    }

    /// Begins to look whether every request on this node's hop is answered and the connection may be used again; none where
    /// the node observes no hop: the reader does, and has awaited what there is to await.
    #[must_use]
    pub fn search_idle(&self) -> Option<Search> {
        self.lanes.map(|lanes| idle().search(Some(lanes)))
    }

    /// Forgets how an idle connection ended, if nobody has awaited it: when an idle peer closes is its own business, and
    /// whether it has done so by now the kernel's mood.
    pub fn forget_the_end_of_an_idle_connection(&self) {
        // First the question that costs nothing: the other one labels all that has crossed.
        let unclaimed = self.recorder().tape(self.node).has_unclaimed_end();
        if unclaimed && self.search_idle().is_none_or(|mut idle| self.shows(&mut idle)) {
            self.recorder().forget_unclaimed_ends(self.node);
        }
    }

    /// Claims whatever is on the tape now. True only behind a fence.
    pub fn claim_all(&self) {
        let mut recorder = self.recorder();
        let end = recorder.tape(self.node).end();
        recorder.claim(self.node, end);
    }

    /// Claims what the application was told, as far as nothing that was not awaited comes before it.
    pub fn claim_notes(&self) {
        let mut recorder = self.recorder();
        let border = recorder.tape(self.node).behind_notes();
        recorder.claim(self.node, border);
    }

    /// Forgets what has been received and not awaited.
    pub fn forget_unclaimed(&self) {
        if let Some(lanes) = self.lanes {
            self.recorder().forget_unclaimed(self.node, lanes.incoming);
        }
    }

    /// Whether the peer's FIN or RST has been seen.
    #[must_use]
    pub fn incoming_ended(&self) -> bool {
        let Some(lanes) = self.lanes else { return false };
        let recorder = self.recorder();
        recorder.tape(self.node).has(|lane, what| lane == lanes.incoming && matches!(what, What::Fin | What::Rst))
    }

    /// Returns when any tape has changed since this call was made.
    pub fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.shared.changed.notified()
    }

    /// Waits until the tape shows the effect, and claims it up to there.
    pub async fn until(&self, until: Until, caller: &'static Location<'static>) {
        let mut search = self.search(&until);
        let effect = async {
            loop {
                let changed = self.changed();
                if self.claim(&mut search) {
                    return;
                }
                self.raise();
                self.assert_recorded(caller);
                changed.await;
            }
        };
        patience::wait(until.awaited(), caller, || self.so_far(), effect).await;
    }

    /// Keeps what a task has raised, unless another has before: whoever waits next raises it again, as the wait is in vain.
    pub(crate) fn has_raised(&self, payload: Payload) {
        self.shared.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(payload);
        self.shared.changed.notify_waiters();
    }

    /// Raises again what a task has raised.
    pub(crate) fn raise(&self) {
        let raised = self.shared.raised.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(payload) = raised {
            std::panic::resume_unwind(payload);
        }
    }

    /// Sees to it that everything that crossed was recorded.
    ///
    /// # Panics
    /// When a peer sent more than is recorded.
    pub fn assert_recorded(&self, caller: &'static Location<'static>) {
        let spilled = self.recorder().spilled();
        if let Some(spilled) = spilled {
            panic!("{spilled} (at {}:{})\n{}", caller.file(), caller.line(), self.so_far());
        }
    }

    /// The transcript so far and what nobody has claimed yet, for a failure's message; of each lane only the beginning,
    /// if it is long.
    #[must_use]
    pub fn so_far(&self) -> String {
        let mut recorder = self.recorder();
        recorder.step("(failed here; what follows was not awaited by any step)");
        recorder.seal();
        let (transcript, shortened) = recorder.transcript().shortened(SHOWN);
        let mut text = crate::render::render(&transcript, &crate::render::Redactions::all());
        if shortened {
            text.push_str(&format!("(of each lane the first {SHOWN} octets; the verdict is of these)\n"));
        }
        for log in self.shared.logs.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            text.extend(log.read().lines().map(|line| format!("\nlog: {}", printable(line))));
        }
        text
    }

    /// Adds a gateway's log to what a failure's message shows.
    pub(crate) fn add_log(&self, log: Log) {
        self.shared.logs.lock().unwrap_or_else(PoisonError::into_inner).push(log);
    }

    /// The index of this node in the chain.
    #[must_use]
    pub fn node(&self) -> usize {
        self.node
    }

    /// Whether everything on the tape has been awaited.
    #[must_use]
    pub fn nothing_unclaimed(&self) -> bool {
        self.recorder().tape(self.node).nothing_unclaimed()
    }
}
