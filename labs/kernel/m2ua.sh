#!/bin/bash
# M2UA over the SCTP of a real kernel: the links of an STP end in a gateway, MTP3 is at
# one of two ASPs of it:
#   labs/kernel/m2ua.sh PATH-OF-GOSTP
# It must run as root where the kernel has SCTP: labs/kernel/run gives such a place on
# any machine. It needs tshark, and uses loopback addresses only.
#
#   STP (2.2.2) == M2PA, two links == SG == M2UA == MGC1, MGC2 (both 3.3.3)
set -euo pipefail
gostp=$(realpath "$1")
. "$(dirname "$0")/common.sh"
details() {
	for n in STP SG MGC1 MGC2; do
		[ -S "$work/$n.sock" ] || continue
		echo "--- $n"
		timeout 5 "$gostp" exec --socket "$work/$n.sock" 'show cs7 linkset' 'show cs7 m2ua detail' 'show logging' \
			2>/dev/null | tail -60 || true
	done
}
ip link set lo up

# --- who is there -------------------------------------------------------------------
head_of() { # head_of NAME
	printf 'hostname %s\ncs7 transport %s\ncs7 network-indicator national\n' "$1" "${TRANSPORT:-kernel}"
}
stp() {
	head_of STP
	cat <<-END
		cs7 point-code 2.2.2
		cs7 local-peer 1025
		 local-ip 127.0.0.2
		cs7 local-peer 1026
		 local-ip 127.0.0.2
		cs7 linkset MGC 3.3.3
		 link 0 sctp 127.0.0.5 1025 1025
		 link 1 sctp 127.0.0.5 1026 1026
	END
}
gateway() {
	head_of SG
	cat <<-END
		cs7 local-peer 1025
		 local-ip 127.0.0.5
		cs7 local-peer 1026
		 local-ip 127.0.0.5
		cs7 m2ua 2904
		 local-ip 127.0.0.5
		cs7 asp MGC1 2904 2904 m2ua
		 remote-ip 127.0.0.11
		cs7 asp MGC2 2904 2904 m2ua
		 remote-ip 127.0.0.12
		cs7 as EXCH m2ua
		 asp MGC1
		 asp MGC2
		 traffic-mode override
		 interface-identifier 1 sctp 127.0.0.2 1025 1025 passive
		 interface-identifier E1-2 sctp 127.0.0.2 1026 1026 passive
	END
}
mgc() { # mgc NAME ADDRESS
	head_of "$1"
	cat <<-END
		cs7 point-code 3.3.3
		cs7 m2ua 2904
		 local-ip $2
		cs7 asp SG 2904 2904 m2ua
		 remote-ip 127.0.0.5
		 role asp
		 traffic-mode override
		cs7 linkset STP 2.2.2
		 link 0 m2ua SG 1
		  extended-changeover
		 link 1 m2ua SG E1-2
		  extended-changeover
	END
}
has() { grep -q "$3" <<<"$(on "$1" "$2")"; } # has NODE COMMAND TEXT
links() { has "$1" "show cs7 linkset" "avail/links=$2"; } # links NODE READY/ALL
reaches() { on "$1" "ping cs7 $2 count 3 rate 100"; } # reaches NODE PC: no restart is waited for
# across LOST NODE PC COUNT RATE WHAT...: a ping of which at most LOST fail, while WHAT is
# done. Where some may, those that were under way may too: on a busy machine they are many.
across() {
	on "$2" "ping cs7 $3 count $4 rate $5 timeout 10000" >"$work/ping" 2>&1 &
	local p=$! good longest most=$1
	sleep 1
	"${@:6}" >/dev/null || fail "${*:6}"
	wait "$p" || true
	good=$(sed -n 's/.*successful packets(\([0-9]*\).*/\1/p' "$work/ping")
	longest=$(sed -n 's|.* rtt [0-9]*/[0-9]*/\([0-9]*\).*|\1|p' "$work/ping")
	lost=$(($4 - ${good:-0}))
	[ "$1" -eq 0 ] || most=$(($1 + $5 * ${longest:-0} / 1000))
	[ "$lost" -le "$most" ] || { cat "$work/ping"; fail "of a ping during: ${*:6}"; }
}
# clean: tshark understands every M2UA message of the capture.
clean() {
	understood m2ua m2ua 50 -e m2ua.message_type
	for type in 2 3 6 7 8 10 11 13; do # establish, release, state, retrieval
		grep -qE "(^|[	,])$type(,|\$)" "$work/fields" || fail "no message of type $type in the capture"
	done
	pass "tshark finds no fault in $all packets of M2UA, retrieval among them"
}

