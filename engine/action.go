package engine

import (
	"time"

	"github.com/routor/routor/providers"
)

// scope is what a failed call cools down.
type scope uint8

const (
	ofNobody     scope = iota // the request is at fault, or nobody
	ofDeployment              // one model at one place
	ofProvider                // all of a provider's deployments, on this machine: its address cannot be reached
	ofAccount                 // all of a provider's deployments, for the whole fleet: what its account may do
)

func (s scope) String() string { return [...]string{"nobody", "deployment", "provider", "account"}[s] }

// move is what becomes of the request.
type move uint8

const (
	onward  move = iota // down the chain
	again               // down the chain, or, with nothing as good left, the same once more after a short wait
	larger              // down the chain, to larger context windows
	opinion             // one more of another vendor, whose verdict is final
	choice              // as the profile says: down the chain, or the end
	end                 // the end of the request
)

func (m move) String() string {
	return [...]string{"onward", "again", "larger", "opinion", "choice", "end"}[m]
}

// action is what follows from a failed call.
type action struct {
	class  providers.Class
	status int  // 0 = any
	unsent bool // only if the provider was never reached
	scope  scope
	state  providers.State
	cool   time.Duration // unless the provider says for how long; 0 = the breaker decides, by how many failed before
	move   move
}

// actions are asked from the top; the first that fits counts. A key beside others that are well cools alone, whatever its
// row says: see Monitor.Failed.
var actions = []action{
	{class: providers.Auth, status: 403, scope: ofDeployment, state: providers.Down, cool: accountFor, move: onward}, // may be about this model alone
	{class: providers.Auth, scope: ofAccount, state: providers.KeyRejected, cool: accountFor, move: onward},
	{class: providers.Quota, scope: ofAccount, state: providers.OutOfCredit, cool: accountFor, move: onward},
	{class: providers.RateLimited, scope: ofDeployment, state: providers.Limited, cool: limitedFor, move: again},
	{class: providers.Overloaded, scope: ofDeployment, state: providers.Down, cool: overloadFor, move: again},
	{class: providers.ModelNotFound, scope: ofDeployment, state: providers.Down, cool: missingFor, move: onward},
	{class: providers.ContextTooLong, scope: ofNobody, move: larger},
	{class: providers.ContentFiltered, scope: ofNobody, move: choice},
	{class: providers.BadRequest, scope: ofNobody, move: opinion},
	{class: providers.Server, scope: ofDeployment, state: providers.Down, move: again},
	{class: providers.InBand, scope: ofDeployment, state: providers.Down, move: again},
	{class: providers.Network, unsent: true, scope: ofProvider, state: providers.Down, move: again},
	{class: providers.Network, scope: ofDeployment, state: providers.Down, move: again},
	{class: providers.Timeout, unsent: true, scope: ofProvider, state: providers.Down, move: again},
	{class: providers.Timeout, scope: ofDeployment, state: providers.Down, move: onward},
	{class: providers.Canceled, scope: ofNobody, move: end},
}

// actionFor is what follows from an error.
func actionFor(e *providers.Error) *action {
	for i := range actions {
		a := &actions[i]
		if a.class == e.Class && (a.status == 0 || a.status == e.Status) && (!a.unsent || !e.Sent) {
			return a
		}
	}
	return &actions[len(actions)-1]
}

// classes are all classes of errors, in the order in which they are counted; the first stands for an answer.
var classes = [...]providers.Class{"ok", providers.Auth, providers.Quota, providers.RateLimited, providers.Overloaded, providers.ModelNotFound,
	providers.ContextTooLong, providers.ContentFiltered, providers.BadRequest, providers.Server, providers.Network, providers.Timeout,
	providers.InBand, providers.Canceled}

func classIndex(c providers.Class) int {
	for i := 1; i < len(classes); i++ {
		if classes[i] == c {
			return i
		}
	}
	return 0
}
