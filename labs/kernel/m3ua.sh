#!/bin/bash
# M3UA with a foreign peer over the SCTP of a real kernel: osmo-stp, once as the gateway of
# two nodes of ours, once as an ASP of ours with a node of ours behind it:
#   labs/kernel/m3ua.sh PATH-OF-GOSTP [PART ...]
# and an ASP made of go-m3ua, where GOM3UA is the path of labs/kernel/gom3ua, built.
# It must run as root where the kernel has SCTP: labs/kernel/run gives such a place
# on any machine. It needs osmo-stp and tshark, and uses loopback addresses only.
#
#   sg:   H1 (1.1.1) == osmo-stp (0.1.0) == H2 (2.2.2)
#   go:   H1 (1.1.1) == A (1.0.0) == gom3ua (3.3.3)
#   asp:  H1 (1.1.1) == A (1.0.0) == osmo-stp (0.1.0) == H2 (2.2.2)
set -euo pipefail
gostp=$(realpath "$1")
shift
parts=${*:-sg asp ${GOM3UA:+go}}
[ -z "${GOM3UA:-}" ] || GOM3UA=$(realpath "$GOM3UA")
. "$(dirname "$0")/common.sh"
details() {
	for n in A H1 H2; do
		[ -S "$work/$n.sock" ] || continue
		echo "--- $n"
		timeout 5 "$gostp" exec --socket "$work/$n.sock" 'show cs7 as detail' 'show cs7 asp detail' 'show logging' \
			2>/dev/null | head -80 || true
	done
	tail -20 "$work/osmo.log" "$work/go.log" 2>/dev/null || true
}
ip link set lo up

# --- who is there -------------------------------------------------------------------
head_of() { # head_of NAME POINT-CODE ADDRESS
	cat <<-END
		hostname $1
		cs7 transport kernel
		cs7 network-indicator national
		cs7 point-code $2
		cs7 m3ua 2905
		 local-ip $3
	END
}
process() { # process NAME POINT-CODE ADDRESS GATEWAY ROUTING-CONTEXT
	head_of "$1" "$2" "$3"
	cat <<-END
		cs7 asp SG 2905 2905 m3ua
		 remote-ip $4
		 role asp
		cs7 as OWN m3ua
		 asp SG
		 routing-key $5 $2
		cs7 route-table system
		 update route 0.0.0/0 as OWN
	END
}
gateway() {
	head_of A 1.0.0 127.0.0.1
	cat <<-END
		cs7 asp H1 2905 2905 m3ua
		 remote-ip 127.0.0.11
		cs7 asp OSMO 2906 2905 m3ua
		 remote-ip 127.0.0.10
		cs7 asp GO 2905 2905 m3ua
		 remote-ip 127.0.0.13
		 slack host-order-ppid
		cs7 as GO m3ua
		 asp GO
		 routing-key 44 3.3.3
		cs7 as H1 m3ua
		 asp H1
		 routing-key 11 1.1.1
		 traffic-mode override
		cs7 as OSMO m3ua
		 asp OSMO
		 routing-key 22 2.2.2
		 traffic-mode override
	END
}
osmo() { # osmo H1|A: what is beside H2
	cat <<-END
		log stderr
		 logging level set-all error
		cs7 instance 0
		 network-indicator national
		 point-code 0.1.0
	END
	if [ "$1" = H1 ]; then
		printf ' asp H1 2905 2905 m3ua\n  local-ip 127.0.0.10\n  remote-ip 127.0.0.11\n  role sg\n  sctp-role server\n'
	else
		printf ' asp H1 2905 2906 m3ua\n  local-ip 127.0.0.10\n  remote-ip 127.0.0.1\n  role asp\n  sctp-role client\n'
	fi
	cat <<-END
		 asp H2 2905 2905 m3ua
		  local-ip 127.0.0.10
		  remote-ip 127.0.0.12
		  role sg
		  sctp-role server
		 as H1 m3ua
		  asp H1
		  routing-key $([ "$1" = H1 ] && echo 11 1.1.1 || echo 22 2.2.2)
		  traffic-mode override
		 as H2 m3ua
		  asp H2
		  routing-key 33 2.2.2
		  traffic-mode override
		 route-table system
		  update route 1.1.1 7.255.7 linkset H1
		  update route 2.2.2 7.255.7 linkset H2
		 listen m3ua 2905
		  local-ip 127.0.0.10
	END
}
start_osmo() {
	(cd "$work" && exec osmo-stp -c "$work/osmo.cfg" </dev/null >>"$work/osmo.log" 2>&1) &
	pid[osmo]=$!
}
active() { on "$1" "show cs7 as $2" | grep "^$2 *active " >/dev/null; } # active NODE AS
ping() { on "$1" "ping cs7 $2 count ${3:-3} rate ${4:-200}"; }
# clean NAME: tshark understands every M3UA message of the capture.
clean() {
	understood "$1" m3ua 50
	pass "$1: tshark finds no fault in $all packets of M3UA"
}

