package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the README's first screen promises is what somebody sees who types it: its commands are run on
// terminals, and its transcripts compared but for ids, times, and whether the older terminal's answer was
// quicker than the newer one's.
func TestTheTranscriptOfTheREADMEIsWhatTheCommandsShow(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```\n(.*?)```").FindAllStringSubmatch(string(text), 3)
	require.Len(t, blocks, 3, "the commands, and what two shells show")
	var commands []string
	for _, line := range strings.Split(strings.TrimSpace(blocks[0][1]), "\n") {
		line, _, _ = strings.Cut(line, " #")
		commands = append(commands, strings.TrimSpace(line))
	}
	require.Len(t, commands, 3)
	require.Equal(t, "make run", commands[0])

	s := startDemo(t)
	shell := func(command string) *screen {
		args := strings.Fields(command)
		require.Equal(t, "bin/hotseat", args[0])
		one := onScreen(t, []string{"HOTSEAT_SERVER=http://" + s.listen}, args[1:]...)
		one.shows("Password of ada: ")
		one.press("demo-password\n")
		return one
	}
	older := shell(commands[1])
	older.shows("connected: ")
	newer := shell(commands[2])
	require.Equal(t, 0, newer.ends())
	older.shows("session terminated: ")
	older.ends()
	for i, one := range []*screen{older, newer} {
		want := masked(blocks[i+1][1])
		require.Eventually(t, func() bool { return masked(one.text()) == want }, patience, 5*time.Millisecond,
			"shell %d: the README says\n%s\nand the screen\n%s", i+2, want, masked(one.text()))
	}
}

var varying = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "DATE"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`told (and acknowledged )?in \d+\.\d ms`), "told in N ms"},
	{regexp.MustCompile(`(?m) +$`), ""},
}

func masked(text string) string {
	for _, v := range varying {
		text = v.what.ReplaceAllString(text, v.as)
	}
	return text
}
