#!/bin/bash
# Uses the program as its readers do and checks what they would see:
#   labs/acceptance.sh PATH-OF-GOSTP
# It needs tshark, jq and tmux, touches nothing but loopback and a temporary folder,
# and ends only what it started.
set -euo pipefail
gostp=$(realpath "$1")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
pids=()
tmux="tmux -L gostp-$$ -f /dev/null"
end() {
	$tmux kill-server 2>/dev/null || true
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	rm -rf "$work"
}
trap end EXIT

passed=0
pass() { passed=$((passed + 1)); echo "ok   $*"; }
fail() {
	echo "FAIL $*"
	exit 1
}
# has TEXT FILE: the file has this line, trailing blanks apart.
has() { sed 's/[[:space:]]*$//' "$2" | grep -qxF -- "$1" || { cat "$2"; fail "no line: $1"; }; }
# holds PATTERN FILE
holds() { grep -qE -- "$1" "$2" || { cat "$2"; fail "nothing like: $1"; }; }

# --- the four-country lab ---------------------------------------------------
$gostp lab --run 'CountryA: show cs7 linkset' --run 'CountryB: show cs7 linkset' --run 'CountryA: show cs7 route' \
	--run 'CountryA: ping cs7 7.8.1 count 10' --run 'CountryA: ping 10.0.5.2' --run 'CountryB: show ip interface brief' \
		>"$work/lab" || { cat "$work/lab"; fail "the lab does not ping"; }
has 'lsn=ToCountryA          apc=1.2.3         state=avail     avail/links=1/1' "$work/lab"
has '  SLC  Interface                    Service   PeerState         Inhib' "$work/lab"
has '  00   10.0.5.1 1024 1024           avail     InService         -----' "$work/lab"
has '  00   10.0.6.2 1025 1025           avail     InService         -----' "$work/lab"
has 'Dynamic Routes 0 of 1000' "$work/lab"
has 'Routing table = system Destinations = 2 Routes = 2' "$work/lab"
has 'Destination            Prio Linkset Name        Route' "$work/lab"
has '4.5.6/14         acces   1  ToCountryB          avail' "$work/lab"
has '7.0.0/3          acces   5  ToCountryB          avail' "$work/lab"
holds '^\*[A-Z][a-z]{2} [0-9]{2} [0-9:.]{12}: %CS7PING-6-RTT: '\
'Test Q.755 7.8.1: MTP Traffic test rtt [0-9]+/[0-9]+/[0-9]+$' \
	"$work/lab"
holds '%CS7PING-6-STAT: Test Q.755 7.8.1: MTP Traffic test 100% successful packets\(10/10\)$' "$work/lab"
holds '%CS7PING-6-TERM: Test Q.755 7.8.1: MTP Traffic test terminated.$' "$work/lab"
holds '^Success rate is 100 percent \(5/5\), round-trip min/avg/max = [0-9]+/[0-9]+/[0-9]+ ms$' "$work/lab"
has 'eth3                       10.0.7.1        YES manual up                    up' "$work/lab"
pass "the four-country lab pings, in the known layouts"

if $gostp lab --run 'CountryD: configure terminal' --run 'CountryD: no cs7 route-table system' --run 'CountryD: end' \
	--run 'CountryA: ping cs7 7.8.1 timeout 500' >"$work/noreturn"; then
	cat "$work/noreturn"
	fail "a ping without return route succeeds"
fi
holds 'packets\(0/1\)' "$work/noreturn"
holds 'sent by link 0 of linkset ToCountryB: its far end has acknowledged them' "$work/noreturn"
holds 'have a route to 1\.2\.3, is not known here: `trace cs7 7\.8\.1` asks each node' "$work/noreturn"
if $gostp lab --run 'CountryD: configure terminal' --run 'CountryD: no cs7 route-table system' --run 'CountryD: end' \
	--run 'CountryA: trace cs7 7.8.1' >"$work/traced"; then
	cat "$work/traced"
	fail "a trace without return route succeeds"
fi
holds '7\.8\.1 has no route to 1\.2\.3: give it one' "$work/traced"
pass "without the return route the ping fails and says what it knows; the trace says why"

if $gostp lab --run 'CountryA: ping cs7 3.0.0' >"$work/noroute"; then fail "a ping without route succeeds"; fi
holds 'No route to 3.0.0: .*nearest is' "$work/noroute"
if $gostp lab --run 'CountryA: wire down CountryA:eth1' --run 'CountryA: show cs7 m2pa state' \
	--run 'CountryA: configure terminal' \
	--run 'CountryA: cs7 linkset ToCountryB' --run 'CountryA: shutdown' --run 'CountryA: end' \
		--run 'CountryA: ping cs7 7.8.1' >"$work/down"; then fail "a ping over a dead linkset succeeds"; fi
