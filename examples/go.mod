// A module of its own, as a program is that uses gostp's packages. It has the packages of this tree.
module github.com/gostp/gostp/examples

go 1.26.0

require github.com/gostp/gostp v0.0.0

require (
	github.com/ishidawataru/sctp v0.0.0-20251114114122-19ddcbc6aae2 // indirect
	golang.org/x/sys v0.50.0 // indirect
)

replace github.com/gostp/gostp => ..
