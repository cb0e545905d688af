// Package report is what a benchmark has to say: results as JSON, as a table for a terminal, as one
// HTML page that needs no network, and two of them compared.
//
// The main type is Result, one scenario's; a File holds several.
//
// Promise: a result that was cut short says so wherever it is shown, and what the load generator
// itself spoiled stands beside the figures. No secret gets into a result.
//
// Next: result.go for the fields, html.go for the page, compare.go for ratios and their confidence.
package report
