package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newKeys(p program) *cobra.Command {
	return group("keys", "Look after the keys that sign access tokens", "  hotseat keys rotate", newKeysRotate(p))
}

func newKeysRotate(p program) *cobra.Command {
	var compromised bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new signing key",
		Long: `Make a new signing key. It is published at once and signs ten minutes later, when everybody who checks
tokens has it; tokens of the older keys stay good until they expire, and no session notices.

With --compromised the new key signs at once and no token of an older key is believed any more, on other
nodes within 15 seconds: every terminal refreshes its access token. Backends that check tokens themselves
must fetch the key set anew. Sessions stay; to end them too, see hotseat sessions end.`,
		Example: `  hotseat keys rotate
  # somebody has read the store or a backup of it
  hotseat keys rotate --compromised`,
		Args: takes(),
	}
	connect, out := connecting(cmd, p), printing(cmd, p)
	cmd.Flags().BoolVar(&compromised, "compromised", false, "believe nothing that the older keys have signed")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := connect.openAdmin()
		if err != nil {
			return err
		}
		made, err := c.RotateKeys(cmd.Context(), compromised)
		if err != nil {
			return err
		}
		return out.result(made.JSON, func(w io.Writer) {
			fmt.Fprintf(w, "new key\t%s\t%s\tsigns from %s\n", made.KID, made.Alg, when(made.SignsFrom))
			for _, kid := range made.Retired {
				fmt.Fprintf(w, "retired\t%s\n", kid)
			}
		})
	}
	return cmd
}
