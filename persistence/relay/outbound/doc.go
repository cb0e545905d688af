// Package outbound makes HTTP requests to addresses that somebody else chose.
//
// The main type is Client. It resolves a name itself, refuses every address that is not public unless its
// network was allowed, and connects to the very address that it looked at.
//
// Promise: no request reaches this machine, the network around it or a cloud's metadata service because
// a receiver's name, its DNS or its redirects say so. No proxy of the environment is asked, no redirect
// followed, and no more than a little of an answer read.
//
// Next: address.go for what is public, relay/push for who uses it.
package outbound
