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
    cargo test -p mve --test matrix -- --include-ignored

# all that needs neither a container engine nor Go
test *ARGS:
    cargo test --workspace {{ ARGS }}

# the cases through nginx containers, and the tests of that path (needs a container engine)
containers:
    LASTCHUNK_ENGINE=required cargo test --features containers -p harness --test containers -- --include-ignored
    LASTCHUNK_ENGINE=required cargo test --features containers -p mve --test cases -- --ignored

# run the suite N times with all cores busy: the same text each time, or it stops
stress N="100":
    cargo test --workspace --no-run
    .ci/busy sh -c 'for i in $(seq {{ N }}); do cargo test --workspace --quiet >target/stress.log 2>&1 || { cat target/stress.log; echo "run $i of {{ N }} differs"; exit 1; }; done; echo "{{ N }} runs, the same each time"'

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
