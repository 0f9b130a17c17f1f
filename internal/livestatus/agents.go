package livestatus

import (
	"context"
	"net"

	"belvedere/internal/lql"
)

// Agents reach cores through the agents beside them. An agent is named by
// host:port where it is reached, or by its name when it comes to us. Errors are
// [*Error]. All methods are safe for concurrent use.
type Agents interface {
	// Open begins a conversation with the agent's core. What the agent cannot
	// do is told by the first Read.
	Open(ctx context.Context, agent string) (net.Conn, error)
	// Order hands a command to the agent, which executes it once, and returns
	// when the core has it. An error that is Uncertain says that nobody knows
	// whether it has.
	Order(ctx context.Context, agent string, c lql.Command) error
}

// converse opens a conversation with the core behind an agent.
func (o *Options) converse(ctx context.Context) (net.Conn, error) {
	if o.Agents == nil {
		return nil, noAgents()
	}
	dctx, cancel := context.WithTimeout(ctx, o.DialTimeout)
	defer cancel()
	c, err := o.Agents.Open(dctx, o.network())
	if err != nil && ctx.Err() != nil {
		return nil, canceled(ctx)
	}
	return c, err
}

// order sends a command through an agent, which prepares it for its core.
func (c *Client) order(ctx context.Context, cmd lql.Command) error {
	if c.o.Agents == nil {
		return noAgents()
	}
	if cmd.Time == 0 {
		cmd.Time = c.o.Now().Unix()
	}
	cmd.Backends = nil
	return c.o.Agents.Order(ctx, c.o.network(), cmd)
}

func noAgents() *Error {
	return &Error{Kind: KindAddress, Cause: "The connection to an agent belongs to the server that it has joined.",
		Fix: "Test it on the page Sites there."}
}
