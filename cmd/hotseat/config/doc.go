// Package config turns flags, environment, and a YAML file into the settings of `hotseat serve`.
//
// The main type is Config. Table lists every setting once; flags (Bind), HOTSEAT_* variables, keys of
// the file, help, Config.Print and docs/configuration.md all come from it.
//
// Promise: a Config that Load returns is valid as a whole. A name that Table does not know is an
// error that names the nearest right one, never silently ignored, and no error or print shows a
// secret.
//
// Next: cmd/hotseat/serve.go builds the program from a Config; keys.go makes the keys it lacks.
package config
