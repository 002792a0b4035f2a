// Package conformance replays recorded scenes, conversations of clients with a
// Nakama server, against a server that speaks the same protocol, and says where
// its answers differ. README.md describes the scenes; the package's test replays
// them against this project's host.
package conformance
