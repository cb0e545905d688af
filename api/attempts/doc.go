// Package attempts limits failed logins: 10 for an employee from one address, and 100 from one
// address for all employees, in any 10 minutes. An IPv6 address stands for its /64.
//
// The main type is Limiter. It is asked before any hashing, and told of failures only, so that
// nobody who knows the password ever waits for their own good logins.
//
// Promise: an attacker at one address can lock nobody out of another, and where an employee
// is known to have logged in (see Book) the budget of the address, which others there may have used up,
// does not count. Memory is bounded whatever is tried: when it is full the oldest failures are
// forgotten, each of which has cost its sender a password hash.
//
// Next: api/login.go asks; Known in known.go says who has logged in where.
package attempts
