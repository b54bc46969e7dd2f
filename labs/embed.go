// Package labs runs networks of STPs inside one process. It has topologies in containerlab's file format,
// virtual wires with IP packets that can be cut, spoiled and captured, and a console that goes from node to
// node. The folders beside this file are the labs that ship.
package labs

import "embed"

// FS holds the labs that are built in.
//
//go:embed four-countries four-countries-blank
var FS embed.FS

// These are the built-in labs: four countries, configured and to be configured.
const (
	DefaultTopology = "four-countries/four-countries.clab.yml"
	BlankTopology   = "four-countries-blank/four-countries-blank.clab.yml"
)
