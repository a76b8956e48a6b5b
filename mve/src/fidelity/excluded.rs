//! What is not compared, each with its reason. `harness::origin::writer` lists what the model leaves out; this is the part of it that
//! a random program would meet.

use fixtures::go::Toolchain;

use super::program::{Asked, Call, Content, Program, Reader};

/// Why a program is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exclusion {
    /// The reader's write would not arrive in one piece, and what the server has read when it closes decides between FIN and RST: the
    /// kernel's mood.
    LargeInput,
    /// Behind the server's buffer of 4096 octets, one octet is left in the kernel. Go's watch for the reader's departure takes it or not before the
    /// connection closes, and that decides between FIN and RST: the scheduler's mood.
    LastOctet,
    /// Whether the context has ended is asked while the reader half-closes, or right after the read deadline has passed: Go notices
    /// either in a goroutine of its own, some time.
    ContextInARace,
    /// A handler waits for the reader's departure where Go does not watch for it: the content is unread, or the first octet of another
    /// request has arrived, or the connection is hijacked. It would wait for ever.
    WaitsForEver,
    /// The read deadline moves into the past and back, or the connection is hijacked in between: whether the watch for the reader's
    /// departure has noticed is the scheduler's mood.
    ReadDeadlineInARace,
    /// `io.ReadAll` reads large content in steps that depend on its allocations, so that it takes octets of the next request from
    /// the kernel or not. When the connection closes then, that decides between FIN and RST.
    ReadAllBeforeMore,
    /// The request's content is read after hijacking, which `net/http` forbids: Go answers with a panic, then or at the next read of the
    /// connection.
    ReadAfterHijack,
    /// Before Go 1.25 a second `Hijack` knows nothing of the buffer that the first one gave away; since then it flushes it.
    HijackedTwice,
    /// Before Go 1.27 a request that expects a 100 (Continue) and is answered before its content is read to the end gets the 100 late, inside the
    /// response.
    ExpectUnread,
    /// Before Go 1.27 the server drains content in full duplex while its watch for the reader's departure begins, and panics or not:
    /// `invalid concurrent Body.Read call`.
    DuplexUnread,
    /// Before Go 1.27 content that could not be drained, because it is cut or the read deadline has passed, stays open, so that the handler reads
    /// what is left of it. Now it is closed.
    Undrained,
    /// Before Go 1.27 an HTTP/1.0 response whose connection closes after all still says `Connection: keep-alive`.
    KeepAliveInVain,
}

impl Exclusion {
    /// Why this program is not compared, if it is not.
    #[must_use]
    pub fn of(program: &Program) -> Option<Self> {
        // a write of half the receive window is pushed at once, the rest apart
        if program.sent() > 32_000 {
            return Some(Self::LargeInput);
        }
        let lengths = program.stimuli().into_iter().map(|stimulus| stimulus.octets.len());
        let mut ends = lengths.scan(0, |sent, length| {
            *sent += length;
            Some((length, *sent))
        });
        if ends.any(|(length, sent)| length % 4096 == 1 || sent % 4096 == 1) {
            return Some(Self::LastOctet);
        }
        program.requests.iter().enumerate().find_map(|(at, request)| Self::of_request(program, request, at))
    }

    /// Why this program is not compared with an older Go: the model follows 1.27.
    #[must_use]
    pub fn of_older(program: &Program, toolchain: &Toolchain) -> Option<Self> {
        let last = program.requests.len() - 1;
        let mut requests = program.requests.iter().enumerate();
        requests.find_map(|(at, request)| {
            let old = |minor: u32, holds: bool, exclusion: Self| {
                (holds && toolchain.number < [1, minor, 0]).then_some(exclusion)
            };
            let calls = |call: Call| request.calls.iter().filter(|other| **other == call).count();
            let content = request.content != Content::None;
            let expects = request.fields.iter().any(|(name, _)| *name == "Expect");
            let read_first = request.calls.first() == Some(&Call::ReadAll);
            let fails = (at == last && program.cut > 0) || calls(Call::ReadPast) > 0;
            let keeps = request.fields.iter().any(|(_, value)| value.to_ascii_lowercase().contains("keep-alive"));
            let is_coding =
                |call: &Call| matches!(call, Call::Set(name, _) | Call::Add(name, _) if name == "Transfer-Encoding");
            old(25, calls(Call::Hijack) > 1, Self::HijackedTwice)
                .or(old(27, content && expects && !read_first, Self::ExpectUnread))
                .or(old(27, content && calls(Call::Duplex) > 0, Self::DuplexUnread))
                .or(old(27, content && fails, Self::Undrained))
                .or(old(
                    27,
                    !request.http11 && keeps && (content || request.calls.iter().any(is_coding)),
                    Self::KeepAliveInVain,
                ))
        })
    }

    /// Whether any request makes the call, this one apart if there is one.
    fn elsewhere(program: &Program, call: &Call, here: Option<usize>) -> bool {
        let mut others = program.requests.iter().enumerate().filter(|(at, _)| Some(*at) != here);
        others.any(|(_, request)| request.calls.contains(call))
    }

    fn of_request(program: &Program, request: &Asked, at: usize) -> Option<Self> {
        let last = at + 1 == program.requests.len();
        let has = |call: Call| request.calls.contains(&call);
        // the context of a connection is the parent of all its requests'
        let in_a_race =
            has(Call::Context) && (program.reader == Reader::AtOnce || Self::elsewhere(program, &Call::ReadPast, None));
        if in_a_race || (has(Call::ContextEnd) && Self::elsewhere(program, &Call::ReadPast, Some(at))) {
            return Some(Self::ContextInARace);
        }
        let pipelined = matches!(program.reader, Reader::AtOnce | Reader::Pipelining);
        let watched = request.content == Content::None && program.sent() <= 4096 && (last || pipelined);
        if has(Call::ContextEnd) && (!watched || has(Call::Hijack)) {
            return Some(Self::WaitsForEver);
        }
        let mut after_hijack = request.calls.iter().skip_while(|call| **call != Call::Hijack);
        if after_hijack.any(|call| matches!(call, Call::Read(_) | Call::ReadAll)) {
            return Some(Self::ReadAfterHijack);
        }
        if has(Call::ReadAll) && program.sent() > 4096 && pipelined && !last {
            return Some(Self::ReadAllBeforeMore);
        }
        if has(Call::ReadPast) && (has(Call::ReadNever) || has(Call::Hijack)) {
            return Some(Self::ReadDeadlineInARace);
        }
        None
    }
}
