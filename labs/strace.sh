#!/bin/bash
# How many messages a loaded node moves with each system call:
#   labs/strace.sh PATH-OF-GOSTP [TRANSPORT [SECONDS]]
# With LEAST=N it fails when that is less than N. A message is received and sent, and
# M2PA acknowledges batches: with batches of 64 a kernel's SCTP needs at least one call
# to read, two to send (all but the last message wait for more to fill a packet; the
# last does not) and two for the acknowledgement, which makes 12 at most.
# The node runs under strace, the load beside it. strace stops the node at every
# call of the network, so the rate says nothing; what a call carries does. It needs
# strace (which it installs) and the rights to trace its own child.
set -euo pipefail
gostp=$(realpath "$1") transport=${2:-auto} seconds=${3:-3}
command -v strace >/dev/null || { apt-get update -qq &&
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >/dev/null 2>&1; }
work=$(mktemp -d) node=
trap '[ -z "$node" ] || kill "$node" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
load=(bench m2pa --transport "$transport" --through 127.9.0.1:3565 --window "${WINDOW:-512}" --duration "${seconds}s")
"$gostp" "${load[@]}" --print-config >"$work/node.cfg"
# raw arguments: a line for a call is short, and its result is what counts.
strace -f --seccomp-bpf -qq -C -e trace=%network -e raw=%network -e signal=none -o "$work/trace" \
	"$gostp" run --config "$work/node.cfg" --socket "$work/s" >"$work/out" 2>&1 &
strace=$!
for _ in $(seq 100); do
	node=$(pgrep -P "$strace" || true)
	[ -n "$node" ] && break
	sleep 0.1
done
sched=()
[ "$(nproc)" -gt 1 ] || sched=(--sched fifo --coalesce 2ms)
timeout $((seconds + 120)) "$gostp" "${load[@]}" "${sched[@]}" --json >"$work/report.json" ||
	{ cat "$work/report.json" "$work/out"; exit 1; }
kill "$node"
wait "$strace" || true
node=
awk -v least="${LEAST:-0}" -v messages="$(sed -n 's/^ *"received": \([0-9]*\),$/\1/p' "$work/report.json")" '
	function number(s, i, v) { # decimal, or hexadecimal with 0x
		if (s !~ /^0x/) return s + 0
		for (i = 3; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return v
	}
	# PID name(...) = RESULT, or, when another thread came between, <... name resumed>...
	match($0, /(recvmmsg|sendmmsg|recvmsg|sendmsg|recvfrom|sendto)(\(| resumed)/) && match($0, / = -?(0x)?[0-9a-f]+/) {
		r = substr($0, RSTART + 3); sub(/ .*/, "", r)
		match($0, /(recvmmsg|sendmmsg|recvmsg|sendmsg|recvfrom|sendto)/); name = substr($0, RSTART, RLENGTH)
		n = r ~ /^-/ ? -1 : number(r)
		if (n < 0) { nothing[name]++; next }
		calls[name]++; all++
		carried[name] += name ~ /mmsg/ ? n : 1
		if (name ~ /mmsg/ && n > most[name]) most[name] = n
	}
	END {
		print messages " messages crossed the node in " all " calls that moved something: " \
			(all ? sprintf("%.1f", messages / all) : "-") " a call, both ways together"
		for (name in calls) printf "  %-9s %8d calls, %6.1f buffers each, at most %d; %d more found nothing or no room\n",
			name, calls[name], carried[name] / calls[name],
			most[name] ? most[name] : 1, nothing[name]
		if (!all || messages / all < least) { print "that is less than " least " a call"; exit 1 }
	}' "$work/trace"
echo
sed -n '/^% time/,$p' "$work/trace" | head -20
