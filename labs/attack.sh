#!/bin/bash
# Attacks on a node, each with what must hold (labs/attack): labs/attack.sh GOSTP [CASE ...]
# Over SCTP in UDP on loopback; TRANSPORT=kernel is for a guest whose kernel has SCTP, and
# has that take SCTP in UDP. ATTACK names the attacker's program if it is built already. It stops
# by itself within four minutes; the exit code is 1 if a case fails. SIDE (4) is how many
# cases run side by side, WITHOUT one that is left out.
set -euo pipefail
gostp=$(realpath "$1")
shift
cd "$(dirname "$0")/.."
if [ "${TRANSPORT:-udp}" = kernel ]; then
	sysctl -qw net.sctp.udp_port=9899 net.sctp.encap_port=9899
fi
attack=${ATTACK:-bin/attack}
[ -n "${ATTACK:-}" ] || go build -o "$attack" ./labs/attack
exec timeout 240 "$attack" -transport "${TRANSPORT:-udp}" -side "${SIDE:-4}" -without "${WITHOUT:-}" "$gostp" "$@"
