package password

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Made by libxcrypt, and by Django's own PBKDF2PasswordHasher.
const (
	byBcrypt = "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"
	longest  = "$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q" // of 80 times x
	byDjango = "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso="
)

func TestHashesOfOtherSystemsAreCheckedAndThenOutdated(t *testing.T) {
	p := New(Options{Params: cheap})
	for _, hash := range []string{byBcrypt, strings.Replace(byBcrypt, "$2b$", "$2y$", 1), strings.Replace(byBcrypt, "$2b$", "$2a$", 1), byDjango} {
		require.NoError(t, Check(hash))
		for password, want := range map[string]bool{"correct horse": true, "Correct horse": false, "": false, "correct horse ": false} {
			ok, err := p.Verify(context.Background(), hash, password, nil)
			require.NoError(t, err)
			require.Equal(t, want, ok, "%s %q", hash[:12], password)
		}
		require.True(t, p.Outdated(hash))
	}
	ok, err := p.Verify(context.Background(), longest, strings.Repeat("x", 80), nil)
	require.NoError(t, err)
	require.True(t, ok, "bcrypt looks at 72 bytes")

	own, err := p.Hash(context.Background(), "x")
	require.NoError(t, err)
	require.False(t, p.Outdated(own))
	require.True(t, New(Options{}).Outdated(own), "of lower costs")
}

func TestHashesThatAskForTooMuchOrForNothingAreRefused(t *testing.T) {
	for _, hash := range []string{
		"", "x", "md5$salt$hash", "$1$salt$hash", "$2b$15$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
		"$2b$05$short", byBcrypt + "x", "pbkdf2_sha256$0$salt$" + byDjango[27:], "pbkdf2_sha256$3000001$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
		"pbkdf2_sha256$1000$$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=", "pbkdf2_sha256$1000$seasalt$mQnueSakb748", "pbkdf2_sha1$1000$seasalt$x", "pbkdf2_sha256$x",
	} {
		err := Check(hash)
		require.ErrorIs(t, err, ErrHash, hash)
		require.NotContains(t, err.Error(), "mQnue")
	}
}

func TestWhoIsNotAdmittedWhenTheTurnComesCostsNothing(t *testing.T) {
	p, no := New(Options{Params: cheap}), errors.New("no")
	hash, err := p.Hash(context.Background(), "x")
	require.NoError(t, err)
	ok, err := p.Verify(context.Background(), hash, "x", func() error { return no })
	require.ErrorIs(t, err, no)
	require.False(t, ok)
}