stp >"$work/STP.cfg"
gateway >"$work/SG.cfg"
mgc MGC1 127.0.0.11 >"$work/MGC1.cfg"
mgc MGC2 127.0.0.12 >"$work/MGC2.cfg"
capture m2ua
run_node STP
run_node SG
run_node MGC1
until_ok 90 links STP 2/2
until_ok 60 links MGC1 2/2
until_ok 60 reaches STP 3.3.3
until_ok 60 reaches MGC1 2.2.2
pass "both links are available at both ends, the gateway between them"
across 0 STP 3.3.3 200 100 true
across 0 MGC1 2.2.2 200 100 true
pass "200 messages cross M2PA and M2UA either way, and their answers"

# A link fails under traffic: changeover at both ends, the ASP's with what it retrieves.
link_down() { on STP 'configure terminal' 'cs7 linkset MGC' 'link 0 sctp 127.0.0.5 1025 1025' shutdown; }
link_up() { on STP 'configure terminal' 'cs7 linkset MGC' 'link 0 sctp 127.0.0.5 1025 1025' 'no shutdown'; }
across 0 STP 3.3.3 500 100 link_down
until_ok 60 links MGC1 1/2
across 0 STP 3.3.3 500 100 link_up
until_ok 60 links MGC1 2/2
pass "a link goes and comes back under traffic; nothing is lost"

# The second ASP comes and takes over; when it leaves in good order the first goes on. What
# the one that is overridden still answers is refused (RFC 3331 §4.3.4.3).
second_comes() { run_node MGC2; until_ok 60 links MGC2 2/2; }
second_leaves() { on MGC2 'configure terminal' 'cs7 asp SG 2904 2904 m2ua' block; until_ok 60 links MGC1 2/2; }
across 10 STP 3.3.3 500 100 second_comes
came=$lost
has MGC1 'show cs7 linkset' 'an alternate ASP is active' || fail "the first ASP does not say that it stands by"
across 10 STP 3.3.3 500 100 second_leaves
pass "ASPs take over from each other under traffic; not answered: $came and $lost of 500"

# The active one dies. The links stay in service.
on STP 'clear logging'
kill -9 "${pid[MGC1]}"
wait "${pid[MGC1]}" 2>/dev/null || true
unset "pid[MGC1]"
on MGC2 'configure terminal' 'cs7 asp SG 2904 2904 m2ua' 'no block'
until_ok 60 links MGC2 2/2
links STP 2/2 || fail "the links did not stay"
if has STP 'show logging' 'is unavailable'; then fail "a link went down when an ASP died"; fi
until_ok 60 reaches STP 3.3.3
across 0 STP 3.3.3 100 100 true
pass "the active ASP is killed: the links stay, the other serves them"

# Nobody is left: processor outage, and service again when one comes.
stop MGC2
until_ok 60 links STP 0/2
has STP 'show cs7 linkset' ProcessorOutage || fail "no processor outage"
run_node MGC1
until_ok 60 links STP 2/2
until_ok 60 links MGC1 2/2
until_ok 60 reaches STP 3.3.3
across 0 STP 3.3.3 100 100 true
pass "without an ASP the links are in processor outage; one that comes finds them"
clean
echo "$passed passed"