holds 'is inaccessible: 7.0.0/3 covers it, but linkset ToCountryB is down: .*shut down by configuration' "$work/down"
pass "without a route here, or with the linkset down, it says so at once"

# --- captures -----------------------------------------------------------------
$gostp lab --pcap "$work/x.pcapng" --run 'CountryA: ping cs7 7.8.1 count 5' >/dev/null
tshark -r "$work/x.pcapng" -o ip.check_checksum:TRUE -o sctp.checksum:CRC-32C -V >"$work/verbose" 2>/dev/null
if grep -nE 'Malformed|Unreassembled|Expert Info \((Error|Warn)|\[Checksum Status: Bad|checksum.*incorrect|Retransmi' \
	"$work/verbose"; then
	fail "tshark complains"
fi
holds 'Header checksum status: Good' "$work/verbose"
holds '\[Checksum Status: Good\]' "$work/verbose"
holds 'SLTM|Signalling link test message' "$work/verbose"
tshark -r "$work/x.pcapng" -T fields -e _ws.col.Protocol 2>/dev/null | sort | uniq -c >"$work/protocols"
holds 'M2PA' "$work/protocols"
holds 'MTP3MG' "$work/protocols"
n=$(tshark -r "$work/x.pcapng" -Y 'mtp3.service_indicator == 8' 2>/dev/null | wc -l)
[ "$n" -ge 10 ] || fail "only $n test messages in the capture"
pass "tshark reads the capture without complaint, checksums right ($n packets with test messages)"

# --- the blank lab, typed -------------------------------------------------------
screen() { $tmux capture-pane -t lab -p -S -400 >"$work/screen"; }
type_line() { $tmux send-keys -t lab -l -- "$1"; $tmux send-keys -t lab Enter; }
wait_for() { # wait_for PATTERN SECONDS
	for _ in $(seq $(($2 * 10))); do
		screen
		grep -qE -- "$1" "$work/screen" && return
		sleep 0.1
	done
	cat "$work/screen"
	fail "the screen never showed: $1"
}
$tmux new-session -d -s lab -x 120 -y 50 "$gostp lab --blank"
wait_for '^CountryA#' 5
country() { # country NODE PC: identity, as the blog types it
	type_line "connect $1"
	type_line "conf t"
	type_line "cs7 variant itu"
	type_line "cs7 network-indicator international"
	type_line "cs7 point-code $2"
}
peer() {
	type_line "cs7 local-peer $1"
	type_line "local-ip $2"
	type_line "cs7 linkset $3 $4"
	type_line "link 0 sctp $5 $1 $1"
}
country CountryA 1.2.3
peer 1024 10.0.5.1 ToCountryB 4.5.6 10.0.5.2
type_line "end"
country CountryB 4.5.6
peer 1024 10.0.5.2 ToCountryA 1.2.3 10.0.5.1
peer 1025 10.0.6.1 ToCountryC 7.7.1 10.0.6.2
peer 1026 10.0.7.1 ToCountryD 7.8.1 10.0.7.2
type_line "end"
country CountryC 7.7.1
peer 1025 10.0.6.2 ToCountryB 4.5.6 10.0.6.1
peer 1027 10.0.8.1 ToCountryD 7.8.1 10.0.8.2
type_line "exit"
type_line "cs7 route-table system"
type_line "update route 0.0.0/0 linkset ToCountryB"
wait_for '%CS7MTP3-5-DESTSTATUS: Destination 0.0.0 is accessible' 10
type_line "end"
country CountryD 7.8.1
peer 1026 10.0.7.2 ToCountryB 4.5.6 10.0.7.1
peer 1027 10.0.8.2 ToCountryC 7.7.1 10.0.8.1
type_line "cs7 route-table system"
type_line "update route 0.0.0/0 linkset ToCountryB"
type_line "end"
type_line "connect CountryA"
type_line "conf t"
type_line "cs7 route-table system"
type_line "update route 7.0.0/3 linkset ToCountryB"
type_line "update route 7.7.1/14 linkset ToCountryB"
type_line "no update route 7.7.1/14 linkset ToCountryB"
wait_for 'CountryA\(config-cs7-rt\)#no update route' 5
$tmux send-keys -t lab C-z
type_line "connect CountryB"
for _ in $(seq 50); do
	type_line "show cs7 linkset"
	sleep 0.3
	screen
	[ "$(grep -c 'state=avail     avail/links=1/1' "$work/screen")" -ge 3 ] && break
