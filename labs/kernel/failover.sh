#!/bin/bash
# A mated pair of STPs under load, over a real kernel's SCTP, while links and nodes fail:
#   labs/kernel/failover.sh PATH-OF-GOSTP [CASE ...]
# It must run as root where the kernel has SCTP: labs/kernel/run gives such a place on
# any machine. It makes its own namespaces and takes them down.
#
#   load -- A == M == B -- load        A and B share their traffic over M and N, two
#            \\  |  //                  links to each; M and N are joined. Every wire
#                N                     delays by 5 ms.
#
# Printed is a row for each case: MSUs sent, lost, repeated, out of order within their
# SLS, and the longest that one was on its way. Where both ends of a link live, a lost one
# is a fault, and where a node stops in good order (TFR keeps the order then). Where one
# dies, what it had taken dies with it, and what nobody knows to have arrived is not sent
# again (Q.704 §5.6.2). Out of order or repeated is always a fault.
set -euo pipefail
gostp=$(realpath "$1")
shift
cases=${*:-nothing link linkset behind flap stop power}
rate=${RATE:-1000}
# The load sends its share of the rate this often; the links' SCTP bundles what is sent
# together, without which a guest of one processor cannot carry 1,000 MSUs a second over
# four nodes: it pays for each packet.
tick=${TICK:-20ms}
# Which SCTP: kernel, or our own (user, udp), which needs no kernel that has it.
transport=${TRANSPORT:-kernel}
. "$(dirname "$0")/common.sh"
at() { ip netns exec "gostp-$1" "${@:2}"; }
tidy() { for n in load A B M N; do ip netns del "gostp-$n" 2>/dev/null || true; done; }
details() {
	for n in A B M N; do
		echo "--- $n"
		tail -40 "$work/$n.log" 2>/dev/null || true
		on $n 'show cs7 linkset' 'show cs7 mtp3 event-history' 2>/dev/null | tail -60 || true
	done
}

# --- the network: wire k joins 10.k.0.1 and 10.k.0.2, SCTP port 3000+k at both ends -----
wires="1:load:A 2:load:B 11:A:M 12:A:M 13:A:N 14:A:N 21:B:M 22:B:M 23:B:N 24:B:N 31:M:N"
network() {
	local w k a b n
	for n in load A B M N; do
		ip netns add "gostp-$n"
		ip -n "gostp-$n" link set lo up
	done
	for w in $wires; do
		IFS=: read -r k a b <<<"$w"
		ip link add "w$k" netns "gostp-$a" type veth peer name "w$k" netns "gostp-$b"
		ip -n "gostp-$a" addr add "10.$k.0.1/24" dev "w$k"
		ip -n "gostp-$b" addr add "10.$k.0.2/24" dev "w$k"
		for n in $a $b; do
			ip -n "gostp-$n" link set "w$k" up
			at "$n" ethtool -K "w$k" gso off tx-sctp-segmentation off >/dev/null 2>&1 || true
		done
		mend "$k"
	done
}
ends() { # ends K: the nodes at both ends of a wire
	local w k a b n
	for w in $wires; do
		IFS=: read -r k a b <<<"$w"
		[ "$k" != "$1" ] || echo "$a $b"
	done
}
spoil() { # spoil NETEM WIRE ...
	local how=$1 k n
	shift
	for k in "$@"; do
		for n in $(ends "$k"); do at "$n" tc qdisc replace dev "w$k" root netem $how; done
	done
}
cut() { spoil 'loss 100%' "$@"; }
mend() { spoil 'delay 5ms limit 20000' "$@"; }

# --- the nodes ------------------------------------------------------------------------
declare -A code=([A]=3.0.0 [B]=4.0.0 [M]=5.0.1 [N]=5.0.2 [load1]=1.0.0 [load2]=2.0.0)
declare -A routes=(
	[A]="2.0.0:M:5 2.0.0:N:5 5.0.1:N:7 5.0.2:M:7 4.0.0:M:5 4.0.0:N:5"
	[B]="1.0.0:M:5 1.0.0:N:5 5.0.1:N:7 5.0.2:M:7 3.0.0:M:5 3.0.0:N:5"
	[M]="1.0.0:A:5 1.0.0:N:7 2.0.0:B:5 2.0.0:N:7 3.0.0:N:7 4.0.0:N:7"
	[N]="1.0.0:A:5 1.0.0:M:7 2.0.0:B:5 2.0.0:M:7 3.0.0:M:7 4.0.0:M:7"
)
config() { # config NODE
	local w k a b far mine its set="" slc=0
	printf 'hostname %s\ncs7 transport '"$transport"'\ncs7 variant itu\n' "$1"
	printf 'cs7 network-indicator international\ncs7 national-options tfr\ncs7 point-code %s\n' "${code[$1]}"
	for w in $wires; do
		IFS=: read -r k a b <<<"$w"
		[ "$a" = "$1" ] || [ "$b" = "$1" ] || continue
		far=$b mine=1 its=2
		[ "$b" != "$1" ] || far=$a mine=2 its=1
		printf 'cs7 local-peer %d\n local-ip 10.%d.0.%d\n' $((3000 + k)) "$k" $mine
		if [ "$far" = load ]; then
			printf 'cs7 linkset load %s\n link 0 sctp 10.%d.0.1 %d %d passive\n' "${code[load$k]}" "$k" $((10000 + 1000 * k)) \
				$((3000 + k))
			continue
		fi
		[ "$far" = "$set" ] || slc=0
		[ "$far" = "$set" ] || printf 'cs7 linkset %s %s\n m2pa timer t4-normal 500\n' "$far" "${code[$far]}"
		[ "$far" != "$set" ] || printf 'cs7 linkset %s %s\n' "$far" "${code[$far]}"
		set=$far
		printf ' link %d sctp 10.%d.0.%d %d %d\n' $slc "$k" $its $((3000 + k)) $((3000 + k))
		slc=$((slc + 1))
	done
	echo "cs7 route-table system"
	for w in ${routes[$1]}; do
		IFS=: read -r a b k <<<"$w"
		echo " update route $a/14 linkset $b priority $k"
	done
}
start() {
	config "$1" >"$work/$1.cfg"
	run_node "$1" ip netns exec "gostp-$1"
}
links() { on "$1" "show cs7 linkset $2" | grep "avail/links=$3" >/dev/null; } # links NODE LINKSET N/N
all_up() { [ "$(on "$1" 'show cs7 linkset' | grep -cE 'lsn=[A-Z] .*avail/links=(2/2|1/1)')" = "$2" ]; }
ready() { all_up A 2 && all_up B 2 && all_up M 3; }

