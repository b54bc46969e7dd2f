// A module of its own, so that gostp's SCCP does not depend on what it is tested against.
module github.com/gostp/gostp/labs/kernel/gosccp

go 1.26.0

require (
	github.com/ishidawataru/sctp v0.0.0-20251114114122-19ddcbc6aae2
	github.com/wmnsk/go-m3ua v0.1.11
	github.com/wmnsk/go-sccp v0.0.5
)
