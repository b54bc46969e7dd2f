# What the labs of this folder share. They source it with $gostp set, the program's path.
# Nodes are known by a name: NAME.cfg, NAME.log and NAME.sock lie in $work, their
# process is ${pid[NAME]}. A lab may define tidy, for what it has to take down at the
# end, and details, for what is told when something fails.
work=$(mktemp -d)
declare -A pid
passed=0
tidy() { :; }
details() { :; }
finish() {
	for p in "${pid[@]}"; do { kill -CONT "$p" && kill -9 "$p" && wait "$p"; } 2>/dev/null || true; done
	tidy
	rm -rf "$work"
}
trap finish EXIT
pass() { passed=$((passed + 1)); echo "ok   $*"; }
fail() {
	echo "FAIL $*"
	details
	exit 1
}
on() { timeout 60 "$gostp" exec --socket "$work/$1.sock" "${@:2}"; } # on NODE COMMAND...
run_node() { # run_node NAME [PREFIX OF THE COMMAND...]
	"${@:2}" "$gostp" run --config "$work/$1.cfg" --socket "$work/$1.sock" </dev/null >>"$work/$1.log" 2>&1 &
	pid[$1]=$!
}
stop() { # stop NAME...
	for n in "$@"; do
		kill "${pid[$n]}" 2>/dev/null || true
		wait "${pid[$n]}" 2>/dev/null || true
		unset "pid[$n]"
	done
}
until_ok() { # until_ok SECONDS COMMAND...
	local end=$((SECONDS + $1))
	while [ $SECONDS -le $end ]; do
		"${@:2}" >"$work/out" 2>&1 && return
		sleep 0.2
	done
	cat "$work/out"
	fail "not within $1 s: ${*:2}"
}
capture() { # capture NAME [OPTION OF DUMPCAP...]: what crosses loopback, into NAME.pcapng
	dumpcap -q -i lo "${@:2}" -w "$work/$1.pcapng" >/dev/null 2>&1 &
	pid[dumpcap]=$!
	until_ok 20 test -s "$work/$1.pcapng"
}
# understood NAME PROTOCOL LEAST [-e FIELD...]: ends a capture; tshark finds no fault in its packets
# of a protocol, and there are at least so many. $all is how many. $work/fields has a line for
# each: number, malformed parts, severities, their texts, and the further fields.
understood() {
	local code=0 bad
	sleep 1
	stop dumpcap
	# One run, because its start is what takes long. It complains (2) of a capture that ends within
	# a packet; a run that was ended itself has not seen all.
	timeout 200 tshark -r "$work/$1.pcapng" -Y "$2" -T fields -e frame.number -e _ws.malformed \
		-e _ws.expert.severity -e _ws.expert.message "${@:4}" >"$work/fields" 2>/dev/null || code=$?
	[ "$code" = 0 ] || [ "$code" = 2 ] || fail "tshark ended with code $code"
	all=$(wc -l <"$work/fields")
	bad=$(awk -F '\t' 'function tell() { print; if (++told == 5) exit }
		$2 != "" { tell(); next }
		{ # 6291456 is a warning
			n = split($3, s, ",")
			for (i = 1; i <= n; i++) if (s[i] >= 6291456) { tell(); next }
		}' "$work/fields")
	[ "$all" -ge "$3" ] || fail "only $all packets of $2 were captured"
	[ -z "$bad" ] || fail "tshark finds fault: $bad"
}
