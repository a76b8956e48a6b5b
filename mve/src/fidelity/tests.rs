//! The comparison can fail: what a model does wrong on purpose is found, and shrunk to its cause.

use std::sync::Once;

use crate::player::install_panic_hook;

use super::*;

fn calls(divergence: &Divergence) -> Vec<String> {
    divergence.program.requests.iter().flat_map(|request| &request.calls).map(ToString::to_string).collect()
}

#[rstest::rstest]
#[case(Flaw::LateFlush, "write 2049, flush")]
#[case(Flaw::LowerCase, "status 404")]
#[case(Flaw::Reset, "write 4863")]
#[case(Flaw::Silent, "past, write 0")]
fn a_flaw_is_found_and_shrunk_to_its_cause(#[case] flaw: Flaw, #[case] cause: &str) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| install_panic_hook(false));
    let compared = run(1, 3000, &Model { flaw: Some(flaw) }, &Model::default()).expect("the model plays");
    assert_eq!(compared.divergences.len(), ENOUGH);
    for divergence in &compared.divergences {
        let plain = Program { requests: vec![Asked::plain(Vec::new())], reader: Reader::AtOnce, cut: 0 };
        let mut shell = divergence.program.clone();
        shell.requests.iter_mut().for_each(|request| request.calls.clear());
        assert_eq!(shell, plain);
        assert_eq!(calls(divergence).join(", "), cause);
    }
}

#[test]
fn a_divergence_is_shown_as_a_pair_of_transcripts() {
    let calls = vec![Call::Write(2049), Call::Flush];
    let program = Program { requests: vec![Asked::plain(calls)], reader: Reader::Pipelining, cut: 0 };
    let flawed = Model { flaw: Some(Flaw::LateFlush) };
    let divergence = compare(7, program, &flawed, &Model::default()).expect("the model plays").expect("they differ");
    insta::assert_snapshot!(divergence, @r#"
    program 7, shrunk:
      handler 0: "write 2049", "flush"

    chain: c raw, o the model with a flaw: LateFlush

    1. the reader sends, half-closes, and reads to the end
    c>o  GET /0?write%202049,flush HTTP/1.1\r\n
    c>o  Host: mve.test\r\n
    c>o  \r\n
    c>o  -- FIN
    o>c  HTTP/1.1 200 OK\r\n
    o>c  Content-Type: text/plain; charset=utf-8\r\n
    o>c  Transfer-Encoding: chunked\r\n
    o>c  Date: <date>\r\n
    o>c  \r\n
    o>c  801\r\n  # chunk 1: 2,049 octets
    o>c  # ... 2,049 octets, all "x"
    o>c  \r\n
    o>c  0\r\n  # last-chunk
    o>c  \r\n
    o>c  -- FIN
    o:   socket writes: 2186
    o:   write 1: 2049 octets
    o:   returned

    verdict
    o>c  200, complete (last-chunk)
    outcome: intact

    chain: c raw, o the model

    1. the reader sends, half-closes, and reads to the end
    c>o  GET /0?write%202049,flush HTTP/1.1\r\n
    c>o  Host: mve.test\r\n
    c>o  \r\n
    c>o  -- FIN
    o>c  HTTP/1.1 200 OK\r\n
    o>c  Content-Type: text/plain; charset=utf-8\r\n
    o>c  Transfer-Encoding: chunked\r\n
    o>c  Date: <date>\r\n
    o>c  \r\n
    o>c  801\r\n  # chunk 1: 2,049 octets
    o>c  # ... 2,049 octets, all "x"
    o>c  \r\n
    o>c  0\r\n  # last-chunk
    o>c  \r\n
    o>c  -- FIN
    o:   socket writes: 2181 5
    o:   write 1: 2049 octets
    o:   flush 1: ok
    o:   returned

    verdict
    o>c  200, complete (last-chunk)
    outcome: intact
    "#);
}

#[test]
fn a_sound_model_agrees_with_itself() {
    let compared = run(1, 300, &Model::default(), &Model::default()).expect("the model plays");
    assert_eq!((compared.programs, compared.divergences.len()), (300, 0));
}
