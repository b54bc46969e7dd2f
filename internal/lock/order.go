package lock

// The ranks, in their order. Each says in which room its lock is, and what it guards.
type (
	LabCaptures struct{} // labs: the captures that run
	LabSeat     struct{} // labs: the connections to a node of another process
	LabKeyboard struct{} // labs: what was typed and not yet read
	LabWire     struct{} // labs: the faults of a pair of veths

	BenchOrder   struct{} // bench: the order of what an ASP of M2UA has read
	DriveOrder   struct{} // drive: the order of what a link has read
	BenchSending struct{} // bench: what a pair sends
	BenchBatch   struct{} // bench: the batch that an ASP of M3UA makes
	BenchCount   struct{} // bench: what a pair has received
	DriveLink    struct{} // drive: a link and its machine
	DriveM3UA    struct{} // drive: a layer and its associations
	BenchPeer    struct{} // bench: the machine of a load's far end

	Applying     struct{} // node: the configuration of an instance, and what it has made
	M2UALayer    struct{} // node: the layer of M2UA
	LinkOrder    struct{} // node: the order of MSUs that came by a link
	Routing      struct{} // node: a reader's MSUs between the decision and where they go
	M3UALayer    struct{} // node: the layer of M3UA
	Hold         struct{} // node: MSUs that wait for a diversion
	Server       struct{} // node: MSUs that wait for an ASP, and who is active
	Link         struct{} // node: a link, its machine and its association
	Interface    struct{} // node: a link that ASPs use, at the gateway
	ASP          struct{} // node: an ASP and its association
	Departures   struct{} // node: AS that leave MTP3's table
	Lobby        struct{} // association: associations whose owner is not known yet
	LocalPort    struct{} // association: a local port's endpoint and settings
	Associations struct{} // association: the numbers of associations
	Arrivals     struct{} // node: transfers for MSUs from other instances
	Readers      struct{} // node: who reads associations
	Inbox        struct{} // node: MSUs for users here
	Tasks        struct{} // node: the tasks of a goroutine that owns something
	Crowd        struct{} // node: which origins send to congested points behind an AS
	PathIDs      struct{} // node: the numbers of paths
	Meter        struct{} // internal/meter: what a link carried in the last minutes
	Shortages    struct{} // node: what the program has run out of
	Ground       struct{} // node: a picture of the machine's interfaces
	StoreSave    struct{} // startup: the file of the startup configuration
	StoreText    struct{} // startup: a configuration in memory
	Spool        struct{} // internal/record: what a recording has for its disk

	Transports struct{} // machine: the SCTPs that were opened
	MachineIP  struct{} // machine: addresses and routes as they are configured

	Wires             struct{} // sctp: the wires of our own SCTP, by their local addresses
	KernelEndpoint    struct{} // sctp: associations of a port under the kernel's SCTP
	KernelAssociation struct{} // sctp: settings and ends of an association under the kernel's SCTP
	KernelSender      struct{} // sctp: what the kernel has not taken yet
	TCPEndpoint       struct{} // sctp: connections of a port
	TCPConnection     struct{} // sctp: settings and queue of a connection
	SCTPAssociation   struct{} // sctp: an association of our own SCTP
	Endpoint          struct{} // sctp: associations of a port, by address and by tag
	Wire              struct{} // sctp: endpoints of a wire, by port
	CookieSecret      struct{} // sctp: what signs cookies
	Budget            struct{} // sctp: associations that hold more than their share
	PacketBuffers     struct{} // sctp: packets to be used again
	DatagramSend      struct{} // sctp: what one system call sends
	TestNetwork       struct{} // sctptest: a network in memory
	TestWire          struct{} // sctptest: a wire of it
	LabNetwork        struct{} // labs: all virtual wires of a lab

	LogBounds struct{} // syslog: how often a kind of line was written
	LogBuffer struct{} // syslog: lines, and who watches them
	LogOutput struct{} // syslog: why the output refused a line
)

// Order has every rank, the outermost first.
var Order = []Rank{
	rank[LabCaptures](),
	rank[LabSeat](),
	rank[LabKeyboard](),
	rank[LabWire](),

	rank[BenchOrder](),
	rank[DriveOrder](),
	rank[BenchSending](),
	rank[BenchBatch](),
	rank[BenchCount](),
	rank[DriveLink](),
	rank[DriveM3UA](),
	rank[BenchPeer](),

	each[Applying](), // instance 0 first
	rank[M2UALayer](),
	rank[LinkOrder](),
	each[Routing](), // where an MSU crosses to another instance, that one's after this one's
	rank[M3UALayer](),
	each[Hold](),   // settled ones: the core alone takes several
	each[Server](), // those that are gone: the core alone takes several
	rank[Link](),
	rank[Interface](),
	rank[ASP](),
	rank[Departures](),
	rank[Lobby](),
	rank[LocalPort](),
	rank[Associations](),
	rank[Arrivals](),
	rank[Readers](),
	rank[Inbox](),
	rank[Tasks](),
	rank[Crowd](),
	rank[PathIDs](),
	rank[Meter](),
	rank[Shortages](),
	rank[Ground](),
	rank[StoreSave](),
	rank[StoreText](),
	rank[Spool](),

	rank[Transports](),
	rank[MachineIP](),

	rank[Wires](),
	rank[KernelEndpoint](),
	rank[KernelAssociation](),
	rank[KernelSender](),
	rank[TCPEndpoint](),
	rank[TCPConnection](),
	rank[SCTPAssociation](),
	rank[Endpoint](),
	rank[Wire](),
	rank[CookieSecret](),
	rank[Budget](),
	rank[PacketBuffers](),
	rank[DatagramSend](),
	rank[TestNetwork](),
	rank[TestWire](),
	rank[LabNetwork](),

	rank[LogBounds](),
	rank[LogBuffer](),
	rank[LogOutput](),
}
