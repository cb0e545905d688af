package faults

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// long makes outages as long as the table of faults says; without it they take seconds.
var long = flag.Bool("long", false, "outages of minutes instead of seconds")

// binaries are the programs under test, built once. None of the builds changes what the shipped one does.
var binaries struct {
	current string // what is shipped
	faulty  string // the same with the tag faults: breaks where it is told to
	clock   string // the same with a clock that is wrong; only of the long form
	next    string // the same with one schema and one envelope more: the version after this one
}

// inside tells the process that it has namespaces of its own, and where the binaries are.
const inside = "HOTSEAT_TEST_FAULTS_INSIDE"

func TestMain(m *testing.M) {
	if os.Getenv(brokerFolder) != "" {
		os.Exit(beBroker())
	}
	flag.Parse()
	folder := os.Getenv(inside)
	if folder == "" {
		os.Exit(buildAndReenter())
	}
	name := func(program string) string { return filepath.Join(folder, program) }
	binaries.current, binaries.faulty, binaries.next, binaries.clock = name("hotseat"), name("hotseat-faults"), name("hotseat-next"), name("hotseat-clock")
	if err := makeNetwork(); err != nil {
		fmt.Fprintln(os.Stderr, "make a network in a namespace:", err)
		os.Exit(1)
	}
	if !given("test.parallel") {
		_ = flag.Set("test.parallel", pick("6", "4")) // rows wait more than they compute
	}
	leaveToLong()
	code := m.Run()
	if shared.server != nil {
		shared.server.Close()
	}
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	printRows()
	os.Exit(code)
}

// given reports whether a flag was set by the caller.
func given(name string) (yes bool) {
	flag.Visit(func(f *flag.Flag) { yes = yes || f.Name == name })
	return yes
}

// buildAndReenter builds the binaries and runs this test binary again where its network, its mounts
// and everything that it does to them are its own, and gone with it.
func buildAndReenter() int {
	folder, err := os.MkdirTemp("", "hotseat-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the binaries:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	builds, err := programs(folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, "write what the binaries under test are built from:", err)
		return 1
	}
	for name, args := range builds {
		build := exec.Command("go", append(append([]string{"build", "-o", filepath.Join(folder, name)}, args...), "../../cmd/hotseat")...)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", name, err, out)
			return 1
		}
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.Env = append(os.Environ(), inside+"="+folder)
	again.SysProcAttr = namespaces()
	err = again.Run()
	if again.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "these tests need network namespaces: run them as root, or allow user namespaces:", err)
		return 1
	}
	return again.ProcessState.ExitCode()
}

// programs are the binaries and how each is built.
func programs(folder string) (map[string][]string, error) {
	next, err := writeNext(folder)
	if err != nil {
		return nil, err
	}
	builds := map[string][]string{"hotseat": {}, "hotseat-faults": {"-tags", "faults"}, "hotseat-next": next}
	if *long {
		builds["hotseat-clock"], err = writeClock(folder)
	}
	return builds, err
}

// leaveToLong takes what only the long form tries out of the short one, and says so.
func leaveToLong() {
	if *long || given("test.skip") {
		return
	}
	_ = flag.Set("test.skip", "^("+strings.Join(onlyLong, "|")+")$") // it is a flag of the testing package
	remember("left to the long form (make faults): " + strings.Join(onlyLong, " "))
}

// onlyLong are the rows whose program takes minutes to build, those that the tests of
// persistence/postgres attack in small at every run: deadlocks, full disks, connections that are gone, and
// the one that wants the machine for itself.
var onlyLong = []string{
	"TestAHealthyClusterTellsInTime", "TestClocksAreAnHourWrong", "TestForeignTransactionsDeadlockWithLogins", "TestNoConnectionIsLeft", "TestTheDiskUnderTheDatabaseIsFull",
}

// namespaces are a network and mounts of one's own. Without root they are a user's, who keeps its
// number, because PostgreSQL refuses to run as root, and gets what it takes to make networks.
func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		const netAdmin, netRaw, sysAdmin = 12, 13, 21
		attr.AmbientCaps = []uintptr{netAdmin, netRaw, sysAdmin}
	}
	return attr
}

// run runs a program of the system and returns its error with what it said.
func run(program string, args ...string) error {
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, out)
	}
	return nil
}
