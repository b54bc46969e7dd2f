package labs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Topology is what a lab uses of containerlab's topology file.
type Topology struct {
	Name  string
	Nodes []Node // in the order of the file
	Links []Link
}

// Node is a node. StartupConfig is relative to the topology file.
type Node struct {
	Name          string
	StartupConfig string // empty if there is none
}

// Link joins two interfaces.
type Link struct{ A, B End }

// name gives both ends: CountryA:eth1-CountryB:eth1.
func (k Link) name() string {
	return k.A.Node + ":" + k.A.Interface + "-" + k.B.Node + ":" + k.B.Interface
}

// End is an interface of a node.
type End struct{ Node, Interface string }

// startupPath is where a container finds its configuration. A bind that ends there names the startup
// configuration as well.
const startupPath = "/etc/gostp/startup-config"

// LoadFS reads a topology file and checks that the files it names are there.
func LoadFS(dir fs.FS, file string) (*Topology, error) {
	data, err := fs.ReadFile(dir, file)
	if err != nil {
		return nil, err
	}
	t, err := ParseTopology(file, data)
	if err != nil {
		return nil, err
	}
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if n.StartupConfig == "" {
			continue
		}
		n.StartupConfig = path.Join(path.Dir(file), n.StartupConfig)
		if _, err := fs.Stat(dir, n.StartupConfig); err != nil {
			return nil, fmt.Errorf("%s: node %s: startup configuration %s: %w", file, n.Name, n.StartupConfig,
				errors.Unwrap(err))
		}
	}
	return t, nil
}

// ParseTopology reads the text of a topology file. Errors name the file and the line. Fields of containerlab
// that a lab does not need are accepted.
func ParseTopology(file string, data []byte) (*Topology, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &topologyParser{file: file}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, p.bad(&doc, "a topology file is a mapping with `name` and `topology`")
	}
	root := doc.Content[0]
	if n := child(root, "name"); n != nil {
		p.t.Name = n.Value
	}
	topo := child(root, "topology")
	if topo == nil || topo.Kind != yaml.MappingNode {
		return nil, p.bad(root, "`topology` with `nodes` and `links` is missing")
	}
	if err := p.nodes(topo); err != nil {
		return nil, err
	}
	return &p.t, p.links(topo)
}

type topologyParser struct {
	file string
	t    Topology
}

func (p *topologyParser) bad(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.file, max(n.Line, 1), fmt.Sprintf(format, args...))
}

// child finds a value of a mapping; nil if it is not there.
func child(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (p *topologyParser) nodes(topo *yaml.Node) error {
	nodes := child(topo, "nodes")
	if nodes == nil || nodes.Kind != yaml.MappingNode || len(nodes.Content) == 0 {
		return p.bad(topo, "`nodes` is missing or empty: a mapping of node names")
	}
	for i := 0; i+1 < len(nodes.Content); i += 2 {
		key, value := nodes.Content[i], nodes.Content[i+1]
		if key.Value == "" || strings.ContainsAny(key.Value, ": /\\-") {
			return p.bad(key, "%q is no node name: letters, digits, dot and underscore", key.Value)
		}
		if p.node(key.Value) {
			return p.bad(key, "node %s is there twice", key.Value)
		}
		n := Node{Name: key.Value}
		if c := child(value, "startup-config"); c != nil {
			n.StartupConfig = c.Value
		}
		if binds := child(value, "binds"); binds != nil {
			for _, b := range binds.Content {
				if from, to, ok := strings.Cut(b.Value, ":"); ok && strings.HasPrefix(to, startupPath) {
					n.StartupConfig = from
				}
			}
		}
		if path.IsAbs(n.StartupConfig) || slices.Contains(strings.Split(n.StartupConfig, "/"), "..") {
			return p.bad(value, "startup configuration %s must lie beside or below the topology file", n.StartupConfig)
		}
		p.t.Nodes = append(p.t.Nodes, n)
	}
	return nil
}

func (p *topologyParser) node(name string) bool {
	return slices.ContainsFunc(p.t.Nodes, func(n Node) bool { return n.Name == name })
}

func (p *topologyParser) links(topo *yaml.Node) error {
	links := child(topo, "links")
	if links == nil {
		return nil
	}
	used := map[End]bool{}
	for _, l := range links.Content {
		ends := child(l, "endpoints")
		if ends == nil || len(ends.Content) != 2 {
			return p.bad(l, "a link has `endpoints: [\"NODE:INTERFACE\", \"NODE:INTERFACE\"]`")
		}
		var both [2]End
		for i, e := range ends.Content {
			node, name, ok := strings.Cut(e.Value, ":")
			if !ok || name == "" || strings.ContainsAny(name, ": -") {
				return p.bad(e, "endpoint %q is not NODE:INTERFACE", e.Value)
			}
			both[i] = End{node, name}
			if !p.node(node) {
				return p.bad(e, "endpoint %q: there is no node %s", e.Value, node)
			}
			if used[both[i]] {
				return p.bad(e, "endpoint %q has a link already", e.Value)
			}
			used[both[i]] = true
		}
		p.t.Links = append(p.t.Links, Link{both[0], both[1]})
	}
	return nil
}
