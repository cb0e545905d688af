// Package generated is what gqlgen makes of ../schema.graphqls: the types of the schema, and the code
// that walks a query.
//
// The main type is Config, which takes the resolvers; the others are the shapes on the wire.
//
// Promise: nothing here but this file is written by hand, and `make generate` makes the same files
// again; a test holds them against the schema.
//
// Next: ../resolvers.go is what the walking code calls.
package generated
