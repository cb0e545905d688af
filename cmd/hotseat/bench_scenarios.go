package main

import (
	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/bench/scenario"
)

func newBenchConnect(p program) *cobra.Command {
	return newScenario(p, "connect", "Ramp up sockets, hold them, and tell what one costs",
		"Log employees in, open a socket for each, hold them, and tell what a handshake costs the server in CPU time and a connected employee in memory (of a server on this machine).",
		`  hotseat bench connect --employees 15000
  # what further sockets of the same sessions cost; --ops lets the server's garbage be collected before memory is read
  hotseat bench connect --employees 100 --sockets 2 --hold 1s --ops http://127.0.0.1:9464`,
		func(cmd *cobra.Command, b *benchCommand) {
			flags := cmd.Flags()
			flags.IntVar(&b.options.Sockets, "sockets", 0, "further sockets for each session, at most 19")
			flags.IntVar(&b.options.Workers, "in-flight", 64, "how many handshakes are under way at once, at most")
			flags.Float64Var(&b.options.Rate, "rate", 0, "handshakes a second, whatever the server does (0: each begins when another has ended)")
			flags.DurationVar(&b.options.Hold, "hold", scenario.Asleep, "how long the first eighth of the sockets, and then all, are held before memory is read; employees sleep after ten seconds, and those awake need more")
			flags.StringVar(&b.options.OpsURL, "ops", "", "`URL` of the server's operations listener")
		})
}

func newBenchTakeover(p program) *cobra.Command {
	return newScenario(p, "takeover", "Take seats over: the reply's latency and the notice's",
		"Employees with an open tab log in elsewhere: how many a second, after how long the reply comes, and after how long the older tab has read that its session has ended.",
		`  hotseat bench takeover --html report.html
  # at a rate, as many people who do not know of each other: the time counts from when a login was due
  hotseat bench takeover --rate 500 --in-flight 256 --time 30s --out takeover.json
  # logins by password, whose hashes are the work; the history is for hotseat verify
  hotseat bench takeover --login password --password-file password.txt --employees 20 --in-flight 4 --record history.jsonl`,
		func(cmd *cobra.Command, b *benchCommand) { paced(cmd, b, 64) })
}

func newBenchStorm(p program) *cobra.Command {
	return newScenario(p, "storm", "Drop all sockets at once, and let all come back",
		"All sockets drop, as when a proxy restarts, and come back: after how long everybody is there again, and what that costs.",
		`  hotseat bench storm --employees 10000 --spread 5s`,
		func(cmd *cobra.Command, b *benchCommand) {
			flags := cmd.Flags()
			flags.IntVar(&b.options.Storms, "storms", 3, "how often")
			flags.DurationVar(&b.options.Spread, "spread", 0, "the clients come back at random moments of so long (0: all at once)")
			flags.IntVar(&b.options.Workers, "in-flight", 256, "how many handshakes are under way at once, at most")
		})
}

func newBenchCheck(p program) *cobra.Command {
	return newScenario(p, "check", "Check tokens, as a reverse proxy does for each request",
		"Ask GET /v1/authz about tokens of sessions that live, from the node's view (local) or the store (strict).",
		`  hotseat bench check --employees 100
  # the same with an empty HTTP handler beside it, as the machine's limit
  hotseat bench check --level strict --limits`,
		func(cmd *cobra.Command, b *benchCommand) {
			cmd.Flags().StringVar(&b.options.Level, "level", "local", "local or strict")
			paced(cmd, b, 64)
		})
}

func newBenchRefresh(p program) *cobra.Command {
	return newScenario(p, "refresh", "Exchange refresh tokens",
		"Terminals exchange their refresh tokens, each for the next one.",
		`  hotseat bench refresh --employees 200 --in-flight 32`,
		func(cmd *cobra.Command, b *benchCommand) { paced(cmd, b, 64) })
}

func newBenchMixed(p program) *cobra.Command {
	return newScenario(p, "mixed", "A day at work, told in a shorter time",
		"Employees arrive in a rush, reload pages, move to other tills, have their tokens checked and renewed, pause at noon and leave. The seed decides who does what when.",
		`  hotseat bench mixed --employees 500 --time 1m --seed 7`,
		func(cmd *cobra.Command, b *benchCommand) {
			cmd.Flags().IntVar(&b.options.Days, "shifts", 1, "how many days fit into the time")
			cmd.Flags().IntVar(&b.options.Workers, "in-flight", 256, "how many deeds are under way at once, at most")
			lasting(cmd, b)
		})
}

func newBenchFailover(p program) *cobra.Command {
	return newScenario(p, "failover", "Kill a node, and measure the gap",
		"Employees log in at a rate over all targets while a command of yours kills a node. A login that gets no answer asks the next target with the same idempotency key.",
		`  hotseat bench failover --target http://127.0.0.1:8080 --target http://127.0.0.1:8081 --kill 'kill -9 4711'`,
		func(cmd *cobra.Command, b *benchCommand) {
			flags := cmd.Flags()
			flags.StringVar(&b.options.Kill, "kill", "", "shell `command` that ends a node")
			flags.DurationVar(&b.options.KillAfter, "kill-after", 0, "when (default a quarter of --time)")
			flags.IntVar(&b.options.Workers, "in-flight", 128, "how many logins are under way at once, at most")
			flags.Float64Var(&b.options.Rate, "rate", 200, "logins a second")
			lasting(cmd, b)
			flags.DurationVar(&b.options.Warm, "warm-up", 0, "how long before that nothing is counted")
		})
}
