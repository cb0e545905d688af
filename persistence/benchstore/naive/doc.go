// Package naive is the takeover as it is usually written, without any application around it:
// BEGIN; UPDATE; INSERT; INSERT; COMMIT, run by pgbench. It is what Hotseat's store is compared with.
//
// The main type is Bench.
//
// Promise: it keeps to a database of its own, in which it makes its tables anew.
//
// Next: persistence/benchstore runs it in turns with the batcher; bench/limits beside a whole server.
package naive
