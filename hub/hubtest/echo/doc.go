// Command echo is a WebSocket server that sends every message back, on the engine that serves
// terminals, so that suites which test frames, such as Autobahn's, can be pointed at it:
//
//	go run ./hub/hubtest/echo -listen 127.0.0.1:9001     then ws://127.0.0.1:9001/ws/session/echo/
//
// The main function is serve. The tests beside it drive the groups of cases 1 to 7, 9 and 10 of
// Autobahn's test suite, with a client that this project did not write where one can say what a case
// says, and with bytes where none can.
//
// Promise: whatever frames a client sends are read and answered by the code that reads and answers
// a terminal's; only what a message means differs.
//
// Next: cases_test.go is the table.
package main
