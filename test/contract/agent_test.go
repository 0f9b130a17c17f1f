package contract_test

import (
	"log/slog"
	"testing"

	"belvedere/internal/agent"
	"belvedere/internal/agent/agenttest"
	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/testkit"
)

// bySocket is a simulated core that an agent reaches over its socket.
func bySocket(t *testing.T) (core, agent.Core) {
	s := newSimulated(t, testkit.Naemon)
	return s, behindSocket(t, s.unix)
}

// behindSocket is the core of an agent that has a Livestatus socket.
func behindSocket(t *testing.T, path string) agent.Core {
	socket := agent.NewSocket(livestatus.Address{Scheme: "unix", Path: path}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { socket.Close() })
	return socket
}

// throughAgent is a way to a core through an agent, which comes to the server or
// is reached by it.
func throughAgent(comes bool, beside func(t *testing.T) (core, agent.Core)) func(t *testing.T) (core, opened) {
	return func(t *testing.T) (core, opened) {
		c, there := beside(t)
		return c, behindAgent(t, comes, there, nil)
	}
}

// behindAgent runs an agent with a core and returns the way to it; between puts
// something between an agent that comes and the server, and returns its address.
func behindAgent(t *testing.T, comes bool, there agent.Core, between func(to string) string) opened {
	t.Helper()
	server := agenttest.NewServer(t)
	address := server.Run(t, agenttest.Agent{Site: "contract", Core: there, Reached: !comes, Between: between})
	return opened{spec: site.Spec{Addresses: []string{address}}, options: site.Options{Agents: server.Hub}}
}