# --- parts --------------------------------------------------------------------------
part_sg() {
	process H1 1.1.1 127.0.0.11 127.0.0.10 11 >"$work/H1.cfg"
	process H2 2.2.2 127.0.0.12 127.0.0.10 33 >"$work/H2.cfg"
	osmo H1 >"$work/osmo.cfg"
	capture sg
	start_osmo
	run_node H1
	run_node H2
	until_ok 20 active H1 OWN
	until_ok 20 active H2 OWN
	until_ok 20 ping H1 2.2.2
	pass "sg: two nodes are active at osmo-stp"
	until_ok 1 ping H1 2.2.2 100
	until_ok 1 ping H2 1.1.1 100
	pass "sg: 100 messages cross osmo-stp either way, and their answers"
	stop osmo
	until_ok 10 eval "on H1 'show cs7 asp' | grep 'reason: no association' >/dev/null"
	start_osmo
	until_ok 30 active H1 OWN
	until_ok 30 ping H1 2.2.2
	pass "sg: osmo-stp dies and returns, and so does the traffic"
	clean sg
	stop H1 H2 osmo
}
part_asp() {
	gateway >"$work/A.cfg"
	process H1 1.1.1 127.0.0.11 127.0.0.1 11 >"$work/H1.cfg"
	process H2 2.2.2 127.0.0.12 127.0.0.10 33 >"$work/H2.cfg"
	osmo A >"$work/osmo.cfg"
	capture asp
	run_node A
	start_osmo
	run_node H1
	run_node H2
	until_ok 30 active A OSMO
	until_ok 20 active H1 OWN
	until_ok 20 active H2 OWN
	pass "asp: osmo-stp is an active ASP of ours"
	until_ok 20 ping H1 2.2.2
	until_ok 1 ping H1 2.2.2 100
	until_ok 1 ping H2 1.1.1 100
	pass "asp: 100 messages cross both gateways either way, and their answers"
	stop osmo
	until_ok 10 eval "on A 'show cs7 as OSMO' | grep 'reason: ' >/dev/null"
	until_ok 10 eval "on A 'show cs7 route' | grep '2.2.2/14 .*INACC' >/dev/null"
	start_osmo
	until_ok 30 active A OSMO
	until_ok 30 ping H1 2.2.2
	pass "asp: osmo-stp dies and returns, and so does the traffic"
	clean asp
	stop A H1 H2 osmo
}
part_go() {
	gateway >"$work/A.cfg"
	process H1 1.1.1 127.0.0.11 127.0.0.1 11 >"$work/H1.cfg"
	capture go
	run_node A
	run_node H1
	until_ok 20 active H1 OWN
	"$GOM3UA" >>"$work/go.log" 2>&1 &
	pid[go]=$!
	until_ok 20 active A GO
	until_ok 20 ping H1 3.3.3
	# It handles each message in a goroutine of its own: neither fast nor in order.
	until_ok 20 ping H1 3.3.3 100 50
	pass "go: go-m3ua is an active ASP of ours; 100 messages cross, and their answers"
	stop go
	until_ok 10 eval "on A 'show cs7 as GO' | grep 'reason: ' >/dev/null"
	pass "go: it dies, and its AS says so"
	clean go
	stop A H1
}
for part in $parts; do "part_$part"; done
echo "$passed passed"
