#!/bin/bash
# Two foreign users of SCCP, go-sccp over go-m3ua, that know each other only by their
# global titles and talk through a node of ours over the SCTP of a real kernel:
#   GOSCCP=PATH labs/kernel/sccp.sh PATH-OF-GOSTP
# GOSCCP is labs/kernel/gosccp, built. It must run as root where the kernel has SCTP:
# labs/kernel/run gives such a place on any machine. It needs tshark, and uses loopback
# addresses only.
#
#   U1 (2.0.1, 4911) == A (1.0.0) == U2 (2.0.2, 4922)
set -euo pipefail
gostp=$(realpath "$1")
user=$(realpath "${GOSCCP:?the path of labs/kernel/gosccp, built}")
. "$(dirname "$0")/common.sh"
details() {
	timeout 5 "$gostp" exec --socket "$work/A.sock" 'show cs7 as' 'show cs7 gtt measurements' 'show cs7 sccp statistics' \
		'show logging' 2>/dev/null | head -120 || true
	tail -n 20 "$work"/*.log
}
shows() { on A "$1" | grep -- "$2" >/dev/null; } # shows COMMAND TEXT
# Point codes as decimals, as M3UA has them: 3 bits, 8 bits, 3 bits.
code() { IFS=. read -r a b c <<<"$1"; echo $((a << 11 | b << 3 | c)); }
start_user() { # start_user N: answers until it is stopped
	"$user" -local "127.0.0.2$1:2905" -rc "2$1" -pc "$(code "2.0.$1")" -relay "$(code 1.0.0)" -own "49$1$1" \
		>>"$work/U$1.log" 2>&1 &
	pid[U$1]=$!
	until_ok 20 shows "show cs7 as U$1" "^U$1 *active "
}
asks() { # asks N DIGITS COUNT [CAUSE]: user N sends, and judges what comes back
	timeout 60 "$user" -local "127.0.0.2$1:2905" -rc "2$1" -pc "$(code "2.0.$1")" -relay "$(code 1.0.0)" -own "49$1$1" \
		-ask "$2" -count "$3" ${4:+-cause "$4"} >"$work/out" 2>>"$work/U$1.log" ||
		fail "user $1 to $2: $(cat "$work/out")"
	[ "$(cat "$work/out")" = "$3 of $3" ] || fail "user $1 to $2: $(cat "$work/out")"
}

ip link set lo up
cat >"$work/A.cfg" <<'END'
hostname A
cs7 transport kernel
cs7 network-indicator national
cs7 point-code 1.0.0
cs7 m3ua 2905
 local-ip 127.0.0.1
cs7 asp U1 2905 2905 m3ua
 remote-ip 127.0.0.21
 slack host-order-ppid
cs7 asp U2 2905 2905 m3ua
 remote-ip 127.0.0.22
 slack host-order-ppid
cs7 as U1 m3ua
 asp U1
 routing-key 21 2.0.1
cs7 as U2 m3ua
 asp U2
 routing-key 22 2.0.2
cs7 gtt selector E164 tt 0 gti 4 np 1 nai 4
 gta 4911 pcssn 2.0.1 pcssn
 gta 4922 asname U2 pcssn
 gta 4933 pcssn 2.0.3 pcssn
 gta 4944 pcssn 1.0.0 pcssn
END
capture sccp
run_node A
until_ok 20 shows 'show cs7 m3ua' bound

start_user 2
asks 1 4922 100
pass "100 UDT by global title from one user to the other, and their answers by global title back"
stop U2
start_user 1
asks 2 4911 100
pass "and the other way round, by point code and by name of the application server"
asks 2 4955 10 1
pass "to nowhere: 10 UDTS, no translation for this specific address"
asks 2 4933 10 5
pass "to a point that cannot be reached: 10 UDTS, MTP failure"
asks 2 4944 10 4
pass "to a subsystem that is not equipped: 10 UDTS, unequipped user"
stop U1
until_ok 10 shows 'show cs7 as U1' '^U1 *down '
asks 2 4911 1 5
pass "to a user that has gone: UDTS, MTP failure"
shows 'show cs7 gtt measurements' 'E164 .* 4 ' || fail "the selector counts nothing"
stop A

understood sccp sccp 10 -e sccp.message_type -e sccp.return_cause
values() { cut -f "$1" "$work/fields" | tr , '\n' | grep -cix "0x0*$2" || true; } # values FIELD HEX
[ "$(values 5 9)" -ge 400 ] || fail "only $(values 5 9) UDT in the capture"
for c in 1:10 5:11 4:10; do
	[ "$(values 6 "${c%:*}")" -eq "${c#*:}" ] ||
		fail "$(values 6 "${c%:*}") UDTS with cause ${c%:*} in the capture; ${c#*:} were received"
done
pass "tshark finds no fault in $all packets of SCCP, and the same causes"
echo "$passed passed"
