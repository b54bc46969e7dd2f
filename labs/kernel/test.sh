#!/bin/bash
# The tests of package sctp that need a kernel with SCTP, where there is one for sure:
#   labs/kernel/test.sh [PATTERN [FURTHER OPTIONS OF THE TEST BINARY]]
# Cycles of connecting and resetting: CYCLES (10000).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go test -c -o "$work/sctp.test" ./sctp
export GOSTP_KERNEL=1 CYCLES=${CYCLES:-10000}
pattern=${1:-Kernel|Segmentation|DSCP}
[ $# -eq 0 ] || shift
labs/kernel/run -t "${SECONDS_AT_MOST:-900}" "$work/sctp.test" -test.run "$pattern" -test.v -test.timeout 800s "$@" | tee "$work/log"
status=${PIPESTATUS[0]}
if grep -q -- '--- SKIP' "$work/log"; then echo "a test was skipped"; exit 1; fi
grep -q '^PASS$' "$work/log" || { echo "the tests did not end well"; exit 1; }
exit "$status"
