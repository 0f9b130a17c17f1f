// Package site keeps one monitoring core as we know it: it connects, reads the
// core's tables once, follows what changes, and says how well that goes.
//
// A [Manager] runs any number of sites. Each has one owner goroutine, the only
// writer of that site's part of the [store.Fleet], and at most one helper that
// rests in a wait at a core that can wait. A site has its own connections,
// deadlines, retries and bounds, so that trouble with one core never reaches
// another.
//
// What a core says is turned into the normal form of package schema on its way
// into the store: nothing above this package knows which implementation a row
// came from. Whatever differs between implementations is in two places: how to
// talk to one is the client's [livestatus.Profile], what its values mean is the
// converter table of this package.
//
// The package knows nothing of people, rights or pages.
package site
