// Package password hashes and checks passwords with argon2id, and checks those that other systems
// have hashed with bcrypt or as Django does.
//
// The main type is Pool: it bounds how many hashes run at once and how many wait, because each costs
// 19 MiB and tens of milliseconds of CPU, and an attacker may ask for as many as fit.
//
// Promise: an employee who is unknown, or who has no password, costs the same work as one with a
// wrong password. A full queue, or a wait past the caller's deadline, is session.ErrOverloaded.
// Nothing here logs, keeps or repeats a password.
//
// Next: api/login.go checks passwords here, api/employees.go makes hashes.
package password
