#!/bin/bash
# Two nodes and a load in network namespaces, over the SCTP of a real kernel, our own,
# and both mixed:
#   labs/kernel/acceptance.sh PATH-OF-GOSTP [PART ...]
# It must run as root where the kernel has SCTP: labs/kernel/run gives such a place
# on any machine. It makes its own namespaces and takes them down.
#
#   load == v1 == A == w1 == B == v2 == load      A and B are joined by two wires, and
#                  \== w2 ==/                      one M2PA link over both of them
#
# Parts: order (messages cross in order, with and without a bad network), six (the same
# over IPv6), paths (one wire dies, both die, both return), faults (what becomes of the
# far end), full (a far end that takes nothing for ten seconds under load).
#
# A pair is the SCTP of A and of B: kernel, udp (ours, in UDP) or user (ours, over raw IP).
# Where the kernel has SCTP it would abort associations over raw IP, and a node refuses
# them: PAIRS="user user" is for a guest without (labs/kernel/run -b), and is tried there.
set -euo pipefail
gostp=$(realpath "$1")
shift
if grep -q '^SCTP ' /proc/net/protocols; then
	parts=${*:-order six paths faults full refused}
	pairs=${PAIRS:-kernel kernel,udp udp,kernel udp,udp kernel} # a comma between pairs
else
	parts=${*:-order six paths faults full}
	pairs=${PAIRS:-user user}
fi
count=${COUNT:-100000} bad_count=${BAD_COUNT:-${COUNT:-100000}} # MSUs across good and bad networks
. "$(dirname "$0")/common.sh"
at() { ip netns exec "gostp-$1" "${@:2}"; }
tidy() { for n in load A B; do ip netns del "gostp-$n" 2>/dev/null || true; done; }
details() {
	for n in A B; do
		echo "--- $n"
		tail -40 "$work/$n.log" 2>/dev/null || true
		timeout 5 "$gostp" exec --socket "$work/$n.sock" 'show cs7 linkset' 'show sctp association detail' 2>/dev/null |
			head -60 || true
	done
}

