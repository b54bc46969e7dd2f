// Package configs is the running configuration: one immutable model of the node,
// and the statements that set, show, complete and write every field of it, each
// declared once. A change is made on a clone, validated as a whole, and then
// handed to the node; nobody writes through a *System that the node runs.
package configs
