#!/bin/bash
# M3UA over kernel SCTP: our node against osmo-stp, on the same load in one run, with
# more and more routes; run it as root where the kernel has SCTP (a guest does).
#   labs/bench-m3ua.sh PATH-OF-GOSTP [ROUNDS [SECONDS [ROUTES ...]]]
# Programs alternate within a round, so that ratios are of runs that had the same
# neighbours. Results go to standard output; with JSON=FILE every report goes there too.
set -euo pipefail
gostp=$(realpath "$1") rounds=${2:-5} seconds=${3:-3}
shift $(($# < 3 ? $# : 3))
here=$(cd "$(dirname "$0")" && pwd)
common="--transport ${TRANSPORT:-kernel} --size 100 --warmup 1s --duration ${seconds}s --json"
load="--window ${WINDOW:-256}"
# One processor: see labs/bench-kernel.sh.
[ "$(nproc)" -gt 1 ] || load="$load --sched fifo --coalesce 2ms"
order=() run=()
for routes in ${*:-10 1000 10000}; do
	for through in osmo-stp node; do
		order+=("$through, $routes routes")
		run+=("--through $through --routes $routes $load")
	done
done
for through in osmo-stp node; do
	order+=("$through, one under way")
	run+=("--through $through --window 1")
done
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for round in $(seq "$rounds"); do
	for i in "${!order[@]}"; do
		# shellcheck disable=SC2086
		timeout $((seconds + 120)) "$gostp" bench m3ua $common ${run[$i]} >"$results/$i.$round.json"
	done
done
bash "$here/bench-table.sh" "$results" "${order[@]}"
