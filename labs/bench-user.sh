#!/bin/bash
# Userspace SCTP on this machine: what is between runs on one core, the load on
# another. Programs alternate within a round; medians and least-greatest of the rounds.
#   labs/bench-user.sh PATH-OF-GOSTP [ROUNDS [SECONDS]]
# Results go to standard output; with JSON=FILE every run's report goes there too.
set -euo pipefail
gostp=$(realpath "$1") rounds=${2:-5} seconds=${3:-3}
here=$(cd "$(dirname "$0")" && pwd)
[ "$(nproc)" -ge 2 ] || { echo "two processors are needed, there are $(nproc)" >&2; exit 2; }
load=$(($(nproc) - 2)) forwarder=$(($(nproc) - 1))
common="--transport ${TRANSPORT:-udp} --size 100 --warmup 1s --duration ${seconds}s --forwarder-cpu $forwarder --json"
declare -A run=(
	[forwarder, bundled]="sctp --through loop --window 1024"
	[forwarder, a packet each]="sctp --through loop --window 256 --single"
	[node, bundled]="m2pa --through node --window 1024"
	[node, a packet each in]="m2pa --through node --window 256 --single"
	[nothing between, bundled]="sctp --through direct --window 1024"
)
order=("forwarder, bundled" "forwarder, a packet each" "node, bundled" "node, a packet each in" \
	"nothing between, bundled")
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for round in $(seq "$rounds"); do
	for i in "${!order[@]}"; do
		n=${order[$i]}
		# shellcheck disable=SC2086
		GOMAXPROCS=1 timeout $((seconds + 90)) taskset -c "$load" "$gostp" bench ${run[$n]} $common >"$results/$i.$round.json"
	done
done
bash "$here/bench-table.sh" "$results" "${order[@]}"