# --- a case -----------------------------------------------------------------------------
figure() { sed -n 's/^ *"'"$1"'": \([0-9.]*\),\{0,1\}$/\1/p' "$work/report" | head -1; }
# during SECONDS MOST TEXT COMMAND...: load for so long while the command runs; so many may
# be lost.
during() {
	local fifo=() duration=$1 most=$2 text=$3
	[ "$(nproc)" -gt 1 ] || fifo=(--coalesce 2ms)
	until_ok 60 ready
	at load "$gostp" bench m2pa --transport "$transport" --through 10.1.0.2:3001 --out 10.2.0.2:3002 \
		--source-ip 10.1.0.1 --sink-ip 10.2.0.1 \
		--si 5 --size 60 "${fifo[@]}" --json --rate "$rate" --tick "$tick" --warmup 0s --duration "${duration}s" \
			>"$work/report" 2>&1 &
	local l=$!
	sleep 3
	"${@:4}"
	wait $l || [ -n "$(figure sent)" ] || { cat "$work/report"; fail "$text: the load failed"; }
	printf '%-55s %7s sent, %5s lost, %s repeated, %s out of order; longest on its way %5.0f ms\n' "$text" \
		"$(figure sent)" "$(figure lost)" \
		"$(figure duplicated)" "$(figure misordered)" "$(figure max | awk '{ print $1 / 1000 }')"
	[ "$(figure sent)" -gt $((rate * duration / 5)) ] || fail "$text: the load stood still"
	[ "$(figure duplicated) $(figure misordered)" = "0 0" ] || fail "$text: order was not kept"
	[ "$(figure lost)" -le "$most" ] || fail "$text: more than $most lost"
	passed=$((passed + 1))
}
case_nothing() { during 5 0 "nothing happens" true; }
link_dies() { cut 11; until_ok 10 links A M 1/2; sleep 1; mend 11; until_ok 30 links A M 2/2; }
case_link() { during 20 0 "a link of two fails and returns" link_dies; }
linkset_dies() { cut 11 12; until_ok 10 links A M 0/2; sleep 1; mend 11 12; until_ok 30 links A M 2/2; }
case_linkset() { during 20 0 "a linkset fails and returns, with an alternative" linkset_dies; }
behind_dies() { cut 21 22; until_ok 10 links M B 0/2; sleep 1; mend 21 22; until_ok 30 links M B 2/2; }
case_behind() { during 20 0 "a linkset behind the neighbour fails and returns" behind_dies; }
flaps() { for _ in 1 2 3 4; do cut 11 23; sleep 2.6; mend 11 23; sleep 2.4; done; }
case_flap() { during 25 0 "two links flap four times" flaps; }
restart() { # restart NODE SIGNAL
	kill "$2" "${pid[$1]}"
	wait "${pid[$1]}" 2>/dev/null || true
	sleep 3
	start "$1"
	until_ok 60 links A "$1" 2/2
}
case_stop() { during 30 0 "an STP is stopped in good order, and started" restart M -TERM; }
# An SCTP that is killed with its process still says so to its peers; a node that loses
# power does not.
both_lose_power() {
	for n in M N; do
		local all
		[ $n = M ] && all="11 12 21 22 31" || all="13 14 23 24 31"
		cut $all
		kill -9 "${pid[$n]}"
		wait "${pid[$n]}" 2>/dev/null || true
		sleep 6
		start $n
		mend $all
		until_ok 60 links A $n 2/2
		until_ok 60 links B $n 2/2
		sleep 3
	done
}
case_power() { during 60 $((rate * 5)) "the two STPs of the pair lose power in turn" both_lose_power; }

network
for n in A B M N; do start $n; done
for c in $cases; do "case_$c"; done
echo "$passed passed, 0 failed"
