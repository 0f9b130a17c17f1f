// Package remote gives orders to a Livestatus server elsewhere: a core, or a
// Belvedere with many sites behind it. The command line is built on it.
//
// A core is read whole, as the server reads its sites, so that a filter means
// the same here as on a page, whatever the core understands of it. A Belvedere
// is asked: it has read its sites already, and shows what the person sees in
// whose name it answers.
//
// Orders are carried out by a desk of package command, and what was seen of them
// is what the other end shows. Nothing is kept when the program ends.
package remote