# --- the network --------------------------------------------------------------------
family=4 small=
address() { if [ $family = 4 ]; then echo "10.$1.0.$2"; else echo "fd00:$1::$2"; fi; } # address NET HOST
veth() { # veth NAME NET NS-A HOST-A NS-B HOST-B
	ip link add "$1" netns "gostp-$3" type veth peer name "$1" netns "gostp-$5"
	set -- "$@" "$3" "$4" "$5" "$6"
	while [ $# -gt 6 ]; do
		ip -n "gostp-$7" addr add "10.$2.0.$8/24" dev "$1"
		ip -n "gostp-$7" addr add "fd00:$2::$8/64" dev "$1" nodad
		ip -n "gostp-$7" link set "$1" up
		# A kernel that cuts SCTP packets late hands what UDP cannot carry to a far end in
		# userspace, and one that leaves checksums to a card hands over none.
		at "$7" ethtool -K "$1" gso off tx-sctp-segmentation off tx-checksum-sctp off >/dev/null 2>&1 || true
		set -- "${@:1:6}" "${@:9}"
	done
}
network() {
	for n in load A B; do
		ip netns add "gostp-$n"
		ip -n "gostp-$n" link set lo up
	done
	veth v1 1 load 2 A 1
	veth v2 2 load 2 B 1
	veth w1 11 A 1 B 2
	veth w2 12 A 1 B 2
}
# encapsulate NS: the kernel's SCTP of a namespace goes in UDP.
encapsulate() { at "$1" sysctl -qw net.sctp.udp_port=9899 net.sctp.encap_port=9899; }
bare() { at "$1" sysctl -qw net.sctp.udp_port=0 net.sctp.encap_port=0; }
bad_network() { # bad_network on|off
	for n in A B; do
		for w in w1 w2; do
			if [ "$1" = on ]; then
				at "$n" tc qdisc replace dev $w root netem delay 25ms 3ms loss 2% reorder 25% 50% limit 20000
			else
				at "$n" tc qdisc del dev $w root 2>/dev/null || true
			fi
		done
	done
}

# --- the nodes ------------------------------------------------------------------------
config() { # config NAME TRANSPORT
	local me=1 far=2 pc=3.0.0 apc=4.0.0 outer=source port=11000
	[ "$1" = A ] || { me=2 far=1 pc=4.0.0 apc=3.0.0 outer=sink port=12000; }
	cat <<-END
		hostname $1
		cs7 transport $2
		cs7 variant itu
		cs7 network-indicator international
		cs7 point-code $pc
		cs7 local-peer 3565
		 local-ip $(address $me 1)
		cs7 local-peer 3570
		 local-ip $(address 11 $me)
		 local-ip $(address 12 $me)
		 ${small:+receive-window 50000}
		cs7 linkset outer $([ "$1" = A ] && echo 1.0.0 || echo 2.0.0)
		 link 0 sctp $(address $me 2) $port 3565 passive
		cs7 linkset inner $apc
		 m2pa timer t4-normal 500
		 ${small:+m2pa timer t7 10000}
		 link 0 sctp $(address 11 $far) $(address 12 $far) 3570 3570
		  ${small:+assoc-retransmit 20}
		  ${small:+path-retransmit 20}
		  ${small:+tx-queue-depth 600}
		cs7 route-table system
		 update route $([ "$1" = A ] && echo 2.0.0 || echo 1.0.0)/14 linkset inner
	END
}
start() { # start NAME TRANSPORT
	config "$1" "$2" >"$work/$1.cfg"
	run_node "$1" ip netns exec "gostp-$1"
}
# No -q: under pipefail a program that cannot write all fails the pipe.
# linkset_is NODE PATTERN
linkset_is() { on "$1" 'show cs7 linkset' | grep -A3 'lsn=inner' | grep -E -- "$2" >/dev/null; }
# A frozen process looks alive while its kernel answers: only traffic finds out.
frozen() { on A 'ping cs7 4.0.0 timeout 500' >/dev/null; linkset_is A 'reason:'; }
# path_fails: A says so, whose messages find out.
path_fails() { pings >/dev/null || true; logged A 'path 10.11.0.2 of association .* is inactive'; }
pings() { on A 'ping cs7 4.0.0 count 3 rate 100'; }
logged() { grep -qE -- "$2" "$work/$1.log"; }
nodes() { # nodes TRANSPORT-A TRANSPORT-B
	start A "$1"
	start B "$2"
	until_ok 40 pings
}
load() { # load TRANSPORT FLAGS...: through A and B
	local fifo=()
	[ "$(nproc)" -gt 1 ] || fifo=(--coalesce 2ms)
	at load "$gostp" bench m2pa --transport "$1" --through "$(address 1 1)" --out "$(address 2 1)" \
		--source-ip "$(address 1 2)" --sink-ip "$(address 2 2)" \
		--si 5 --size 60 "${fifo[@]}" --json "${@:2}"
}
figure() { sed -n 's/^ *"'"$1"'": \([0-9.]*\),\{0,1\}$/\1/p' "$work/report" | head -1; }
clean() { # clean WHAT: nothing lost, repeated or out of order
	local f
	for f in lost duplicated misordered; do
		[ "$(figure $f)" = 0 ] || { cat "$work/report"; fail "$1: $f $(figure $f)"; }
	done
}
# Which transport carries the load beside nodes of two kinds: all kernel, or all raw IP, both
# bare, or everything in UDP.
combination() { # combination A B: sets load_by
	load_by=udp
	[ "$1" != "$2" ] || load_by=$1
	local n kind
	for n in A B; do
		[ $n = A ] && kind=$1 || kind=$2
		if [ "$kind $load_by" = "kernel udp" ]; then encapsulate $n; else bare $n 2>/dev/null || true; fi
	done
}

# --- messages cross in order -------------------------------------------------------------
part_order() {
	local a b
	local list pair
	IFS=, read -r -a list <<<"$pairs"
	for pair in "${list[@]}"; do
		read -r a b <<<"$pair"
		combination "$a" "$b"
		nodes "$a" "$b"
		load $load_by --count "$count" --window 512 --duration 120s >"$work/report" ||
			{ cat "$work/report"; fail "$pair: $count messages"; }
		clean "$pair"
		[ "$(figure received)" = "$count" ] || fail "$pair: $(figure received) of $count"
		pass "$a to $b: $count MSUs in order, none lost ($(figure per_second | cut -d. -f1) a second)"
		bad_network on
		# Few under way: on a slow machine many would wait longer than T7 for nothing.
		load $load_by --count "$bad_count" --window 128 --duration 200s >"$work/report" ||
			{ cat "$work/report"; fail "$pair: $bad_count messages over a bad network"; }
		clean "$pair, bad network"
		[ "$(figure received)" = "$bad_count" ] || fail "$pair: $(figure received) of $bad_count"
		bad_network off
		linkset_is A '00 .*avail' || fail "$pair: the link did not survive the bad network"
		pass "$a to $b, 2 % loss, 25 ms each way, reordering: $bad_count MSUs in order, none lost" \
			"($(figure per_second | cut -d. -f1) a second)"
		stop A B
	done
}

# --- one path dies, both die, both return ---------------------------------------------------
part_paths() {
	local a b
	local list pair
	IFS=, read -r -a list <<<"$pairs"
	for pair in "${list[@]}"; do
		read -r a b <<<"$pair"
		combination "$a" "$b"
		: >"$work/A.log"
		nodes "$a" "$b"
		load $load_by --rate "${RATE:-200}" --warmup 0s --duration 12s >"$work/report" 2>&1 &
		local l=$!
		sleep 4
		at A ip link set w1 down
		until_ok 10 logged A '10.11.0.2 (failed|is unreachable|does not answer|is inactive|.*down)'
		on A 'show sctp association detail' >"$work/paths" || fail "$pair: show sctp association detail"
		grep -qiE '10.11.0.2.*inactive' "$work/paths" || { cat "$work/paths"; fail "$pair: the dead path is not shown"; }
		sleep 2
		at A ip link set w1 up
		at A ip addr replace 10.11.0.1/24 dev w1
		wait $l || { cat "$work/report"; fail "$pair: the load failed"; }
		clean "$pair, one path cut"
		! logged A 'Link 0 of linkset inner is unavailable' || fail "$pair: the link failed with one of two paths"
		until_ok 20 logged A '10.11.0.2 answers again|10.11.0.2 .*(again|up|reachable)'
		pass "$a to $b: one of two paths dies under traffic: $(figure received) MSUs, none lost," \
			"the link stays, the path is shown and returns"
		at A tc qdisc replace dev w1 root netem loss 100%
		at A tc qdisc replace dev w2 root netem loss 100%
		until_ok 15 linkset_is A 'reason:'
		local why
		why=$(on A 'show cs7 linkset' | grep -A3 lsn=inner | grep -o 'reason:.*')
		at A tc qdisc del dev w1 root
		at A tc qdisc del dev w2 root
		until_ok 40 pings
		pass "$a to $b: both paths die: the link fails ($why); both return: it recovers"
		stop A B
	done
}

# --- what becomes of the far end ----------------------------------------------------------------
part_faults() {
	local a b
	local list pair
	IFS=, read -r -a list <<<"$pairs"
	for pair in "${list[@]}"; do
		read -r a b <<<"$pair"
		combination "$a" "$b"
		: >"$work/A.log"
		nodes "$a" "$b"
		kill -9 "${pid[B]}"
		wait "${pid[B]}" 2>/dev/null || true
		until_ok 15 linkset_is A 'reason:'
		echo "     killed:    $(on A 'show cs7 linkset' | grep -A3 lsn=inner | grep -o 'reason:.*')"
		start B "$b"
		until_ok 40 pings
		pass "$a to $b: killed and started anew: down with a reason, up again"
		kill -STOP "${pid[B]}"
		until_ok 15 frozen
		echo "     frozen:    $(on A 'show cs7 linkset' | grep -A3 lsn=inner | grep -o 'reason:.*')"
		kill -CONT "${pid[B]}"
		until_ok 40 pings
		pass "$a to $b: frozen and thawed"
		kill -9 "${pid[B]}"
		wait "${pid[B]}" 2>/dev/null || true
		start B "$b" # before A has noticed: a restart (RFC 9260 §5.2.4.1), or a new association
		until_ok 40 pings
		pass "$a to $b: restarted at once: $(grep -oE '(restarted|association [0-9]+ of link 0 of linkset inner ended.*)' \
			"$work/A.log" | tail -1)"
		on B 'clear sctp association all' >/dev/null || fail "clear sctp association"
		until_ok 10 logged A 'association [0-9]+ of link 0 of linkset inner ended.*(clear|operator)'
		until_ok 40 pings
		pass "$a to $b: aborted by the far end's operator, who gives the reason: $(grep -oE 'linkset inner ended.*' \
			"$work/A.log" | tail -1)"
		on B 'configure terminal' 'cs7 local-peer 3570' 'shutdown' 'end' >/dev/null
		until_ok 15 linkset_is A 'reason:.*(refused|nothing is open|does not answer)'
		echo "     closed:    $(on A 'show cs7 linkset' | grep -A3 lsn=inner | grep -o 'reason:.*')"
		on B 'configure terminal' 'cs7 local-peer 3570' 'no shutdown' 'end' >/dev/null
		until_ok 40 pings
		pass "$a to $b: the port closed and opened"
		: >"$work/A.log"
		at B ip addr del 10.11.0.2/24 dev w1
		until_ok 40 path_fails
		until_ok 40 pings
		at B ip addr add 10.11.0.2/24 dev w1
		until_ok 40 pings
		pass "$a to $b: an address of the far end removed: the other carries on"
		stop A B
	done
}

# --- messages over IPv6 --------------------------------------------------------------------
part_six() {
	local a b
	local list pair
	IFS=, read -r -a list <<<"$pairs"
	family=6
	for pair in "${list[@]}"; do
		read -r a b <<<"$pair"
		combination "$a" "$b"
		nodes "$a" "$b"
		load $load_by --count 10000 --window 512 --duration 120s >"$work/report" ||
			{ cat "$work/report"; fail "$pair over IPv6"; }
		clean "$pair over IPv6"
		on A 'show sctp association detail' >"$work/paths"
		grep -qE 'path fd00:12::2( from .*)?: active' "$work/paths" || fail "$pair over IPv6: its second path is not shown"
		pass "$a to $b over IPv6, two addresses each: 10000 MSUs in order, none lost"
		stop A B
	done
	family=4
}

# --- a far end that takes nothing for ten seconds -------------------------------------------
memory() { awk '/^VmRSS:/ { print $2 }' "/proc/${pid[$1]}/status"; } # memory NODE, in kB
# full: the association of the link keeps what the far end does not take; A's answer is read.
full() { sed -n '/^Association.*linkset inner/,/octets queued/p' "$work/out" |
	grep -oE 'octets queued out [0-9]{4,},.*'; }
part_full() {
	local a b
	local list pair
	IFS=, read -r -a list <<<"$pairs"
	# a window of 50000 octets, a queue of 600 MSUs, three times as much, and a link that waits 10 s for acknowledgements
	small=1
	for pair in "${list[@]}"; do
		read -r a b <<<"$pair"
		combination "$a" "$b"
		nodes "$a" "$b"
		: >"$work/A.log"
		local before
		before=$(memory A)
		# Losses are sure; what is judged is the node.
		load $load_by --rate 300 --size 250 --stall 20s --warmup 0s --duration 20s >"$work/report" 2>&1 &
		local l=$! answers=0 seen=no
		until_ok 60 logged A 'Destination 2.0.0 is accessible'
		sleep 2
		kill -STOP "${pid[B]}"
		local end=$((SECONDS + 10))
		while [ $SECONDS -lt $end ]; do
			on A 'show cs7 linkset' 'show sctp association detail' 'show cs7 route' >"$work/out" ||
				fail "$pair: A does not answer while its far end takes nothing"
			answers=$((answers + 1))
			if full; then seen=yes; fi
			sleep 0.3
		done
		logged A 'Link 0 of linkset inner is congested' || fail "$pair: no congestion is told"
		[ $seen = yes ] || { on A 'show sctp association detail'; fail "$pair: the send buffer never filled"; }
		until_ok 20 linkset_is A 'reason:'
		echo "     takes nothing: $(grep -o 'Link 0 of linkset inner is unavailable: .*' "$work/A.log" | tail -1)"
		local grown=$(($(memory A) - before))
		[ $grown -lt 100000 ] || fail "$pair: A has grown by $grown kB"
		kill -CONT "${pid[B]}"
		wait $l || true
		until_ok 40 pings
		load $load_by --count 1000 --window 64 --duration 60s >"$work/report" ||
			{ cat "$work/report"; fail "$pair: after its send buffer was full"; }
		clean "$pair, after its send buffer was full"
		pass "$a to $b: the far end takes nothing for 10 s under load: A answers ($answers times), grows by $grown kB," \
			"says why the link fails, and 1000 MSUs cross afterwards"
		stop A B
	done
	small=
}

# --- what cannot be is refused -------------------------------------------------------------
part_refused() {
	bare A 2>/dev/null || true
	start A user
	until_ok 20 logged A "kernel's own SCTP is loaded and would abort associations over raw IP"
	on A 'show cs7 local-peer' >"$work/out"
	grep -q 'would abort associations over raw IP' "$work/out" ||
		{ cat "$work/out"; fail "show cs7 local-peer does not say why nothing is bound"; }
	pass "raw IP beside the kernel's SCTP is refused: $(grep -oE "the kernel's own SCTP is loaded.*" "$work/A.log" |
		tail -1)"
	stop A
}

network
for p in $parts; do "part_$p"; done
echo "$passed passed, 0 failed"
