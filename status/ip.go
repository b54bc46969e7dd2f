package status

import "net/netip"

// Interface is an IP interface of the machine.
type Interface struct {
	Name        string `json:"name"`
	Device      string `json:"device,omitempty"` // as the machine calls it
	Description string `json:"description,omitempty"`
	// Status and Protocol are the two words of IOS: up, down or administratively down.
	Status    string            `json:"status"`
	Protocol  string            `json:"protocol"`
	Reason    string            `json:"reason,omitempty"` // why it is not up, or not as it is configured
	Method    string            `json:"method"`           // how the address came: manual, host or unset
	Addresses []netip.Prefix    `json:"addresses"`
	MTU       int               `json:"mtu,omitempty"`
	Hardware  string            `json:"hardware_address,omitempty"`
	Counters  InterfaceCounters `json:"counters"`
}

// InterfaceCounters counts since the interface exists.
type InterfaceCounters struct {
	InPackets  uint64 `json:"packets_in"`
	InOctets   uint64 `json:"octets_in"`
	InErrors   uint64 `json:"errors_in"`
	InDrops    uint64 `json:"dropped_in"`
	OutPackets uint64 `json:"packets_out"`
	OutOctets  uint64 `json:"octets_out"`
	OutErrors  uint64 `json:"errors_out"`
	OutDrops   uint64 `json:"dropped_out"`
}

// IPRoutes is the ways of IP packets.
type IPRoutes struct {
	Routes []IPRoute `json:"routes"`
	// NotSet are routes of the configuration that the machine does not have.
	NotSet []IPRoute `json:"not_set"`
}

// IPRoute is one way of IP packets.
type IPRoute struct {
	Kind      string       `json:"kind"` // C connected, S of this configuration, K the machine's own
	Dest      netip.Prefix `json:"destination"`
	Via       netip.Addr   `json:"via,omitzero"` // none: the network is the interface's
	Interface string       `json:"interface,omitempty"`
	Distance  int          `json:"distance"`
	Metric    int          `json:"metric"`
}
