package syncer_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// promises is what a sync promises, and the tests that fail when it is broken; those of sourcetest (Run, Play) are run for every source, with each of its faults. Those of the
// syncer and of answers over HTTP were seen to fail: a line of the code under them was spoiled, and they found it.
var promises = []struct{ promise, tests string }{
	{"the cursor commits with the rows", "TestKill_EveryPageBoundary TestCrash_KillNine TestOnce_KilledInTheMiddleContinuesAtThePage TestOnce_ApplyLateOrFailingLosesNoPage TestEndToEnd_KilledWhileSyncing"},
	{"a row that commits late is not lost", "TestIntegrationTryton_LateCommit TestPostgreSQL_IntegrationLateCommit TestSource_LateCommitIsReadByTheOverlap TestOdoo_LateCommitIsReadByTheOverlap Play"},
	{"reading twice changes nothing", "TestModel_RandomBatches TestFetch_NothingNew Play Run/Again Run/Nothing"},
	{"ties on a time", "TestPager_KeyTieBreak TestPager_MoreTiesThanCap TestSource_TieLargerThanPage Run/Ties Play"},
	{"lists that are not sorted", "TestFetch_WatermarkStaysAtStart TestFetch_WindowOfEveryPart TestChurn"},
	{"a date in 2999", "TestFetch_RowFromTheFuture TestFetch_MarkToCome TestSource_WrongClocks Run/FarDate"},
	{"deleted, archived, lost and merged are kept apart", "TestOdoo_FatesAreKeptApart TestOdoo_MergedCustomer TestIntegrationTryton_MergedParty TestPass_Lister TestPass_IncompletePassRemovesNothing Play"},
	{"a source that turns empty or loses half is held", "TestPass_TooMuchGoneIsHeldUntilAccepted TestRefuse_KeepsAndAsksAgainOnlyForMore TestPass_RestartInFullPassReadsItAgainBeforeRemoving TestPass_CutShortBeforeTheComparison"},
	{"a page that fails half-way", "TestOnce_PageSevenOfTen TestOnce_ServerGoesWrongInAPass Run/Cut Run/ServerError Run/HTML"},
	{"repeated and expired cursors", "TestPass_CursorThatNeverEnds TestFetch_TokenCircle TestPass_ExpiredCursorIsReadAnew TestPass_ExpiresInTheMiddleEachTime Run/Gone"},
	{"a schema that drifts", "TestDrift TestSource_Drift TestSource_VanishedColumnIsAnIssue TestOdoo_FieldsComeAndGo TestColumns_Extra TestSalesforce_Fields"},
	{"back-off", "TestFetch_Waiting TestFetch_Classes TestOnce_BackoffDoublesWithJitterUpToItsCap TestOnce_ToldToWaitThenGoesOn TestRun_ToldToWaitBetweenRuns TestRun_WhatAPersonMustMend Run/Throttle"},
	{"budgets, shared and with a reserve, over restarts", "TestBudget_SharedWithReserve TestBudget_ServerTells TestDingTalk_Budget TestUsage_OfTheSourceItself"},
	{"a breaker for each source, and one dead source delays nobody", "TestRun_DeadSourceDelaysNobodyAndCancelIsQuick TestOnce_DeadServerIsNotAskedForEveryStream TestOnce_ManyDeniedAreNoDeadServer TestOnce_SilentServerIsGivenUp"},
	{"tokens are refreshed once, early, and never in a circle", "TestOAuth_OneRefreshForAll TestOAuth_DiesEarly TestOAuth_LiesAboutExpiry TestOAuth_NeverLoops TestSource_SessionIsRenewedOnce TestRun_RefusedCredentialIsLeftAlone"},
	{"clocks that differ", "TestFetch_ClockSkew TestSource_ServerClock TestOdoo_ServerClock TestPass_RestartInFullPassAfterTheClockWasSetBack Play"},
	{"a permission lost on one stream", "TestOnce_OneStreamDeniedTheOthersGoOn TestOdoo_OneModelLess Run/Forbidden"},
	{"progress and time left", "TestProgress_MonotonicAndHonest TestSourceStatus_Left TestProgress_TerminalAndNot"},
	{"quitting takes under a second", "TestOnce_CancelWhileWaiting TestRun_DeadSourceDelaysNobodyAndCancelIsQuick TestEndToEnd_QuitInTheMiddleOfAWait Run/Cancel"},
	{"secrets stay out of store, log, report, arguments and screen", "TestSecret_KeyringStaysOut TestSecret_NoFlagForOne TestEndToEnd_EveryWayToSignIn TestExplain_ShowsNoSecret TestExplain_PanicWithACredential TestMask TestWeak TestSecret_Resolve Run Play"},
	{"certificates are checked; links and redirects stay on the configured host", "TestFetch_UntrustedCertificate TestTryton_UntrustedCertificate TestOdoo_UntrustedCertificate TestFetch_OtherHost TestFetch_RedirectsAndWaits TestOAuth_InstanceURL"},
	{"hostile data", "TestFetch_HugeFieldAndNextPage TestFetch_EndlessBody TestFetch_BadAnswers TestClient_Answers TestSource_Limits TestSource_LargeRowsEndThePage Run/Hostile"},
	{"money is exact, times have a zone", "TestFetch_ExactAmounts TestParseTime TestZone_OfTheAPI TestSource_FormsOfTime TestDates TestWorkbook_LongNumbers Play"},
	{"Excel and CSV", "TestSource_EncodingsAndDelimiters TestCells_AsChineseSheetsWriteThem TestSource_FormulaGivesTheStoredResult TestSource_HalfWrittenFileFailsAfterTheOthers TestSource_GrowingFile TestSource_OneFileTwice"},
	{"databases are read and nothing else", "TestSQLite_ReadsOnly TestOnlySelect TestExplain_Classes TestPostgreSQL_IntegrationReadOnly TestMariaDB_IntegrationReadOnly TestPostgreSQL_IntegrationRefusals"},
	{"a disk that is full, or can only be read", "TestDisk_FullAndReadOnly TestLook"},
	{"a touch of a deal is its customer's", "TestMigrate_Loose TestModel_RandomBatches"},
}

// TestPromises: each promise names tests that are there; what a test does is its own to say.
func TestPromises(t *testing.T) {
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	for _, dir := range []string{"..", "../../cmd"} {
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := fs.ReadFile(os.DirFS(dir), path)
			for _, m := range declared.FindAllSubmatch(b, -1) {
				there[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	suite, err := os.ReadFile("../source/sourcetest/suite.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range promises {
		for _, name := range strings.Fields(p.tests) {
			part, inSuite := strings.CutPrefix(name, "Run/")
			switch {
			case inSuite && strings.Contains(string(suite), part), name == "Run", name == "Play":
			case !there[name]:
				t.Errorf("%s: there is no %s", p.promise, name)
			}
		}
	}
}
