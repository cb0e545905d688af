// Command whole measures the binary as it is run: how long it takes to be ready with a million
// employees in its store, and how much memory each connected employee adds, with its socket.
//
// The main function is run: for each store it writes the employees through the store's own commits,
// starts the binary on it, waits for /readyz, and then, on the embedded one, logs employees in over
// HTTP and opens their sockets.
//
// Promise: the server is a process of its own, and its memory is what the kernel says is resident. Its
// runtime is told to keep nothing in reserve (GOMEMLIMIT), so that garbage does not count.
//
// Next: docs/performance.md for what was measured.
package main
