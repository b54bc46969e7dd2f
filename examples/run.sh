#!/bin/bash
# Builds the examples, runs each, and looks at what they print: examples/run.sh PATH-OF-GOSTP
# All is on loopback, by SCTP in UDP; only what was started is ended.
set -euo pipefail
gostp=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
pids=()
end() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	rm -rf "$work"
}
trap end EXIT
# prints TEXT COMMAND...: the command prints this line, within some seconds.
prints() {
	local want="$1"
	shift
	timeout 20 "$@" >"$work/out" 2>"$work/err" || { cat "$work/out" "$work/err"; echo "FAIL $*"; exit 1; }
	grep -qxF -- "$want" "$work/out" || { cat "$work/out"; echo "FAIL $*: no line $want"; exit 1; }
	echo "ok   $(basename "$1"): $want"
}

go vet ./...
go build -o "$work/" ./...

prints '61401234567 goes to 2068 by its first 4 digits' "$work/table"

"$work/link" -local 127.0.0.8 >/dev/null 2>&1 &
pids+=($!)
prints 'you said hello' "$work/link" -local 127.0.0.9 -dial 127.0.0.8

"$gostp" run --config gateway.cfg --socket "$work/socket" >"$work/gateway" 2>&1 &
pids+=($!)
"$work/asp" -local 127.0.0.6 -own 6.6.6 -context 66 >/dev/null 2>&1 &
pids+=($!)
for _ in $(seq 100); do
	"$gostp" exec --socket "$work/socket" 'show cs7 as SIX' 2>/dev/null | grep -q ' active ' && break
	sleep 0.1
done
prints '6.6.6 says "you said hello"' "$work/asp" -local 127.0.0.5 -own 5.5.5 -context 55 -to 6.6.6
