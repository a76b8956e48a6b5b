//! The smallest program that still diverges.

use super::program::{Asked, Call, Content, Program, Reader};

/// Makes a program smaller as long as it `diverges`: the first smaller one that does, and is not `excluded`, is taken, until none does.
///
/// # Errors
/// What `diverges` answered.
pub fn shrink<E>(
    mut program: Program,
    excluded: impl Fn(&Program) -> bool,
    mut diverges: impl FnMut(&Program) -> Result<bool, E>,
) -> Result<Program, E> {
    'smaller: loop {
        for candidate in candidates(&program) {
            if candidate != program && !excluded(&candidate) && diverges(&candidate)? {
                program = candidate;
                continue 'smaller;
            }
        }
        return Ok(program);
    }
}

/// Smaller programs, those that leave out most first. Each is smaller by one fact in an order without cycles.
fn candidates(program: &Program) -> Vec<Program> {
    let mut all = Vec::new();
    if program.requests.len() > 1 {
        for at in 0..program.requests.len() {
            let mut smaller = program.clone();
            smaller.requests.remove(at);
            all.push(smaller);
        }
    }
    for at in 0..program.requests.len() {
        for request in requests(&program.requests[at]) {
            let mut smaller = program.clone();
            smaller.requests[at] = request;
            all.push(smaller);
        }
    }
    all.extend(
        [0, program.cut / 2].iter().filter(|&&cut| cut < program.cut).map(|&cut| Program { cut, ..program.clone() }),
    );
    let readers = [Reader::AtOnce, Reader::Pipelining, Reader::OneByOne];
    all.extend(
        readers
            .into_iter()
            .filter(|reader| *reader < program.reader)
            .map(|reader| Program { reader, ..program.clone() }),
    );
    all
}

fn requests(request: &Asked) -> Vec<Asked> {
    let mut all = Vec::new();
    let calls = &request.calls;
    let mut length = calls.len();
    while length > 0 {
        for at in (0..calls.len()).step_by(length) {
            let mut fewer = calls.clone();
            fewer.drain(at..(at + length).min(calls.len()));
            all.push(Asked { calls: fewer, ..request.clone() });
        }
        length /= 2;
    }
    for at in 1..calls.len() {
        if let Some(one) = in_one(&calls[at - 1], &calls[at]) {
            let mut fewer = calls.clone();
            fewer.splice(at - 1..=at, [one]);
            all.push(Asked { calls: fewer, ..request.clone() });
        }
    }
    for at in 0..request.fields.len() {
        let mut smaller = request.clone();
        smaller.fields.remove(at);
        all.push(smaller);
    }
    if request.method != "GET" {
        all.push(Asked { method: "GET", ..request.clone() });
    }
    if !request.http11 {
        all.push(Asked { http11: true, ..request.clone() });
    }
    all.extend(contents(request.content).into_iter().map(|content| Asked { content, ..request.clone() }));
    for (at, call) in calls.iter().enumerate() {
        for call in smaller_calls(call) {
            let mut smaller = request.clone();
            smaller.calls[at] = call;
            all.push(smaller);
        }
    }
    all
}

/// One write for two.
fn in_one(call: &Call, next: &Call) -> Option<Call> {
    match (call, next) {
        (Call::Write(one), Call::Write(other)) => Some(Call::Write(one + other)),
        (Call::BufWrite(one), Call::BufWrite(other)) => Some(Call::BufWrite(one + other)),
        (Call::ConnWrite(one), Call::ConnWrite(other)) => Some(Call::ConnWrite(one + other)),
        _ => None,
    }
}

fn contents(content: Content) -> Vec<Content> {
    match content {
        Content::None => Vec::new(),
        Content::Length(n) => {
            let sizes = sizes(n).into_iter().map(Content::Length);
            std::iter::once(Content::None).chain(sizes).collect()
        }
        Content::Chunked { first, second, trailer } => {
            let mut all = vec![Content::None, Content::Length(first + second)];
            if trailer {
                all.push(Content::Chunked { first, second, trailer: false });
            }
            all.extend(sizes(first).into_iter().map(|first| Content::Chunked { first, second, trailer }));
            all.extend(sizes(second).into_iter().map(|second| Content::Chunked { first, second, trailer }));
            all
        }
    }
}

fn smaller_calls(call: &Call) -> Vec<Call> {
    let all = |n: usize, make: fn(usize) -> Call| sizes(n).into_iter().map(make).collect();
    match call {
        Call::Write(n) => all(*n, Call::Write),
        Call::Read(n) => all(*n, Call::Read),
        Call::BufWrite(n) => all(*n, Call::BufWrite),
        Call::BufRead(n) => all(*n, Call::BufRead),
        Call::ConnWrite(n) => all(*n, Call::ConnWrite),
        Call::Text(octets) => vec![Call::Write(octets.len())],
        Call::Status(code) if *code != 200 => vec![Call::Status(200)],
        Call::Add(name, value) => vec![Call::Set(name.clone(), value.clone())],
        _ => Vec::new(),
    }
}

/// Smaller sizes: by far, by half, by one.
fn sizes(n: usize) -> Vec<usize> {
    let mut all: Vec<usize> = [0, 1, 10, n / 2, n - n / 8, n - n / 64, n.saturating_sub(1)].into();
    all.retain(|&size| size < n);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes_and_a_threshold_stays() {
        let noise = Asked { method: "POST", content: Content::Length(3000), ..Asked::plain(vec![Call::Flush]) };
        let calls = vec![Call::Past, Call::Write(9000), Call::Flush, Call::Write(7), Call::Abort];
        let culprit = Asked { http11: false, fields: vec![("TE", "trailers")], ..Asked::plain(calls) };
        let program = Program { requests: vec![noise, culprit], reader: Reader::InHalves, cut: 3 };
        let large = |call: &Call| matches!(call, Call::Write(n) if *n > 2048);
        let diverges = |p: &Program| Ok::<_, ()>(p.requests.iter().any(|r| r.calls.iter().any(large)));
        let smallest = shrink(program, |_| false, diverges).expect("it cannot fail");
        let expected = Asked::plain(vec![Call::Write(2049)]);
        assert_eq!(smallest, Program { requests: vec![expected], reader: Reader::AtOnce, cut: 0 });
    }
}
