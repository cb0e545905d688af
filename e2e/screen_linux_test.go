package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// screen is a terminal with a program on it: what a person sees, and whose keys the kernel turns into
// signals.
type screen struct {
	t        *testing.T
	keyboard *os.File
	line     *os.File // the program's end
	process  *exec.Cmd
	shown    *output
	gone     chan struct{} // closed when the program has ended
}

// onScreen starts the binary on a terminal of its own.
func onScreen(t *testing.T, env []string, args ...string) *screen {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { keyboard.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { line.Close() })

	s := &screen{t: t, keyboard: keyboard, line: line, shown: &output{}, gone: make(chan struct{})}
	s.process = exec.Command(binary, args...)
	s.process.Env = environment(env...)
	s.process.Stdin, s.process.Stdout, s.process.Stderr = line, line, line
	s.process.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, s.process.Start())
	go func() { defer close(s.gone); _ = s.process.Wait() }()
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := keyboard.Read(buffer)
			_, _ = s.shown.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = s.process.Process.Kill(); <-s.gone })
	return s
}

// shows waits until the program has written text.
func (s *screen) shows(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return strings.Contains(s.text(), text) }, patience, 5*time.Millisecond,
		"waiting for %q", text)
}

func (s *screen) text() string { return strings.ReplaceAll(s.shown.String(), "\r\n", "\n") }

// press types keys; \x03 is Ctrl-C.
func (s *screen) press(keys string) {
	s.t.Helper()
	_, err := s.keyboard.WriteString(keys)
	require.NoError(s.t, err)
}

// ends waits for the program's end, and returns its exit code; -1: a signal ended it.
func (s *screen) ends() int {
	s.t.Helper()
	select {
	case <-s.gone:
	case <-time.After(patience):
		require.Fail(s.t, "still running", "its screen:\n%s", s.text())
	}
	return s.process.ProcessState.ExitCode()
}

// echoes reports whether the terminal shows what is typed.
func (s *screen) echoes() bool {
	s.t.Helper()
	state, err := unix.IoctlGetTermios(int(s.line.Fd()), unix.TCGETS)
	require.NoError(s.t, err)
	return state.Lflag&unix.ECHO != 0
}

func TestCtrlCAtThePasswordEndsTheCommandAndLeavesTheTerminalAsItWas(t *testing.T) {
	for name, args := range map[string][]string{
		"login":         {"login", "ada", "--server", "http://127.0.0.1:1"},
		"employees add": {"employees", "add", "ada", "--server", "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := onScreen(t, []string{"HOTSEAT_ADMIN_KEY=ops=" + adminKey}, args...)
			s.shows("Password of ada: ")
			require.Eventually(t, func() bool { return !s.echoes() }, patience, time.Millisecond, "the password is not to be seen")
			s.press("demo-pass\x03")
			require.Equal(t, 1, s.ends(), "once is enough, and it is no success")
			s.shows("interrupted; nothing was done\n")
			require.True(t, s.echoes())
			require.NotContains(t, s.text(), "demo-pass")
		})
	}
}
