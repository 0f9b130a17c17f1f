// Package packages makes the packages and looks into them: that what they
// install fits together and runs. It has tests only, and installs nothing.
package packages
