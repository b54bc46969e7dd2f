package configs

import (
	"strings"
	"testing"
)

const instances = `hostname X
cs7 multi-instance
cs7 point-code 1.2.3
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 transport udp
cs7 instance 1 variant ansi
cs7 instance 1 network-name TRANSIT
cs7 instance 1 point-code 200.1.3
cs7 instance 1 local-peer 1025
 local-ip 10.0.0.1
cs7 instance 1 linkset B 200.1.4
 link 0 sctp 10.0.0.2 1024 1025
cs7 instance 1 route-table system
 update route 200.0.0 255.0.0 linkset B
 exit
cs7 instance 2
 network-indicator national
 point-code 7.7.7
 exit
cs7 secondary-pc 1.2.4
`

// Each line is of the instance that it names, in the notation of that instance; in a mode
// its lines are too.
func TestInstances(t *testing.T) {
	s := read(t, instances)
	want := `!
hostname X
!
cs7 multi-instance
cs7 instance 0 point-code 1.2.3
cs7 instance 0 secondary-pc 1.2.4
cs7 transport udp
!
cs7 instance 0 local-peer 1024
 local-ip 10.0.0.1
!
cs7 instance 1 variant ansi
cs7 instance 1 point-code 200.1.3
cs7 instance 1 network-name TRANSIT
!
cs7 instance 1 local-peer 1025
 local-ip 10.0.0.1
!
cs7 instance 1 linkset B 200.1.4
 link 0 sctp 10.0.0.2 1024 1025
!
cs7 instance 1 route-table system
 update route 200.0.0/8 linkset B
!
cs7 instance 2 network-indicator national
cs7 instance 2 point-code 7.7.7
!
end
`
	if got := text(t, s); got != want {
		t.Errorf("got:\n%s", got)
	}
	if i := s.Instance(1); i.TransportOf(i.LocalPeers[0]) != UDP || i.Name() != "X" || s.Instance(3) != nil {
		t.Error("an instance does not have what is its node's")
	}
	c := s.Clone()
	c.Instance(1).Linksets[0].Name = "C"
	if c.Instance(1).whole != c || text(t, s) != want {
		t.Error("a clone shares an instance with the original")
	}
}

func TestInstanceFaults(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"cs7 instance 8 point-code 1.1.1", `at "8": "8" is not an instance: they are numbered 0 to 7`},
		{"cs7 instance 1 point-code 300.1.1", `at "300.1.1": "300.1.1" is not a point code 8-8-8`},
		{"cs7 instance 1 route-table system\n update route 1.2.0/16 linkset A",
			"instance 1: route 1.2.0/16: linkset A does not exist; there is [B]"},
		{"cs7 instance 2 local-peer 1024\n local-ip 10.0.0.1", "line 23: instance 2: port 1024 of 10.0.0.1 belongs to " +
			"instance 0 already; a port is of one instance"},
		{"cs7 instance 2 m3ua 1025\n local-ip 10.0.0.1", "line 22: instance 2: port 1025 of 10.0.0.1 belongs to " +
			"instance 1 already"},
		{"no cs7 multi-instance", "instance 1: this node has instance 0 alone until `cs7 multi-instance` is configured"},
		{"no cs7 instance 3", "there is no instance 3"},
		{"no cs7 instance 0", "instance 0 is the node's own and stays"},
		{"cs7 instance 1 hostname Y", `at "hostname"`},
	} {
		s, errs := Read([]byte(instances + c.line + "\n"))
		if len(errs) == 0 || !strings.Contains(errs[0].Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.line, errs, c.want)
		}
		if s.PC == nil || len(s.Validate()) > 0 || s.Multi && len(s.Instances) != 2 {
			t.Errorf("%s: what is left is not sound, or too little: %s", c.line, text(t, s))
		}
	}
	if s := read(t, instances+"no cs7 instance 1\n"); len(s.Instances) != 1 || s.Instances[0].Number != 2 {
		t.Error(text(t, s))
	}
}
