#!/bin/sh
# Whether `lastchunk explain` takes time in proportion: instructions, counted by callgrind, for a hostile input once, twice and
# four times over. In proportion, the second step costs twice the first; where anything is gone through again and again,
# up to four times. Stops with 1 at 2.2 and more.
#   benches/linear.sh [INPUT]...
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release -p mve
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
head='HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
again() { yes "$2" | head -n "$1" | while read -r line; do printf "$line"; done; }
made() {
    case $1 in
        chunks) printf "$head"'Transfer-Encoding: chunked\r\n\r\n'; again $((200 * $2)) '9\r\ndata: x\n\n\r\n' ;;
        extensions) printf "$head"'Transfer-Encoding: chunked\r\n\r\n'; again $((300 * $2)) '1;a=b;c="d"\r\nx\r\n' ;;
        fields) printf "$head"; again $((600 * $2)) 'A: b\r\n'; printf '\r\n' ;;
        broken-fields) printf "$head"; again $((600 * $2)) 'a\rb\r\n' ;;
        interim) again $((300 * $2)) 'HTTP/1.1 100 Continue\r\n\r\n' ;;
        events) printf "$head"'\r\n'; again $((1000 * $2)) 'data: x\n\n' ;;
        one-event) printf "$head"'\r\n'; again $((1000 * $2)) 'data: x\n' ;;
        carriage-returns) printf "$head"'\r\n'; again $((6000 * $2)) '\r' ;;
        *) echo "no input $1" >&2; exit 2 ;;
    esac
}
counted() {
    made "$1" "$2" >"$folder/input"
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "${LASTCHUNK:-target/release/lastchunk}" explain "$folder/input" \
        2>&1 >/dev/null | sed -n 's/.*Collected : //p'
}
[ $# -gt 0 ] || set -- chunks extensions fields broken-fields interim events one-event carriage-returns
for input; do
    one=$(counted "$input" 1)
    two=$(counted "$input" 2)
    four=$(counted "$input" 4)
    echo "$input $(((four - two) * 100 / (two - one)))" | sed 's/\(.*\)\(..\)$/\1.\2/'
    [ $(((four - two) * 10)) -lt $(((two - one) * 22)) ] || { echo "$input is not in proportion" >&2; exit 1; }
done
