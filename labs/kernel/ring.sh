#!/bin/bash
# Messages that go round three nodes for ever, over the SCTP of a real kernel:
#   labs/kernel/ring.sh PATH-OF-GOSTP
# S (7.7.7) == N1 (1.1.1) == N2 (2.2.2) == N3 (3.3.3) == N1: each of the three sends what a
# summary covers, and what a title leads to, to the next one. It must run as root where the
# kernel has SCTP: labs/kernel/run gives such a place on any machine. It uses loopback
# addresses only.
set -euo pipefail
gostp=$(realpath "$1")
transport=${TRANSPORT:-kernel}
. "$(dirname "$0")/common.sh"
details() {
	for n in S N1 N2 N3; do
		echo "--- $n"
		timeout 5 "$gostp" exec --socket "$work/$n.sock" 'show alarms' 'show cs7 linkset' 'show cs7 mtp3 errors' \
			'show cs7 mtp3 statistics' 2>/dev/null | head -60 || true
		tail -20 "$work/$n.log" 2>/dev/null || true
	done
}
ip link set lo up

node() { # node NAME CODE HOST
	cat <<-END
		hostname $1
		cs7 transport $transport
		cs7 variant itu
		cs7 network-indicator international
		cs7 point-code $2
		cs7 local-peer 3000
		 local-ip 127.0.0.$3
	END
}
linkset() { # linkset NAME CODE HOST
	printf 'cs7 linkset %s %s\n m2pa timer t4-normal 500\n link 0 sctp 127.0.0.%s 3000 3000\n' "$1" "$2" "$3"
}
title='cs7 gtt selector ALL tt 0 gti 4 np 1 nai 4'
for k in 1 2 3; do
	next=$((k % 3 + 1)) last=$(((k + 1) % 3 + 1))
	{
		node N$k $k.$k.$k $k
		linkset NEXT $next.$next.$next $next
		linkset LAST $last.$last.$last $last
		[ $k != 1 ] || linkset S 7.7.7 7
		printf '%s\n gta 49 pcssn %s gt\n' "$title" $next.$next.$next
		printf 'cs7 route-table system\n update route 5.0.0/3 linkset NEXT\n'
		[ $k != 2 ] || printf ' update route 7.7.7/14 linkset LAST\n'
		[ $k != 3 ] || printf ' update route 7.7.7/14 linkset NEXT\n'
	} >"$work/N$k.cfg"
done
{
	node S 7.7.7 7
	linkset N1 1.1.1 1
	printf '%s\n gta 49 pcssn 1.1.1 gt\n' "$title"
	printf 'cs7 route-table system\n update route 0.0.0/0 linkset N1\n'
} >"$work/S.cfg"
for n in S N1 N2 N3; do run_node $n; done

up() { [ "$(on "$1" 'show cs7 linkset' | grep -c 'avail/links=1/1')" = "$2" ]; } # up NODE LINKSETS
says() { on "$1" 'show alarms' | grep -F "$2" >/dev/null; }                      # says NODE TEXT
silent() { ! on "$1" 'show alarms' | grep -F "endless" >/dev/null; }
dropped() { on "$1" 'show cs7 mtp3 errors' | sed -n 's/.*messages discarded in them \([0-9]*\).*/\1/p'; }
discards() { [ "$(dropped "$1")" -ge "$2" ]; } # discards NODE MSUS
set_all() { for n in N1 N2 N3; do on $n 'configure terminal' "$@" end >/dev/null; done; }
# rate: how many MSUs a second leave N1 by the links of the ring.
sent() { on N1 'show cs7 mtp3 statistics' | sed -n 's/.*transferred[^0-9]*\([0-9]*\).*/\1/p' | head -1; }
rate() { local a; a=$(sent); sleep 2; echo $((($(sent) - a) / 2)); }
slow() { [ "$(rate)" -lt 10 ]; }

until_ok 60 up N1 3
until_ok 60 up N2 2
until_ok 60 up N3 2
reaches() { on S "ping cs7 $1" | grep '100% successful' >/dev/null; } # reaches CODE
until_ok 60 reaches 2.2.2
until_ok 60 reaches 3.3.3

on S 'ping cs7 5.1.1 count 1 timeout 500' >/dev/null 2>&1 || true
sleep 1
[ "$(rate)" -ge 10 ] || fail "nothing goes round: $(rate) MSUs a second"
for n in N1 N2 N3; do until_ok 60 says $n 'endless circle to 5.1.1 by LAST'; done
pass "a message that goes round by summary routes is proven to, at every node of the ring"
on N1 'show logging' | grep -F 'a probe of this node came back by LAST' >/dev/null || fail "the log says nothing"
set_all 'cs7 loop-protection drop'
until_ok 20 slow
n=$(($(dropped N1) + $(dropped N2) + $(dropped N3)))
[ "$n" = 1 ] || fail "$n messages were discarded, of one that went round"
pass "it is discarded with loop-protection drop, and nothing goes round any more"
on N3 'configure terminal' 'cs7 route-table system' 'remove route 5.0.0/3' end >/dev/null
for n in N1 N2 N3; do until_ok 90 silent $n; done
pass "the circle is over when it is"

set_all 'no cs7 loop-protection'
on S 'ping gt 4917123 timeout 500' >/dev/null 2>&1 || true
sleep 1
[ "$(rate)" -ge 10 ] || fail "no title goes round: $(rate) MSUs a second"
for n in N1 N2 N3; do until_ok 60 says $n 'endless circle to the title'; done
pass "a title that is translated round and round is proven to"
set_all 'cs7 loop-protection drop'
until_ok 20 slow
pass "it is discarded too"

on S 'ping cs7 2.2.2 count 200 rate 100' | grep '100% successful' >/dev/null || fail "what does not go round is lost"
pass "what does not go round passes"
echo "$passed checks passed"
