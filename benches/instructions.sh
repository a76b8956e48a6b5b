#!/bin/sh
# Instructions a 40-octet token event, counted by callgrind over two lengths, so that what starting costs falls out.
#   benches/instructions.sh [PATH]...
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release -p benches --example instructions
counted() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/instructions "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}
[ $# -gt 0 ] || set -- visit borrowed borrowed-17 borrowed-1 owned owned-slices followed labeller
for path; do
    few=$(counted "$path" 163800)
    many=$(counted "$path" 327600)
    echo "$path $(((many - few) * 10 / 163800))" | sed 's/\(.*\)\(.\)$/\1.\2/'
done
