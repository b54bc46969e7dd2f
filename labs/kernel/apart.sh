#!/bin/bash
# SCTP of ours over raw IP with that of a real kernel. The two cannot live under one
# kernel, whose SCTP would abort what it does not know, so here are two guests with
# wires between them, one with SCTP in its kernel and one without:
#   labs/kernel/apart.sh PATH-OF-GOSTP
# It wants what labs/kernel/run wants; the wires are UDP ports of loopback (PORT, 41000,
# and the next three).
#
#   load == v1 == A == w1 == bridge ~~ vec0 ~~ B      A is kernel, B is ours over raw IP;
#     \~~~~~~~~~~~~~~~~ vec1 ~~~~~~~~~~~~~~~~~/       the load has UDP to both
set -euo pipefail
gostp=$(realpath "$1")
role=${2:-} calls=${3:-} box=${4:-}
count=${COUNT:-10000}

config() { # config NAME: the side that does not call is passive
	local me=1 far=2 pc=3.0.0 apc=4.0.0 outer=1.0.0 beyond=2.0.0 load=10.1.0.2 near=10.1.0.1 port=11000 transport=kernel
	[ "$1" = A ] || { me=2 far=1 pc=4.0.0 apc=3.0.0 outer=2.0.0 beyond=1.0.0 load=10.2.0.2 near=10.2.0.1 port=12000 \
		transport=user; }
	cat <<-END
		hostname $1
		cs7 transport $transport
		cs7 network-indicator international
		cs7 point-code $pc
		cs7 local-peer 3565
		 transport udp
		 local-ip $near
		cs7 local-peer 3570
		 local-ip 10.11.0.$me
		cs7 linkset outer $outer
		 link 0 sctp $load $port 3565 passive
		cs7 linkset inner $apc
		 m2pa timer t4-normal 500
		 link 0 sctp 10.11.0.$far 3570 3570 $([ "$1" = "$calls" ] || echo passive)
		cs7 route-table system
		 update route $beyond/14 linkset inner
	END
}

# --- on the machine: both guests, twice ---------------------------------------------
if [ -z "$role" ]; then
	here=$(cd "$(dirname "$0")" && pwd)
	box=$(mktemp -d)
	trap 'touch "$box/end"; wait; rm -rf "$box"' EXIT
	port=${PORT:-41000}
	for calls in A B; do
		rm -f "$box/end"
		"$here/run" -b -m 512M -t 290 -w "$port:$((port + 1))" -w "$((port + 2)):$((port + 3))" bash "$0" "$gostp" B $calls \
			"$box" >"$box/B.out" 2>&1 &
		"$here/run" -t 280 -w "$((port + 1)):$port" -w "$((port + 3)):$((port + 2))" bash "$0" "$gostp" A $calls "$box" ||
			{ tail -40 "$box"/B.*; exit 1; }
		touch "$box/end"
		wait $! || { cat "$box/B.out"; exit 1; }
		# Who called: the kernel's SCTP is in nothing but IP, so B's is too.
		[ $calls = A ] && by="set up by the far end" || by="set up by this end"
		grep -q "linkset inner is up with 10.11.0.1 port 3570, $by" "$box/B.log" ||
			{ cat "$box/B.log"; echo "FAIL no association was $by"; exit 1; }
	done
	exit
fi

# --- the guest without SCTP ------------------------------------------------------------
if [ "$role" = B ]; then
	! grep -q '^SCTP ' /proc/net/protocols || { echo "the kernel has SCTP"; exit 1; }
	ip addr add 10.11.0.2/24 dev vec0
	ip addr add 10.2.0.1/24 dev vec1
	ip link set vec0 up
	ip link set vec1 up
	config B >"$box/B.cfg"
	"$gostp" run --config "$box/B.cfg" </dev/null >"$box/B.log" 2>&1 &
	for ((i = 0; i < 560; i++)); do
		[ ! -e "$box/end" ] || break
		kill -0 $! || { echo "B ended"; exit 1; }
		sleep 0.5
	done
	kill $!
	wait $! || true
	exit
fi

# --- the guest with it -------------------------------------------------------------------
. "$(dirname "$0")/common.sh"
at() { ip netns exec "gostp-$1" "${@:2}"; }
details() {
	tail -40 "$work/A.log"
	timeout 5 "$gostp" exec --socket "$work/A.sock" 'show cs7 linkset' 'show sctp association detail' || true
}
pings() { on A 'ping cs7 4.0.0 count 3 rate 100'; }
load() { # load WHAT FLAGS...: through A and B; nothing may be lost, repeated or out of order
	at load "$gostp" bench m2pa --transport udp --through 10.1.0.1 --out 10.2.0.1 --source-ip 10.1.0.2 --sink-ip 10.2.0.2 \
		--si 5 --size 60 --coalesce 2ms --count "$count" --json "${@:2}" >"$work/report" || { cat "$work/report"; fail "$1"; }
	local f want
	for f in received lost duplicated misordered; do
		[ $f = received ] && want=$count || want=0
		[ "$(sed -n 's/^ *"'$f'": \([0-9]*\),\{0,1\}$/\1/p' "$work/report" | head -1)" = "$want" ] ||
			{ cat "$work/report"; fail "$1: $f"; }
	done
}
netem() { # netem on|off: both ways between A and B
	if [ "$1" = on ]; then
		set -- replace root netem delay 25ms 3ms loss 2% reorder 25% 50% limit 20000
	else
		set -- del root
	fi
	at A tc qdisc "$1" dev w1 "${@:2}"
	tc qdisc "$1" dev far "${@:2}"
}

for n in load A; do
	ip netns add gostp-$n
	ip -n gostp-$n link set lo up
done
ip link add v1 netns gostp-load type veth peer name v1 netns gostp-A
ip link add w1 netns gostp-A type veth peer name far
ip link set vec1 netns gostp-load
ip link add bridge type bridge
for c in vec0 far; do ip link set $c master bridge; done
for c in bridge vec0 far; do ip link set $c up; done
# A checksum that is left to a card is never made here.
at A ethtool -K w1 gso off tx-sctp-segmentation off tx-checksum-sctp off >/dev/null 2>&1 || true
while read -r n c a; do
	ip -n gostp-$n addr add "$a/24" dev "$c"
	ip -n gostp-$n link set "$c" up
done <<-END
	load v1 10.1.0.2
	load vec1 10.2.0.2
	A v1 10.1.0.1
	A w1 10.11.0.1
END
config A >"$work/A.cfg"
run_node A ip netns exec gostp-A
until_ok 90 pings
[ "$calls" = A ] && who="the kernel calls" || who="ours calls"
load "$who" --window 512 --duration 100s
pass "kernel to user over raw IP, $who: $count MSUs in order, none lost"
netem on
load "$who, bad network" --window 128 --duration 150s
netem off
pass "kernel to user over raw IP, $who, 2 % loss, 25 ms each way, reordering: $count MSUs in order, none lost"
{ kill -9 "${pid[A]}" && wait "${pid[A]}"; } 2>/dev/null || true
run_node A ip netns exec gostp-A
until_ok 40 pings
pass "A killed and started at once: the link returns"
on A 'clear sctp association all' >/dev/null
until_ok 40 pings
pass "an association aborted by the kernel's side: the link returns"
echo "$passed passed"
