package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
)

func TestTheFirstStartMakesKeysAndTheNextOnesKeepThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := loadOrMakeKeys(dir, Config{})
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "service.key"), filepath.Join(dir, "admin.key")}, first.Made)
	require.Equal(t, "admin", first.Admin[0].Name)
	require.Len(t, first.Admin[0].Secret, 64)
	require.NotEqual(t, first.Admin[0].Secret, first.Service[0].Secret)
	for _, path := range first.Made {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	}
	next, err := loadOrMakeKeys(dir, Config{})
	require.NoError(t, err)
	require.Empty(t, next.Made)
	require.Equal(t, first.Admin, next.Admin)
	require.Equal(t, first.Service, next.Service)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing else stays behind")
}

func TestAKeyThatWasGivenIsNotMade(t *testing.T) {
	dir := t.TempDir()
	given := []config.Key{{Name: "ops", Secret: "0123456789abcdef"}}
	k, err := loadOrMakeKeys(dir, Config{AdminKeys: given})
	require.NoError(t, err)
	require.Equal(t, given, k.Admin)
	require.Empty(t, k.AdminFile)
	require.NoFileExists(t, filepath.Join(dir, "admin.key"))
}

func TestFirstStartsAtTheSameTimeAgreeOnTheKeys(t *testing.T) {
	dir := t.TempDir()
	const starts = 8
	var wg sync.WaitGroup
	secrets := make([]string, starts)
	for i := range starts {
		wg.Go(func() {
			k, err := loadOrMakeKeys(dir, Config{})
			if err == nil {
				secrets[i] = k.Admin[0].Secret
			}
		})
	}
	wg.Wait()
	for _, s := range secrets {
		require.Equal(t, secrets[0], s)
	}
	require.NotEmpty(t, secrets[0])
}

func TestTheStartThatComesSecondTakesTheFirstOnesKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.key")
	require.NoError(t, os.WriteFile(path, []byte("0123456789abcdef\n"), 0o600))
	made, err := makeKey(path)
	require.NoError(t, err)
	require.False(t, made)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "0123456789abcdef\n", string(b))
}

func TestAKeyFileThatCannotBeUsedIsRefusedAndLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"others may read it": {"0123456789abcdef\n", 0o640, "chmod 600"},
		"empty":              {"\n", 0o600, "no key in it; mend it, or remove it"},
		"weak":               {"short\n", 0o600, "is weak"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "admin.key")
			require.NoError(t, os.WriteFile(path, []byte(c.text), c.mode))
			_, err := loadOrMakeKeys(dir, Config{})
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, c.want)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, c.text, string(b))
		})
	}
}
