// Package app plugs the rooms together: it opens the store, runs the sites,
// builds the engine and the pages, listens, and takes all of it down again in
// reverse. It knows every room and no detail of any.
package app
