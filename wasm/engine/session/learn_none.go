//go:build inferonly

package session

const learns = false

type learning struct{}

func (s *Session) learn(j job) (any, error) {
	return nil, errorf(CodeUnsupported, "%s: this engine was built without learning", j.Kind)
}
