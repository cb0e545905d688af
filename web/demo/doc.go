// Package demo is the till at /, the page that newcomers and tests use.
//
// The main type is the file system of FS: the files that Vite built from src, committed so that the
// program is built with Go alone. `npm run build` in web writes them anew.
//
// Promise: the page needs nothing but these files and the routes of the contract, and works under
// Policy.
//
// Next: src/App.tsx, then web/sdk/src/machine.ts, the rules by which a page stays connected.
package demo
