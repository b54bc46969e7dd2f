#!/bin/bash
# Kernel SCTP: run it as root where the kernel has SCTP (a guest does). Our node and
# our forwarder beside one that makes a system call for each message, and beside the
# path with nothing between. Programs alternate within a round, so that ratios are of
# runs that had the same neighbours.
#   labs/bench-kernel.sh PATH-OF-GOSTP [ROUNDS [SECONDS]]
# Results go to standard output; with JSON=FILE every run's report goes there too.
set -euo pipefail
gostp=$(realpath "$1") rounds=${2:-5} seconds=${3:-3}
here=$(cd "$(dirname "$0")" && pwd)
common="--transport ${TRANSPORT:-kernel} --size 100 --warmup 1s --duration ${seconds}s --window ${WINDOW:-512} --json"
# One processor: the load tool must neither be woken by each message nor be
# interrupted while it makes a batch.
[ "$(nproc)" -gt 1 ] || common="$common --sched fifo --coalesce 2ms"
order=("one call a message" "batches" "node" "nothing between")
run=("sctp --through single-call" "sctp --through loop" "m2pa --through node" "sctp --through direct")
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for round in $(seq "$rounds"); do
	for i in "${!order[@]}"; do
		# shellcheck disable=SC2086
		timeout $((seconds + 90)) "$gostp" bench ${run[$i]} $common >"$results/$i.$round.json"
	done
done
bash "$here/bench-table.sh" "$results" "${order[@]}"
