package mtp3

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// clause is a procedure of Q.704 or Q.707, or a case of Q.782 by its group and subject, and
// the tests that have it, as package.Test.
type clause struct {
	of, subject string
	tests       string
}

// procedures are those of Q.704 §2 and §4 to §13 and of Q.707.
var procedures = []clause{
	{"§2.2, §15", "routing label and messages, coded and read",
		"mtp3.TestManagementCodec mtp3.TestManagementEveryHeading"},
	{"§2.3", "routing by DPC and SLS", "mtp3.TestDecide routing.TestLongestMatchAndPriority routing.TestTwin"},
	{"§2.3.3", "no route", "mtp3.TestDecide node.TestTwoNodes"},
	{"§2.3.4.2", "messages about a link, and the way each has to go", "mtp3.TestScripts/changeover " +
		"mtp3.TestScripts/changeover_unanswered mtp3.TestInhibitFromFarEnd"},
	{"§2.3.5, §3.8", "congestion of a link; levels and discards",
		"mtp3.TestCongestion m2pa.TestPrioritiesAndReserve node.TestOverload node.TestOverloadInternational"},
	{"§2.4.2", "distribution to users", "mtp3.TestDecide node.TestUserPartUnavailable"},
	{"§2.4.3", "network indicator of another network", "mtp3.TestDecide"},
	{"§3.2, §12.2", "states of a link", "mtp3.TestActivation mtp3.TestOutage mtp3.TestMatrix"},
	{"§4.3, §4.4", "load sharing within and over linksets",
		"routing.TestSpreadIsEven routing.TestFailureMovesOnlyItsOwn routing.TestShift"},
	{"§4.5, §4.6", "routes lost and regained of a combined linkset", "mtp3.TestCombinedLinksetAndRoutes"},
	{"§5.2.1", "changeover within a linkset", "mtp3.TestScripts/changeover node.TestChangeoverAndChangeback"},
	{"§5.2.2, §5.2.3", "changeover to another linkset", "node.TestLinksetFailsWithAlternative node.TestUnderTraffic"},
	{"§5.3.3", "no alternative", "mtp3.TestActivation mtp3.TestScripts/routes"},
	{"§5.4.1", "orders, from either end or both", "mtp3.TestScripts/changeover mtp3.TestChangeoverOrderedByFarEnd " +
		"mtp3.TestMatrix"},
	{"§5.4", "sequence numbers of 24 and of 7 bits", "mtp3.TestScripts/changeover mtp3.TestShortSequenceNumbers"},
	{"§5.5", "retrieval and diversion, in order",
		"m2pa.TestRetrieval node.TestChangeoverAndChangeback node.TestRandomFaultsUnderTraffic"},
	{"§5.6.1", "emergency changeover", "mtp3.TestChangeoverWithoutNumber m2pa.TestRetrievalWithoutFSNC"},
	{"§5.6.2", "time-controlled changeover", "mtp3.TestTimeControlledChangeover mtp3.TestChangeoverWithoutPath"},
	{"§5.7.2", "no acknowledgement within T2",
		"mtp3.TestChangeoverWithoutNumber mtp3.TestOrderGoesRoundAfterHalfOfT2 mtp3.TestOrderGoesAgainWhenItsWayDies"},
	{"§5.7.3", "a sequence number that cannot be", "m2pa.TestRetrievalWithoutFSNC"},
	{"§5.7.4, §5.7.5", "acknowledgement without order, order behind completion", "mtp3.TestScripts/changeover"},
	{"§6.2", "changeback within a linkset and from another", "mtp3.TestScripts/changeover " +
		"mtp3.TestScripts/changeover_unanswered node.TestChangeoverAndChangeback node.TestLinksetFailsWithAlternative"},
	{"§6.3", "sequence control", "mtp3.TestScripts/changeover mtp3.TestScripts/changeover_unanswered " +
		"mtp3.TestChangebackWaitsUntilSourcesAreDrained"},
	{"§6.4", "time-controlled diversion", "mtp3.TestAdjacentRestart"},
	{"§6.5", "CBA without CBD, CBD behind completion, T4 and T5", "mtp3.TestScripts/changeover " +
		"mtp3.TestScripts/changeover_unanswered"},
	{"§7.2", "forced rerouting", "mtp3.TestScripts/routes node.TestUnderTraffic"},
	{"§8.2", "controlled rerouting by TFA and TFR; taken back", "mtp3.TestScripts/routes mtp3.TestRestricted " +
		"mtp3.TestReroutingIsTakenBack node.TestUnderTraffic"},
	{"§9.2", "restart of a node with transfer function",
		"mtp3.TestRestart mtp3.TestRestartTimers node.TestRestartOfANode"},
	{"§9.3", "restart of an adjacent point", "mtp3.TestAdjacentRestart mtp3.TestSaidBeforeTheTestPassedHere"},
	{"§9.4", "isolation too short for a restart", "mtp3.TestRestartAfterIsolation"},
	{"§9.5", "unexpected TRA", "mtp3.TestAdjacentRestart"},
	{"§9.6.3", "route set tests during restart", "mtp3.TestRestart"},
	{"§10.2", "inhibiting: granted, refused here and there, unanswered",
		"mtp3.TestInhibit mtp3.TestInhibitFromFarEnd mtp3.TestInhibitingUnanswered node.TestInhibitAtThePrompt " +
			"labs.TestInhibitTheOnlyLink"},
	{"§10.3.1", "uninhibiting by a person", "mtp3.TestInhibit mtp3.TestInhibitingUnanswered"},
	{"§10.3.2", "uninhibiting by routing, forced at the far end",
		"mtp3.TestForcedUninhibit mtp3.TestInhibitingUnanswered mtp3.TestInhibitUnavailableLink"},
	{"§10.4", "unexpected messages", "mtp3.TestInhibitFromFarEnd mtp3.TestMatrix"},
	{"§10.5", "a marked link that fails and returns", "mtp3.TestInhibitUnavailableLink"},
	{"§10.6", "inhibit tests", "mtp3.TestInhibitFromFarEnd mtp3.TestInhibitUnavailableLink"},
	{"§11.2.3", "transfer controlled, international", "mtp3.TestTFCInternational node.TestOriginsArePaced"},
	{"§11.2.4", "transfer controlled with priorities", "mtp3.TestCongestion node.TestTFCAndItsTest"},
	{"§3.8.2.3, §11.2.5", "levels of congestion without priorities",
		"mtp3.TestTimedCongestion node.TestTimedCongestion"},
	{"§11.2.7", "user part unavailable", "mtp3.TestUserPartUnavailable node.TestUserPartUnavailable " +
		"mtp3.TestLacking node.TestAnswersAreOfTheDestination"},
	{"§12.2.2, §12.2.3", "activation, restoration, T17",
		"mtp3.TestActivation mtp3.TestNormalProving node.TestOutageOfTheNetwork"},
	{"§12.2.4", "deactivation; emergency of a linkset",
		"node.TestChangeoverOnShutdown mtp3.TestNormalProving mtp3.TestActivation"},
	{"§13.2.2 i", "preventive prohibition", "mtp3.TestScripts/routes"},
	{"§13.2.2 ii", "broadcast of prohibition", "mtp3.TestScripts/routes " +
		"mtp3.TestThousandsOfDestinationsAreToldInBursts node.TestNeighbourLearnsOfThousandsOfDestinations"},
	{"§13.2.2 iii", "response to MSUs, T8", "mtp3.TestResponseMethod mtp3.TestLacking"},
	{"§13.2.2 iv, v", "told at restarts", "mtp3.TestRestart mtp3.TestAdjacentRestart mtp3.TestTRAFollowsTheLastTFP"},
	{"§13.2.4, §13.3.4, §13.4.4", "messages without effect, or from who may not say them",
		"mtp3.TestRouteOddities mtp3.TestImpostor mtp3.TestWhoIsBelieved mtp3.TestNobodySpeaksForOthers " +
			"node.TestManagementStorm"},
	{"§13.3", "transfer allowed", "mtp3.TestScripts/routes"},
	{"§13.4", "transfer restricted, T11", "mtp3.TestRestricted mtp3.TestTransferRestricted"},
	{"§13.5.2, §13.5.3", "route set test, T10, and its end", "mtp3.TestScripts/routes mtp3.TestRestricted " +
		"mtp3.TestRouteSetTestEnds"},
	{"§13.5.4", "answers to route set tests", "mtp3.TestRouteSetTest mtp3.TestRouteSetTestsAreSpread"},
	{"§13.6 to §13.8", "transfer controlled sent on and heeded", "node.TestTFCAndItsTest mtp3.TestCongestionIsBounded"},
	{"§13.9", "route set congestion test, T15 and T16", "mtp3.TestRouteSetCongestionTest node.TestTFCAndItsTest"},
	{"Q.707 §2.2", "link test: at activation, periodic, failed, answered", "mtp3.TestActivation mtp3.TestTestFails " +
		"mtp3.TestSLTM mtp3.TestLinkTestCodec mtp3.TestNeighbourHearsTheCodeThatItKnows"},
}