done
has '  00   10.0.5.1 1024 1024           avail     InService         -----' "$work/screen"
has '  00   10.0.6.2 1025 1025           avail     InService         -----' "$work/screen"
type_line "connect CountryA"
type_line "show cs7 route"
wait_for '^7.0.0/3          acces   5  ToCountryB          avail' 5
type_line "ping cs7 7.8.1"
wait_for 'Test Q.755 7.8.1: MTP Traffic test terminated' 5
holds 'Test Q.755 7.8.1: MTP Traffic test 100% successful packets\(1/1\)' "$work/screen"
$tmux send-keys -t lab -l -- "show cs7 li?"
wait_for '^linkset' 5
$tmux send-keys -t lab C-c
$tmux send-keys -t lab -l -- "sh cs7 linkz"
$tmux send-keys -t lab Enter
wait_for "Invalid input detected at '\^' marker" 5
type_line "exit"
pass "the blank lab, typed as in the blog, ends at the same screens"

# --- two daemons ----------------------------------------------------------------
cat >"$work/a.cfg" <<'EOF'
hostname A
cs7 variant itu
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 3565
 local-ip 127.0.0.1
 udp-port 29899
cs7 linkset B 2.2.2
 link 0 sctp 127.0.0.2 3565 3565
  udp-port 29899
EOF
sed 's/hostname A/hostname B/; s/point-code 1.1.1/point-code 2.2.2/; s/linkset B 2.2.2/linkset A 1.1.1/
	s/127.0.0.2 3565/127.0.0.X 3565/; s/local-ip 127.0.0.1/local-ip 127.0.0.2/; s/127.0.0.X/127.0.0.1/' \
	"$work/a.cfg" >"$work/b.cfg"
$gostp check "$work/a.cfg" "$work/b.cfg" >/dev/null
start() { # start NAME
	$gostp run --config "$work/$1.cfg" --socket "$work/$1.sock" </dev/null >"$work/$1.log" 2>&1 &
	pids+=($!)
	last=$!
}
on() { $gostp exec --socket "$work/$1.sock" "${@:2}"; }
until_ok() { # until_ok SECONDS COMMAND...
	for _ in $(seq $(($1 * 5))); do
		"${@:2}" >"$work/out" 2>&1 && return
		sleep 0.2
	done
	cat "$work/out" "$work"/?.log
	fail "never: ${*:2}"
}
start a
start b
b=$last
until_ok 20 on a 'ping cs7 2.2.2 count 3 rate 100'
until_ok 20 on b 'ping cs7 1.1.1 count 3 rate 100'
pass "two daemons on loopback ping each other"

# --- the same values for programs -----------------------------------------------------
shows() { # shows COMMAND JQ-EXPRESSION: true of what `COMMAND | json` writes
	on a "$1 | json" >"$work/json" || true
	jq -e "$2" "$work/json" >/dev/null || { cat "$work/json"; fail "not so of $1 | json: $2"; }
}
shows 'show cs7 linkset' '.[0] | .name == "B" and .links[0].service == "avail" and .links_available == 1'
shows 'show cs7 linkset B detail' '.[0].links[0].association.state == "ESTABLISHED"'
shows 'show cs7 route' '.destinations[] | select(.destination == "2.2.2/14") | .state == "acces"'
shows 'show cs7 route explain 2.2.2' '.fate == "forwarded" and .linkset == "B"'
shows 'show cs7 m2pa statistics' '.[0].links[0].counters.msus_out > 0'
shows 'show cs7 instance all point-code' '.[0].value[0].point_code == "1.1.1"'
shows 'show sctp association' 'length == 1'
shows 'show alarms' '. == []'
shows 'show logging' 'type == "object"'
shows 'show running-config' 'type == "object"'
shows 'ping cs7 2.2.2 count 3 rate 100' '.received == 3'
shows 'show cs7 linkset NONE' '.error == "there is no linkset NONE"'
if on a 'show cs7 linkset NONE | json' >/dev/null; then fail "an error as JSON is no error"; fi
pass "what is shown is JSON too, with the same values"

# --- copies of MSUs, in the three lines that an ITP has for them -----------------------
dumpcap -q -i lo -f 'udp port 5514' -w "$work/paklog.pcapng" >/dev/null 2>&1 &
pids+=($!)
dumper=$!
until_ok 10 test -s "$work/paklog.pcapng"
on a 'configure terminal' 'cs7 paklog 127.0.0.1 dest-port 5514' 'access-list 2700 instance 0 permit all' 'end' \
	'debug cs7 mtp3 paklog 2700' >/dev/null
on a 'ping cs7 2.2.2 count 5 rate 100' >/dev/null
copied() { tshark -r "$work/paklog.pcapng" -d udp.port==5514,syslog -Y 'syslog && mtp3.service_indicator == 8' \
	-T fields -e mtp3.opc -e mtp3.dpc 2>/dev/null | sort | uniq -c | tr -s ' \t' ' ' | tr '\n' ';'; }
