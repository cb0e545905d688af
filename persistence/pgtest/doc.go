// Package pgtest gives tests a real PostgreSQL.
//
// The main function is URL, a fresh database on the test run's one server; tests that stop, kill or
// fill a server make their own with NewServer. A package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// Promise: a server dies with the test process, however that ends, and leaves nothing behind but, after
// a kill, a folder that the next run removes. Without PostgreSQL a test fails, it never skips.
//
// Next: persistence/storetest.
package pgtest
