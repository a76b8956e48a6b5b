//! What valgrind counts the instructions of: `instructions PATH EVENTS` puts that many 40-octet token events through one
//! path, and nothing else grows with their number. `benches/README.md` has the command.

use std::hint::black_box;
use std::process::ExitCode;

use benches::streams;
use harness::wire::events::{BorrowedEvent, Decoder};
use harness::wire::h1::{Content, Labeller};
use memchr::memchr2_iter;

const SLICE: usize = 64 * 1024;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (path, events) = (arguments.next(), arguments.next().and_then(|events| events.parse::<usize>().ok()));
    let (Some(path), Some(events)) = (path, events) else { return usage() };
    // A whole number of the same slices, so that making them costs the same however many events they come to.
    let slice = streams::events(40, SLICE / 40 * 40);
    let per_slice = slice.len() / 40;
    let mut decoder = Decoder::new();
    let mut labeller = Labeller::responses(["GET".to_owned()]);
    labeller.push(streams::HEADER_SECTION);
    let chunks = streams::chunk(40).repeat(per_slice);
    for _ in 0..events / per_slice {
        match path.as_str() {
            "visit" => memchr2_iter(b'\r', b'\n', &slice).for_each(|at| {
                black_box(at);
            }),
            "borrowed" => decoder.push_with(&slice, |event| {
                black_box(event);
            }),
            "borrowed-17" => slice.chunks(17).for_each(|slice| {
                decoder.push_with(slice, |event| {
                    black_box(event);
                });
            }),
            "borrowed-1" => slice.chunks(1).for_each(|slice| {
                decoder.push_with(slice, |event| {
                    black_box(event);
                });
            }),
            "owned" => decoder.push_with(&slice, |event| {
                black_box(event.to_event());
            }),
            "owned-slices" => drop(black_box(decoder.push(&slice))),
            "followed" => labeller.push_with(&chunks, |content| {
                let look = |event: BorrowedEvent<'_>| {
                    black_box(event);
                };
                match content {
                    Content::Text(text) => decoder.push_text_with(text, look),
                    Content::Octets(octets) => decoder.push_with(octets, look),
                }
            }),
            "labeller" => labeller.push(&chunks),
            _ => return usage(),
        }
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: instructions visit|borrowed|borrowed-17|borrowed-1|owned|owned-slices|followed|labeller EVENTS");
    ExitCode::from(2)
}
