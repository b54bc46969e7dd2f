// Package routing compiles what is configured and what works into a Table: an
// immutable picture that says, for every destination point code and SLS, which
// link an MSU leaves by. It knows no protocol and keeps no state.
//
// A Plan is compiled when the configuration changes: destinations, their routes
// in order of priority, and an index that finds the longest match. A Table is
// made from a Plan and the state of the linksets each time a link comes or goes;
// it costs one pass over the destinations and shares everything else.
package routing
