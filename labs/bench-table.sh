#!/bin/bash
# Puts the reports of several rounds in a table; for bench-user.sh and bench-kernel.sh.
#   bench-table.sh FOLDER NAME ...
# FOLDER/I.R.json is the report of the I-th name in round R. Ratios are taken within
# a round, to the first name; messages a packet are those of the sources.
set -euo pipefail
folder=$1
shift
# figure FILE KEY: the number of a key that stands once in a report.
figure() { sed -n 's/^ *"'"$2"'": \([0-9.e+-]*\),\{0,1\}$/\1/p' "$1" | head -1; }
# spread: least / median / greatest of the numbers on standard input.
spread() {
	sort -g | awk -v f="$1" '{ v[NR] = $1 } END {
		m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		if (NR) printf f " / " f " / " f, v[1], m, v[NR]; else printf "-"
	}'
}
rounds=$(ls "$folder"/0.*.json | wc -l)
echo "$(uname -srm); $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo |
	head -1); load $(cut -d' ' -f1-3 /proc/loadavg); $rounds rounds; least / median / greatest"
echo "A system call that does nothing cost $(for f in "$folder"/*.json; do figure "$f" system_call_us; done |
	spread '%.2f') us before the runs: figures of machines, or of hours, that differ in this do not compare."
echo
echo "| between source and sink | messages/s | to the first | us of its processor a message |" \
	"messages a packet | delay p50, us | lost, repeated, misordered |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
i=0
for name in "$@"; do
	rates=() ratios=() cpus=() packets=() delays=() faults=0
	for r in $(seq "$rounds"); do
		f=$folder/$i.$r.json
		rate=$(figure "$f" per_second)
		rates+=("$rate")
		ratios+=("$(awk -v a="$rate" -v b="$(figure "$folder/0.$r.json" per_second)" 'BEGIN { print a / b }')")
		c=$(figure "$f" forwarder_cpu_us)
		[ -z "$c" ] || cpus+=("$c")
		p=$(figure "$f" messages_per_packet)
		[ -z "$p" ] || packets+=("$p")
		delays+=("$(figure "$f" p50)")
		faults=$((faults + $(figure "$f" lost) + $(figure "$f" duplicated) + $(figure "$f" misordered)))
	done
	cpu=- packet=-
	[ ${#packets[@]} -eq 0 ] || packet=$(printf '%s\n' "${packets[@]}" | spread '%.1f')
	[ ${#cpus[@]} -eq 0 ] || cpu=$(printf '%s\n' "${cpus[@]}" | spread '%.2f')
	echo "| $name | $(printf '%s\n' "${rates[@]}" | spread '%.0f') | $(printf '%s\n' "${ratios[@]}" |
		spread '%.2f') | $cpu | $packet | $(printf '%s\n' "${delays[@]}" | spread '%.0f') | $faults |"
	i=$((i + 1))
done
[ -z "${JSON:-}" ] || { echo "["; i=0; sep=""; for f in "$folder"/*.json; do printf '%s' "$sep"; cat "$f"; sep=","; \
	done; echo "]"; } >"$JSON"
