package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
)

func newCompletion(p program) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     "Print a script that completes commands and flags in your shell",
		Example:   "  hotseat completion bash > /etc/bash_completion.d/hotseat",
		ValidArgs: shells,
		Args:      takes("a shell: bash, zsh, fish or powershell"),
		RunE: func(cmd *cobra.Command, args []string) error {
			generate := map[string]func(*cobra.Command, io.Writer) error{
				"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
				"zsh":        (*cobra.Command).GenZshCompletion,
				"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
				"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
			}[args[0]]
			if generate == nil {
				return usagef("unknown shell %q%s", args[0], config.DidYouMean("", args[0], shells))
			}
			return generate(cmd.Root(), p.out)
		},
	}
}
