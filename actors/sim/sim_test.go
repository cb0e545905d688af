package sim

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	seed  = flag.Uint64("seed", 0, "replay this seed alone; SIM_SEED does the same")
	steps = flag.Int("steps", 4000, "how long each history is before its faults end")
)

func only(t *testing.T) uint64 {
	if text := os.Getenv("SIM_SEED"); text != "" && *seed == 0 {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("SIM_SEED: %v", err)
		}
		return n
	}
	return *seed
}

// The first sixty seeds have found: a live session called ended, or its token bad, by an owner that did
// not know of another's write (1, 27); a key that was found in the store when the row in memory was
// older (41); a token given out again from memory for a session that had ended (28).
func TestSimulatedHistoriesKeepEveryPromise(t *testing.T) {
	if n := only(t); n != 0 {
		if err := Run(Options{Seed: n, Steps: *steps}); err != nil {
			t.Fatal(err)
		}
		return
	}
	for n := uint64(1); n <= 60; n++ {
		if err := Run(Options{Seed: n, Steps: *steps}); err != nil {
			t.Fatalf("replay with: make sim SEED=%d\n%v", n, err)
		}
	}
}

// What an owner knows of an employee survives being packed at any moment at which nothing is under way.
func TestHistoriesOfOwnersThatSleepKeepEveryPromise(t *testing.T) {
	for n := uint64(1); n <= 20; n++ {
		if err := Run(Options{Seed: n, Steps: *steps, Naps: true}); err != nil {
			t.Fatalf("seed %d, with naps\n%v", n, err)
		}
	}
}

// bugs are what is planted, and the promises as breaches of which it may be found.
var bugs = map[Bug]string{
	NoVersionComparison:   "S1 S4 S5",
	EventsBeforeCommit:    "S3 S5",
	EventsTwice:           "S3 S5",
	SeatTwice:             "S1",
	SeatLost:              "S5",
	EpochAhead:            "S5",
	KeysForgotten:         "S3",
	OldRows:               "S2",
	NoticesBeforeCommit:   "S3",
	NoReloadAfterConflict: "L2 S2 S3",
	PolicyIgnored:         "S1",
	NothingDone:           "S3",
	CommandsForgotten:     "L2",
	CommandsTwice:         "L2",
	AttachReversed:        "S4",
	AttachRefused:         "L2",
	NobodyTold:            "L1",
	TailByTime:            "L1 S2 S4",
}

// Each planted bug must be found by the promise that it breaks, within few seeds; and among all of them
// every check must find something, or it may be one that cannot fail.
func TestEveryPlantedBugIsFoundAndEveryCheckFindsOne(t *testing.T) {
	var found []string
	for bug, promises := range bugs {
		seeds := 0
		for n := uint64(1); n <= 40; n++ {
			err := Run(Options{Seed: n, Steps: 4000, Bug: bug})
			if err == nil {
				continue
			}
			seeds++
			says, _, _ := strings.Cut(err.Error(), "\n")
			_, says, _ = strings.Cut(says, ": ")
			found = append(found, says)
			if !strings.Contains(promises, says[:2]) {
				t.Errorf("%s, seed %d: found, but not as a breach of %s:\n%v", bug, n, promises, err)
				break
			}
		}
		if seeds == 0 {
			t.Errorf("%s: 40 seeds and nobody noticed", bug)
		}
		t.Logf("%s: found by %d of 40 seeds", bug, seeds)
	}
	for _, check := range checks(t) {
		if !slices.ContainsFunc(found, check.MatchString) {
			t.Errorf("no planted bug is found by the check that says %s", check)
		}
	}
}

// checks are what check.go says when it finds something.
func checks(t *testing.T) (all []*regexp.Regexp) {
	source, err := os.ReadFile("check.go")
	if err != nil {
		t.Fatal(err)
	}
	verb := regexp.MustCompile(`%[a-zA-Z]`)
	for _, call := range regexp.MustCompile(`violated\("(..)", "(.*?)"`).FindAllStringSubmatch(string(source), -1) {
		all = append(all, regexp.MustCompile("^"+verb.ReplaceAllString(regexp.QuoteMeta(call[1]+": "+call[2]), ".*")+"$"))
	}
	if len(all) < 20 {
		t.Fatalf("only %d checks were read from the source", len(all))
	}
	return all
}

func TestASeedAlwaysGivesTheSameHistory(t *testing.T) {
	var stories []string
	for range 2 {
		w := newWorld(Options{Seed: 3, Steps: 1500})
		for w.step < 1500 {
			w.next()
		}
		stories = append(stories, w.story())
	}
	if stories[0] != stories[1] {
		t.Errorf("one\n%s\ntwo\n%s", stories[0], stories[1])
	}
}
