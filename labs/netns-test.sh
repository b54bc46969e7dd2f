#!/bin/bash
# The four-country lab as network namespaces, used as its readers do:
#   labs/netns-test.sh PATH-OF-GOSTP
# It needs root; where the kernel has no netem the part that loses packets says so. A kernel
# with SCTP of its own shows what is true there. It ends only what it started, and what it
# made is gone at the end: that is one of its checks.
set -euo pipefail
gostp=$(realpath "$1")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
lab=""
trap '[ -z "$lab" ] || kill -9 "$lab" 2>/dev/null || true; rm -rf "$work"' EXIT

passed=0
pass() { passed=$((passed + 1)); echo "ok   $*"; }
fail() {
	echo "FAIL $*"
	exit 1
}
holds() { grep -qE -- "$1" "$2" || { cat "$2"; fail "nothing like: $1"; }; }
spaces() { find /run/netns -maxdepth 1 -name 'gostp-four-countries-*' 2>/dev/null | wc -l; }
nothing_left() {
	[ "$(spaces)" = 0 ] || fail "namespaces are left: $(ls /run/netns)"
	[ ! -e /run/gostp ] || fail "files are left: $(find /run/gostp)"
	if [ -n "${1:-}" ] && kill -0 "$1" 2>/dev/null; then fail "process $1 is left"; fi
}
# gone PID: it ends soon, or is a zombie that waits for its parent to look.
gone() {
	for _ in $(seq 100); do
		grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status" || return 0
		sleep 0.1
	done
	return 1
}

nothing_left
$gostp lab --netns --pcap "$work/x.pcapng" --run 'CountryA: ping cs7 7.8.1 count 10 rate 100' \
	--run 'CountryD: ping cs7 1.2.3' \
	--run 'CountryA: ping 10.0.5.2 repeat 3' --run 'CountryA: show ip interface brief' --run 'CountryA: show ip route' \
		--run 'CountryA: show version' \
	--run 'CountryB: nodes' --run 'CountryB: configure terminal' --run 'CountryB: cs7 description kept over lines' \
		--run 'CountryB: end' \
	--run 'CountryB: show running-config | include description' >"$work/out" ||
		{ cat "$work/out"; fail "the lab does not ping"; }
nothing_left
holds 'MTP Traffic test 100% successful packets\(10/10\)' "$work/out"
holds 'MTP Traffic test 100% successful packets\(1/1\)' "$work/out"
holds '^Success rate is 100 percent \(3/3\), round-trip min/avg/max = ' "$work/out"
holds '^eth1 +10.0.5.1 +YES manual up +up$' "$work/out"
holds '^C +10.0.5.0/24 is directly connected, eth1$' "$work/out"
holds '^CountryC +7.7.1 +links available 2 of 2$' "$work/out"
holds '^wire CountryB:eth3-CountryD:eth1: up$' "$work/out"
holds '^CountryB\(config\)#cs7 description kept over lines$' "$work/out"
holds '^cs7 description kept over lines$' "$work/out"
over=$(grep -om1 'SCTP of local-peer [0-9]* is [^(]*[^( ]' "$work/out")
pass "four processes in four namespaces ping each other ($over); nothing is left behind"

if command -v tshark >/dev/null; then
	tshark -r "$work/x.pcapng" -o ip.check_checksum:TRUE -o sctp.checksum:CRC-32C -d udp.port==9899,sctp \
		-V >"$work/verbose" 2>/dev/null
	if grep -nE 'Malformed|\[Checksum Status: Bad|checksum.*incorrect' "$work/verbose"; then fail "tshark complains"; fi
	grep -q 'MTP2 Peer Adaptation Layer' "$work/verbose" || fail 'no M2PA in the capture'
	grep -q 'Type: 8 (Echo (ping) request)' "$work/verbose" || fail 'no ping in the capture'
	pass "the capture of its wires is clean in tshark ($(grep -c '^Frame ' "$work/verbose") packets)"
fi

if $gostp lab --netns --run 'CountryB: show nonsense' >"$work/out"; then
	fail "a command that fails does not fail the lab"
fi
if $gostp lab --netns --run 'CountryA: wire down CountryA:eth1' --run 'CountryA: ping 10.0.5.2 repeat 1 timeout 1' \
	>"$work/out"; then
	fail "a ping over a cut wire succeeds"
fi
holds '^wire CountryA:eth1-CountryB:eth1: CUT$' "$work/out"
holds 'Success rate is 0 percent' "$work/out"
$gostp lab --netns --run 'CountryA: wire down CountryA:eth1' --run 'CountryA: wire up CountryA:eth1' \
	--run 'CountryA: ping 10.0.5.2 repeat 2' >"$work/out" || { cat "$work/out"; fail "a mended wire does not carry"; }
if $gostp lab --netns --run 'CountryA: wire delay 30 CountryA:eth1' --run 'CountryA: ping 10.0.5.2 repeat 2' \
	--run 'CountryA: wire loss 5%' --run 'CountryA: ping cs7 4.5.6 count 20 rate 20 timeout 5000' >"$work/out"; then
	holds 'round-trip min/avg/max = (6|7|8)[0-9]/' "$work/out"
	holds 'wire CountryC:eth2-CountryD:eth2: up, loses 5%' "$work/out"
	pass "wires are cut, mended, delayed (30 ms each way) and made to lose (5 %): every test message still arrives"
else
	holds 'this kernel has no netem' "$work/out"
	pass "wires are cut and mended; this kernel has no netem, and the lab says so"
fi
nothing_left

# A lab that runs, is found, is killed.
mkfifo "$work/in"
$gostp lab --netns <"$work/in" >"$work/console" 2>&1 &
lab=$!
exec 9>"$work/in"
until_has() { # until_has PATTERN FILE
	for _ in $(seq 150); do
		grep -qE -- "$1" "$2" && return
		sleep 0.1
	done
	cat "$2"
	fail "never: $1"
}
for _ in $(seq 100); do [ -S /run/gostp/four-countries/CountryD.sock ] && break; sleep 0.1; done
echo 'show clock' >&9
until_has ' UTC ' "$work/console"
echo 'connect CountryC' >&9
sleep 1
echo 'show running-config | include hostname' >&9
until_has 'hostname CountryC' "$work/console"
pass "the console goes from node to node"
if $gostp lab --netns --run 'CountryA: show clock' >"$work/out" 2>&1; then fail "the same lab runs twice"; fi
holds "runs already, as process $lab" "$work/out"
[ "$(spaces)" = 4 ] || fail "the second start disturbed the first"
nodes=$(for f in /run/gostp/four-countries/*.pid; do cat "$f"; echo; done)
kill -9 "$lab"
wait "$lab" 2>/dev/null || true
lab=""
exec 9>&-
for p in $nodes; do gone "$p" || fail "node process $p outlives its lab"; done
[ "$(spaces)" = 4 ] || fail "there is nothing to clean up, so that the next check shows nothing"
$gostp lab --netns --destroy
nothing_left
pass "kill -9 of the lab: its nodes die with it, --destroy removes the rest"

$gostp lab --netns <"$work/in" >"$work/console" 2>&1 &
lab=$!
exec 9>"$work/in"
for _ in $(seq 100); do [ -S /run/gostp/four-countries/CountryD.sock ] && break; sleep 0.1; done
kill -9 "$lab"
wait "$lab" 2>/dev/null || true
lab=""
exec 9>&-
$gostp lab --netns --run 'CountryA: ping cs7 7.8.1' >"$work/out" || { cat "$work/out"; fail "no start after a crash"; }
nothing_left
pass "the next start cleans up after a crash, too"

echo "$passed passed, 0 failed"
