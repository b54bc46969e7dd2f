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
