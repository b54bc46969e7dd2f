package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/startup"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/titles"
)

// loadTitles reads the file of entries if the configuration names another one, or again. A file with a fault changes
// nothing: the entries that were loaded stay. The caller holds applying.
func (n *Node) loadTitles(s *configs.System, again bool) []error {
	read, faults := n.titles.Load(s, again)
	if !read {
		return nil
	}
	n.setTitlesFault(s.TableFile, faults)
	if len(faults) == 0 && s.TableFile != "" {
		f := n.titles.File()
		n.log.Add("CS7GTT", 5, "LOAD",
			fmt.Sprintf("%d entries loaded from %s in %v", f.Entries, f.Name, f.Took.Round(time.Millisecond)))
	}
	return faults
}

// setTitlesFault remembers what is wrong with the file of entries; no faults: nothing is. Each typed line of
// configuration reads a faulty file again, so a fault is logged only when it is new.
func (n *Node) setTitlesFault(file string, faults []error) {
	why := ""
	if len(faults) > 0 {
		const form = "%s not loaded, the table is as it was: %v; %d faults in all"
		why = fmt.Sprintf(form, file, faults[0], len(faults))
	}
	if before := n.titlesFault.Swap(&why); before == nil && why == "" || before != nil && *before == why {
		return
	}
	if why != "" {
		n.log.Add("CS7GTT", 3, "LOAD", why)
	}
	n.core.recheck()
}

// titlesTroubles is the alarm of a file of entries that could not be read.
func (n *Node) titlesTroubles() []mtp3.Alarm {
	why := n.titlesFault.Load()
	if why == nil || *why == "" {
		return nil
	}
	return []mtp3.Alarm{{Severity: mtp3.Major, Object: "file of titles",
		Why: *why + "; mend it, then `cs7 gtt reload`"}}
}

// ReloadTitles reads the file of entries again. Where the file has faults, the table stays as it was.
func (n *Node) ReloadTitles() (status.TitlesRead, error) {
	n.applying.Lock()
	defer n.applying.Unlock()
	s := n.Config()
	if s.TableFile == "" {
		return status.TitlesRead{}, errors.New("no file is configured: `cs7 gtt load FILE` names one")
	}
	if faults := n.loadTitles(s, true); len(faults) > 0 {
		return status.TitlesRead{Faults: errorTexts(faults)},
			fmt.Errorf("%s has %d faults; the table is as it was", s.TableFile, len(faults))
	}
	n.core.sccp.configure(s)
	f := n.titles.File()
	return status.TitlesRead{Entries: f.Entries, Read: f.Took, Compiled: n.titles.Built()}, nil
}

func errorTexts(errs []error) []string {
	out := make([]string, 0, len(errs))
	for _, e := range errs {
		out = append(out, e.Error())
	}
	return out
}

// SaveTitles writes all entries to a file as `cs7 gtt load` reads them, and says how many they are. It may be the file
// that is loaded, so it is replaced as a whole or not at all.
func (n *Node) SaveTitles(file string) (entries int, err error) {
	text, entries := titles.Write(n.view.Load().sccp.Table, n.Config().Notation())
	return entries, startup.File(file).Save(text)
}