// groups are those of Q.782; cases by subject, in our words.
var groups = []clause{
	{"1", "links: first activation, deactivation and activation of linksets",
		"mtp3.TestActivation mtp3.TestNormalProving mtp3.TestReconfigure node.TestConfigureLive"},
	{"2", "handling: NI, DPC or SI that nobody has", "mtp3.TestDecide node.TestUserPartUnavailable"},
	{"2", "handling: sharing within and over linksets, all there and one missing",
		"routing.TestSpreadIsEven routing.TestFailureMovesOnlyItsOwn mtp3.TestCombinedLinksetAndRoutes"},
	{"2", "handling: a destination lost with a linkset, or by TFP", "mtp3.TestActivation mtp3.TestScripts/routes"},
	{"2", "handling: transfer", "node.TestTrafficWithoutFaults"},
	{"3", "changeover: one end, both ends, on order", "mtp3.TestScripts/changeover mtp3.TestChangeoverOrderedByFarEnd"},
	{"3", "changeover: another linkset, far end reached by it or not",
		"node.TestLinksetFailsWithAlternative mtp3.TestChangeoverWithoutPath"},
	{"3", "changeover: emergency, processor outage",
		"mtp3.TestChangeoverWithoutNumber mtp3.TestTimeControlledChangeover mtp3.TestMatrix m2pa.TestOutages"},
	{"3", "changeover: no acknowledgement, unreasonable, unexpected and repeated messages", "" +
		"mtp3.TestChangeoverWithoutNumber mtp3.TestScripts/changeover m2pa.TestRetrievalWithoutFSNC"},
	{"3", "changeover: as compatibility test, under traffic", "node.TestChangeoverAndChangeback node.TestUnderTraffic"},
	{"4", "changeback: within a linkset, from another, time-controlled", "mtp3.TestScripts/changeover " +
		"mtp3.TestScripts/changeover_unanswered mtp3.TestAdjacentRestart node.TestLinksetFailsWithAlternative"},
	{"4", "changeback: no answer, unexpected messages", "mtp3.TestScripts/changeover " +
		"mtp3.TestScripts/changeover_unanswered"},
	{"5", "forced rerouting", "mtp3.TestScripts/routes node.TestUnderTraffic"},
	{"6", "controlled rerouting: TFA, TFR, equal and worse routes", "mtp3.TestScripts/routes mtp3.TestRestricted " +
		"mtp3.TestReroutingIsTakenBack"},
	{"7", "inhibiting: available and unavailable links, refused, unanswered",
		"mtp3.TestInhibit mtp3.TestInhibitUnavailableLink mtp3.TestInhibitingUnanswered"},
	{"7", "inhibiting: uninhibiting by hand, by routing, forced; tests; unexpected messages",
		"mtp3.TestInhibitFromFarEnd mtp3.TestForcedUninhibit mtp3.TestInhibitingUnanswered"},
	{"8", "flow control: TFC given and taken, UPU",
		"mtp3.TestCongestion mtp3.TestTFCInternational mtp3.TestRouteSetCongestionTest mtp3.TestUserPartUnavailable"},
	{"9", "routes: TFP on an alternative route, broadcast, response", "mtp3.TestScripts/routes mtp3.TestResponseMethod"},
	{"9", "routes: TFA on an alternative route, broadcast", "mtp3.TestScripts/routes"},
	{"9", "routes: route set test sent and answered", "mtp3.TestRouteSetTest mtp3.TestRouteSetTestEnds"},
	{"10", "restart: own, of the adjacent point, short, unexpected TRA",
		"mtp3.TestRestart mtp3.TestRestartTimers mtp3.TestRestartAfterIsolation mtp3.TestAdjacentRestart"},
	{"11", "traffic test", "node.TestTrafficWithoutFaults node.TestTwoNodes"},
	{"12", "link test: answered, unanswered, wrong SLC, OPC, pattern",
		"mtp3.TestActivation mtp3.TestTestFails mtp3.TestSLTM"},
	{"13", "invalid messages of each group",
		"mtp3.TestSNMIsCountedNotAnswered mtp3.TestManagementEveryHeading mtp3.TestRouteOddities mtp3.TestMatrix"},
}

// Every test that is named is there, and every clause has one.
func TestClausesHaveTests(t *testing.T) {
	known := map[string]map[string]bool{}
	for _, c := range append(procedures, groups...) {
		tests := strings.Fields(c.tests)
		if len(tests) == 0 {
			t.Errorf("%s (%s) has no test", c.of, c.subject)
		}
		for _, name := range tests {
			pkg, test, _ := strings.Cut(name, ".")
			if known[pkg] == nil {
				known[pkg] = testsOf(t, pkg)
			}
			if !known[pkg][test] {
				t.Errorf("%s (%s): package %s has no %s", c.of, c.subject, pkg, test)
			}
		}
	}
}

func testsOf(t *testing.T, pkg string) map[string]bool {
	files, err := filepath.Glob(filepath.Join("..", pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("package %s: %v", pkg, err)
	}
	all := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				all[fn.Name.Name] = true
			}
		}
	}
	scripts, err := filepath.Glob(filepath.Join("..", pkg, "testdata", "*.script"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scripts {
		all["TestScripts/"+strings.TrimSuffix(filepath.Base(name), ".script")] = true
	}
	return all
}
