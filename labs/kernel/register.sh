#!/bin/bash
# Nodes that register their routing keys with osmo-stp, over the SCTP of a real kernel:
#   labs/kernel/register.sh PATH-OF-GOSTP
# H1 (1.1.1) == osmo-stp (0.1.0) == H2 (2.2.2), which knows neither beforehand.
# It must run as root where the kernel has SCTP: labs/kernel/run gives such a place on any
# machine. It needs osmo-stp, and uses loopback addresses only.
set -euo pipefail
gostp=$(realpath "$1")
. "$(dirname "$0")/common.sh"
details() {
	for n in H1 H2; do timeout 5 "$gostp" exec --socket "$work/$n.sock" 'show cs7 as' 'show cs7 asp detail' \
		'show logging' 2>/dev/null | head -60 || true; done
	tail -30 "$work/osmo.log" 2>/dev/null || true
}
ip link set lo up

cat >"$work/osmo.cfg" <<-END
	log stderr
	 logging level set-all error
	 logging level lss7 info
	 logging timestamp 0
	cs7 instance 0
	 network-indicator national
	 point-code 0.1.0
	 xua rkm routing-key-allocation dynamic-permitted
	 listen m3ua 2905
	  accept-asp-connections dynamic-permitted
	  local-ip 127.0.0.10
END
for i in 1 2; do
	cat >"$work/H$i.cfg" <<-END
		hostname H$i
		cs7 transport kernel
		cs7 network-indicator national
		cs7 point-code $i.$i.$i
		cs7 m3ua 2905
		 local-ip 127.0.0.1$i
		cs7 asp SG 2905 2905 m3ua
		 remote-ip 127.0.0.10
		 role asp
		cs7 as OWN m3ua
		 asp SG
		 routing-key 77 $i.$i.$i
		 register
		cs7 route-table system
		 update route 0.0.0/0 as OWN
	END
done
(cd "$work" && exec osmo-stp -c "$work/osmo.cfg" </dev/null >"$work/osmo.log" 2>&1) &
pid[osmo]=$!
until_ok 10 grep -q 'Created m3ua server' "$work/osmo.log"
run_node H1
run_node H2
active() { on "$1" 'show cs7 as' | grep -E "^OWN *active *$2 *$3" >/dev/null; } # active NODE ROUTING-CONTEXT DPC
says() { [ "$(grep -c "$1" "$work/osmo.log")" = "$2" ]; }                        # says TEXT TIMES
crosses() { on H1 'ping cs7 2.2.2 count 20 rate 100' | grep '100% successful packets(20/20)' >/dev/null; }

until_ok 20 active H1 '[0-9]+' 1.1.1
until_ok 20 active H2 '[0-9]+' 2.2.2
if active H1 77 1.1.1; then fail "77 is H1's own idea of its routing context, not osmo-stp's"; fi
until_ok 10 crosses
pass "two nodes have routing contexts of osmo-stp's, and traffic crosses"

on H1 'configure terminal' 'cs7 as OWN m3ua' 'description of no concern to the key' 'end' >/dev/null
crosses || fail "a change of something else"
says 'De-Registering' 0 || fail "a change of something else took the key back"
pass "a change that does not concern the key leaves it alone"

on H1 'configure terminal' 'cs7 as OWN m3ua' 'no routing-key 77 1.1.1' 'routing-key 77 1.1.3' 'end' >/dev/null
until_ok 10 says 'De-Registering rctx [0-9]* for DPC 1.1.1' 1
until_ok 10 active H1 '[0-9]+' 1.1.3
on H1 'configure terminal' 'cs7 as OWN m3ua' 'no routing-key 77 1.1.3' 'routing-key 77 1.1.1' 'end' >/dev/null
until_ok 10 says 'De-Registering rctx [0-9]* for DPC 1.1.3' 1
until_ok 10 active H1 '[0-9]+' 1.1.1
until_ok 10 crosses
pass "another key takes the place of the one before at osmo-stp"

on H1 'configure terminal' 'cs7 asp SG 2905 2905 m3ua' 'shutdown' 'end' >/dev/null
until_ok 10 says 'De-Registering rctx [0-9]* for DPC 1.1.1' 2
on H1 'configure terminal' 'cs7 asp SG 2905 2905 m3ua' 'no shutdown' 'end' >/dev/null
until_ok 20 active H1 '[0-9]+' 1.1.1
until_ok 10 crosses
stop H2
until_ok 10 says 'De-Registering rctx [0-9]* for DPC 2.2.2' 1
pass "shut down, and stopped, nodes take their keys back"
echo "$passed passed"
