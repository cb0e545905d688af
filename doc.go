// Package hotseat is the root of the repository and holds no code, only structure_test.go, which
// states how the packages may depend on each other and why.
//
// The main type is in package session: State, with the rules of who may sit where.
//
// Promise: what structure_test.go says of the tree is true of it.
//
// Next: session/doc.go, then docs/ARCHITECTURE.md, which follows one login from hop to hop.
package hotseat
