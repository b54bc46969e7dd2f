#!/bin/bash
# The tests of packages sctp and node that need a kernel with SCTP, where there is one for sure:
#   labs/kernel/test.sh [PATTERN [FURTHER OPTIONS OF THE TEST BINARIES]]
# Cycles of connecting and resetting: CYCLES (10000).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for p in sctp node; do go test -c -o "$work/$p.test" "./$p"; done
export GOSTP_KERNEL=1 CYCLES=${CYCLES:-10000}
pattern=${1:-Kernel|Segmentation|DSCP}
[ $# -eq 0 ] || shift
status=0
both='w=$1; shift; for p in sctp node; do "$w/$p.test" "$@" || exit; done'
labs/kernel/run -t "${SECONDS_AT_MOST:-900}" bash -c "$both" - "$work" \
	-test.run "$pattern" -test.v -test.timeout 800s "$@" | tee "$work/log" || status=$?
if grep -q -- '--- SKIP' "$work/log"; then echo "a test was skipped"; exit 1; fi
[ "$(grep -c '^PASS$' "$work/log")" = 2 ] || { echo "the tests did not end well"; exit 1; }
exit "$status"
