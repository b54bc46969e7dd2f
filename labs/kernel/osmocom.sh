#!/bin/bash
# Osmocom's A interface over us: osmo-bsc and osmo-msc (with osmo-hlr and osmo-mgw) have
# this program in the place of osmo-stp, over the SCTP of a real kernel:
#   labs/kernel/osmocom.sh PATH-OF-GOSTP
# First the BSC is as its package configures it: it comes unannounced and registers its routing
# key. The MSC is configured on both sides. Then both bring `routing-key N PC` and nothing of them
# is configured here, where the file is one of osmo-stp's; fifty lines of configuration are typed,
# and not one association is lost meanwhile. It must run as root where the kernel has SCTP:
# labs/kernel/run gives such a place on any machine. It uses loopback addresses only.
#
#   osmo-bsc (0.23.3, RKM) == gostp (0.23.0) == osmo-msc (0.23.1, routing context 7)
set -euo pipefail
gostp=$(realpath "$1")
. "$(dirname "$0")/common.sh"
details() {
	timeout 5 "$gostp" exec --socket "$work/stp.sock" 'show cs7 as detail' 'show cs7 asp detail' \
		'show cs7 mtp3 statistics' 'show logging' 2>/dev/null | head -120 || true
	cat "$work/said" 2>/dev/null || true
	tail -n 15 "$work"/*.log 2>/dev/null || true
}
ip link set lo up

# --- who is there -------------------------------------------------------------------
cat >"$work/stp.cfg" <<-END
	hostname STP
	cs7 transport kernel
	cs7 network-indicator international
	cs7 point-code 0.23.0
	cs7 xua rkm routing-key-allocation dynamic-permitted
	cs7 m3ua 2905
	 local-ip 127.0.0.1
	 accept-asp-connections dynamic-permitted
	cs7 asp MSC 2906 2905 m3ua
	 remote-ip 127.0.0.2
	cs7 as MSC m3ua
	 asp MSC
	 routing-key 7 0.23.1
END
cat >"$work/msc.cfg" <<-END
	log stderr
	 logging level set-all notice
	network
	 network country code 1
	 mobile network code 1
	cs7 instance 0
	 network-indicator international
	 point-code 0.23.1
	 asp stp 2905 2906 m3ua
	  remote-ip 127.0.0.1
	  local-ip 127.0.0.2
	  role asp
	  sctp-role client
	 as msc m3ua
	  asp stp
	  routing-key 7 0.23.1
	msc
	 mgw remote-ip 127.0.0.1
END
printf 'log stderr\nhlr\n gsup\n  bind ip 127.0.0.1\n' >"$work/hlr.cfg"
printf 'log stderr\nmgcp\n bind ip 127.0.0.1\n' >"$work/mgw.cfg"
sed 's/^log .*//' /etc/osmocom/osmo-bsc.cfg >"$work/bsc.cfg"
# The same two with routing contexts of their own, at an STP that is told of neither.
cat >"$work/open.cfg" <<-END
	log stderr
	 logging filter all 1
	line vty
	 no login
	cs7 transport kernel
	cs7 instance 0
	 network-indicator international
	 point-code 0.23.0
	 xua rkm routing-key-allocation dynamic-permitted
	 listen m3ua 2905
	  accept-asp-connections dynamic-permitted
END
sed 's/routing-key 7/routing-key 1/' "$work/msc.cfg" >"$work/msc2.cfg"
{
	cat "$work/bsc.cfg"
	cat <<-END
		cs7 instance 0
		 network-indicator international
		 point-code 0.23.3
		 asp stp 2905 0 m3ua
		  remote-ip 127.0.0.1
		  role asp
		  sctp-role client
		 as bsc m3ua
		  asp stp
		  routing-key 2 0.23.3
	END
} >"$work/bsc2.cfg"

start() { # start NAME COMMAND...
	(cd "$work" && exec "${@:2}" </dev/null >>"$work/$1.log" 2>&1) &
	pid[$1]=$!
}
# vty PORT COMMAND: what a program of Osmocom's says at its prompt.
vty() {
	exec 9<>"/dev/tcp/127.0.0.1/$1" || return
	printf 'enable\n%s\nexit\nexit\n' "$2" >&9
	timeout 5 cat <&9 || true
	exec 9>&- 9<&-
}
says() { "${@:2}" 2>&1 | tee "$work/said" | grep -qE "$1"; } # says REGEXP COMMAND...

# --- what must happen ---------------------------------------------------------------
capture a -f sctp
run_node stp
until_ok 90 on stp 'show cs7 m3ua'
start hlr osmo-hlr -c "$work/hlr.cfg" -l "$work/hlr.db"
start mgw osmo-mgw -c "$work/mgw.cfg"
start msc osmo-msc -c "$work/msc.cfg"
until_ok 60 says '^MSC *active ' on stp 'show cs7 as MSC'
pass "osmo-msc is an active ASP of its application server"
start bsc osmo-bsc -c "$work/bsc.cfg"
until_ok 60 says 'as-rkm-[0-9]+ +active' on stp 'show cs7 as'
pass "osmo-bsc has registered its routing key and is active"

reset() { tshark -r "$work/a.pcapng" -Y "gsm_a.bssmap.msgtype == $1" 2>/dev/null | grep -q .; }
# ups N: the BSC has said N times that its A interface is up.
ups() { [ "$(grep -caE 'BSSMAP asso[a-z]*tion is up' "$work/bsc.log")" -ge "$1" ]; }
until_ok 60 ups 1
until_ok 30 says '0\.23\.3|RI=' vty 4254 'show bsc'
pass "both show the connection: the BSC says that its association is up, the MSC:$(grep -aE '0\.23\.3|RI=' \
	"$work/said" | head -1 | tr -s ' \r' ' ')"
until_ok 20 reset 0x30
until_ok 20 reset 0x31
pass "BSSMAP RESET and RESET ACKNOWLEDGE have crossed"

# The BSC dies: the MSC is told, its user part is not there any more; it returns.
stop bsc
until_ok 10 eval "! on stp 'show cs7 as' | grep -q as-rkm"
pass "osmo-bsc dies, and its registration goes with it"
start bsc osmo-bsc -c "$work/bsc.cfg"
until_ok 60 says 'as-rkm-[0-9]+ +active' on stp 'show cs7 as'
until_ok 60 ups 2
pass "it returns, and so does the A interface"

# --- nothing of them is configured ----------------------------------------------------
stop bsc msc stp
run_node open
until_ok 90 says 'm3ua 2905 .*bound' on open 'show cs7 m3ua'
start msc osmo-msc -c "$work/msc2.cfg"
start bsc osmo-bsc -c "$work/bsc2.cfg"
until_ok 60 says '^as-rkm-1 +active 1 +0\.23\.1' on open 'show cs7 as'
until_ok 60 says '^as-rkm-2 +active 2 +0\.23\.3' on open 'show cs7 as'
until_ok 60 ups 3
pass "osmo-msc and osmo-bsc, unannounced, have registered routing contexts 1 and 2, and the A interface is up"

associations() { awk 'NR > 1 { print $7, $12, $13 }' /proc/net/sctp/assocs | sort; } # number, local and remote port
processes() { on open 'show cs7 asp' | awk '/asp-dyn/ { print $1, $2, $3 }'; }
ended() { on open 'show logging' | grep -cE 'association [0-9]+ of .* ended' || true; } # while the two were coming
associations >"$work/before"
ended >"$work/ended"
processes >"$work/asps"
[ "$(wc -l <"$work/asps")" = 2 ] || fail "not two ASPs: $(cat "$work/asps")"
typed=0
for i in 1 2 3 4 5; do
	lines=("hostname STP$i" "cs7 instance 0" "asp OTHER$i 29$i$i 2905 m3ua" "remote-ip 127.0.0.$((10 + i))"
		"as OTHER$i m3ua" "asp OTHER$i" "routing-key 10$i 0.30.$i" "route-table system"
		"update route 0.31.$i 7.255.7 linkset OTHER$i" "listen m3ua $((3000 + i))")
	on open 'configure terminal' "${lines[@]}" end >"$work/said" || fail "a line is refused"
	typed=$((typed + ${#lines[@]}))
	# What the A interface carries: RESET there, RESET ACKNOWLEDGE back.
	vty 4242 'msc 0 bssmap reset' >>"$work/said"
	until_ok 30 ups $((3 + i))
done
[ "$typed" = 50 ] || fail "$typed lines were typed"
associations >"$work/after"
processes >"$work/asps2"
cmp "$work/before" "$work/after" || fail "associations were lost: $(diff "$work/before" "$work/after")"
cmp "$work/asps" "$work/asps2" || fail "ASPs changed: $(diff "$work/asps" "$work/asps2")"
[ "$(ended)" = "$(cat "$work/ended")" ] || fail "an association has ended"
n=$(wc -l <"$work/after")
pass "fifty lines are typed: none of $n ends of associations is lost; BSSMAP RESET is acknowledged after each ten"

understood a m3ua 10
pass "tshark finds no fault in $all packets of M3UA"
echo "$passed passed"
