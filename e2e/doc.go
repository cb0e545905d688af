// Package e2e tests the whole program as strangers see it: the built binary on ports of its own,
// both stores, clients that this project did not write (npm ws, coder/websocket), SIGKILL, a
// database that goes away, a full disk.
//
// The main type is server, one run of the binary that can be killed and started again on the same
// port and store.
//
// Promise: nothing is faked here; a test that cannot have a real part fails and says what to install.
//
// Next: server_test.go, then fifty_test.go and crash_test.go for the promises S1 to S3.
package e2e
