// Package pages tests that live pages show what a fresh page would show,
// whatever was kept from before to draw them faster.
package pages