all_copied() { [ "$(copied)" = " 5 2057 4114; 5 4114 2057;" ]; }
until_ok 20 all_copied
on a 'undebug all' 'configure terminal' 'no access-list 2700' 'no cs7 paklog' >/dev/null
kill -INT "$dumper"
pass "debug cs7 mtp3 paklog: tshark reads the copies of a ping and its answer"
kill -9 "$b"
down() { on a 'show cs7 linkset' | grep -qE 'reason:.*(silent|does not answer)'; }
until_ok 20 down
holds '%CS7MTP3-5-LINK: Link 0 of linkset B is unavailable: '\
'(SCTP: 127.0.0.2 is silent|the far end did not acknowledge within T7)' \
	"$work/a.log"
holds '%CS7SCTP-5-ASSOC: association [0-9]+ of link 0 of linkset B ended after [^:]*: 127.0.0.2 is silent' "$work/a.log"
pass "kill -9 of one: the other reports the dead peer ($(grep -oE '127.0.0.2 is silent.*' "$work/a.log" | head -1))"
start b
until_ok 30 on a 'ping cs7 2.2.2 count 3 rate 100'
pass "it recovers when the dead one returns"

# --- the configuration survives ---------------------------------------------------
on a 'configure terminal' 'cs7 description a b  c' 'cs7 host far 2.2.2' 'cs7 route-table system' \
	'update route 7.0.0/3 linkset B priority 3' 'end' >/dev/null
on a 'show running-config' >"$work/before"
cp "$work/a.cfg" "$work/untouched"
on a 'write memory' >/dev/null
kill "${pids[0]}"
wait "${pids[0]}" 2>/dev/null || true
start a
until_ok 20 on a 'show running-config'
on a 'show running-config' >"$work/after"
cmp "$work/before" "$work/after" || fail "running-config differs after a restart"
pass "write memory, restart: show running-config is identical"

# --- bad files -----------------------------------------------------------------------
printf 'hostname X\ncs7 point-code 9.9.9\ncs7 linkset L 1.2.3\n link 0 sctp 1.2.3 4 5\n bogus\n%b' \
	'cs7 route-table system\n update route 1.2.3/14 linkset NONE\n\001\002\n' >"$work/bad.cfg"
if $gostp check "$work/bad.cfg" >"$work/faults"; then fail "a bad file passes the check"; fi
holds 'line 2, column 16, at "9.9.9"' "$work/faults"
holds 'line 4, column 14, at "1.2.3"' "$work/faults"
holds 'line 5, column 2, at "bogus"' "$work/faults"
holds 'line 7: route 1.2.3/14: linkset NONE does not exist' "$work/faults"
holds 'line 8.*control character' "$work/faults"
cp "$work/bad.cfg" "$work/c.cfg"
start c
until_ok 10 on c 'show version'
holds 'what is sound runs; the file was not changed' "$work/c.log"
on c 'show running-config' | grep -q 'hostname X' || fail "what is sound does not run"
cmp "$work/bad.cfg" "$work/c.cfg" || fail "the file was changed"
pass "a bad file: every fault with its line; what is sound runs; the file is left alone"

# --- the bench ---------------------------------------------------------------------
# udp, so that it is the same everywhere; what is between is a child of its own.
for t in node loop direct; do
	timeout 120 $gostp bench m2pa --transport udp --through $t --associations 2 --count 20000 --duration 60s \
		--json >"$work/bench" || { cat "$work/bench"; fail "the bench through $t"; }
	has '  "received": 20000,' "$work/bench"
	has '  "misordered": 0,' "$work/bench"
done
for down in false true; do
	timeout 120 $gostp bench m2ua --transport udp --down=$down --associations 2 --count 20000 --duration 60s \
		--json >"$work/bench" || { cat "$work/bench"; fail "the bench of M2UA, down $down"; }
	has '  "received": 20000,' "$work/bench"
	has '  "misordered": 0,' "$work/bench"
done
timeout 120 $gostp bench m3ua --transport tcp --associations 2 --count 20000 --duration 60s --json >"$work/bench" ||
	{ cat "$work/bench"; fail "the bench of M3UA over TCP"; }
has '  "received": 20000,' "$work/bench"
has '  "misordered": 0,' "$work/bench"
if timeout 60 $gostp bench m2pa --transport udp --through 127.9.0.9 --setup 2s >"$work/bench" 2>&1; then
	fail "a bench through nothing passes"
fi
holds 'no association with 127.9.0.9 port 3565 \(.*\): not ready within 2s' "$work/bench"
pass "20,000 MSUs through the node, a bare forwarder and directly: none lost, none out of order"

echo "$passed passed, 0 failed"
