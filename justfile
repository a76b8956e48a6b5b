# The verbs of this workspace. `just` alone lists them; each one is a line that you could type yourself.

export LASTCHUNK_LOG := env("LASTCHUNK_LOG", "")

_list:
    @just --list --unsorted

# play every case that this machine can play, or those that match, and hold each against its reviewed transcript
run *PATTERN:
    cargo run --quiet -- run {{ PATTERN }}

# one case, its transcript at every hop
show CASE:
    cargo run --quiet -- show {{ CASE }}

# get the gateways of the matrix through apt and pip, below target/
gateways *GATEWAY:
    cargo run --quiet -- fetch {{ GATEWAY }}

# the truncation table, or another: `just matrix held --gateway haproxy`
matrix *ARGS:
    cargo run --quiet -- matrix {{ ARGS }}

# every gateway that was fetched against its reviewed tables
matrix-test:
    cargo test -p mve --test matrix -- --include-ignored --skip a_gateway_in_a_container

# all that needs neither a container engine nor Go
test *ARGS:
    cargo test --workspace {{ ARGS }}

# the cases through nginx containers, the truth table through other gateways' (needs a container engine)
containers:
    cargo test -p harness --features containers --test containers -- --include-ignored
    cargo test -p mve --features containers --test cases -- --ignored --test-threads 4 containers::
    cargo test -p mve --test command_line -- --ignored compose::
    cargo run --quiet -- fetch envoy haproxy caddy
    cargo test -p mve --features containers --test matrix -- --ignored --test-threads 1 a_gateway_in_a_container

# one case as a folder for a bug report: `just report error_by_abort@as-shipped`, then see target/report
report CASE *ARGS:
    @rm -rf target/report
    cargo run --quiet -- report {{ CASE }} --into target/report {{ ARGS }}

# that folder as small as it can be and still show the same: see target/report.small
shrink BUNDLE="target/report" *ARGS:
    cargo run --quiet -- shrink {{ BUNDLE }} --overwrite {{ ARGS }}

# an origin and two nginx in containers, for curl (needs a container engine and compose)
up: _contexts
    docker-compose up --build --detach
    @echo
    @echo "origin itself    curl -N http://127.0.0.1:8000/events"
    @echo "nginx buffering  curl -N http://127.0.0.1:8081/events   (nothing for a while, then lumps)"
    @echo "nginx streaming  curl -N http://127.0.0.1:8082/events   (one event a second)"
    @echo "and /cut in place of /events: which of them tells that the response was cut?"

# ends what `up` began, and removes it
down:
    docker-compose down --volumes --rmi local

_contexts:
    cargo run --quiet -- image
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --quiet --release --target "$(rustc -vV | sed -n 's/^host: //p')" -p mve
    mkdir -p target/lastchunk/origin
    cp fixtures/images/origin/Dockerfile "target/$(rustc -vV | sed -n 's/^host: //p')/release/lastchunk" target/lastchunk/origin/

# fetch Go toolchains through the ordinary package clients: these release lines, or all that there is a package for
toolchains *LINES:
    fixtures/go/fetch.sh {{ LINES }}

# fetch what the tests of the claims ledger ask, below target/, and run them all: six minutes, once the programs are built
evidence:
    fixtures/go/fetch.sh 1.15 1.19 1.21 1.22 1.23 1.24 1.25 1.26 1.27
    fixtures/evidence/fetch.sh
    cargo run --quiet -- fetch nginx envoy
    cargo test -p mve --test claims -- --include-ignored

# every case under stress: `busy`, `go`, `pauses`, `descriptors`, `at-once` or `signals`; the same text each time, or it stops
stress WHAT="busy" N="":
    .ci/stress {{ WHAT }} {{ N }}

# hand random octets to whatever reads foreign ones; TARGET is one of `harness/fuzz/fuzz_targets`, by default each
fuzz TARGET="" SECONDS="60":
    .ci/fuzz {{ SECONDS }} {{ TARGET }}

# random programs on the model of net/http and on real Go; GO is one `go` command, by default all that are found
fidelity SEED="1" COUNT="1000" GO="":
    cargo run --quiet -- fidelity --seed {{ SEED }} --count {{ COUNT }} {{ if GO == "" { "" } else { "--go " + quote(GO) } }}

# what observing costs
bench *ARGS:
    cargo bench -p benches {{ ARGS }}

# formatting and lints, warnings denied
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

# what has to pass before anything lands
ci:
    .ci/run
