package wasm

// Custom is the content of the first custom section of this name; nil = there is none.
func Custom(module []byte, name string) ([]byte, error) {
	sections, err := Parse(module)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		if n, content, ok := s.custom(); ok && n == name {
			return content, nil
		}
	}
	return nil, nil
}

// SetCustom replaces the custom sections of this name by one with this content, at the module's end; nil takes them away.
func SetCustom(module []byte, name string, content []byte) ([]byte, error) {
	sections, err := Parse(module)
	if err != nil {
		return nil, err
	}
	kept := make([]Section, 0, len(sections)+1)
	for _, s := range sections {
		if n, _, ok := s.custom(); !ok || n != name {
			kept = append(kept, s)
		}
	}
	if content != nil {
		kept = append(kept, Section{secCustom, append(appendName(nil, name), content...)})
	}
	return Encode(kept), nil
}

// Strip takes all custom sections away: names, debug information, metadata.
func Strip(module []byte) ([]byte, error) {
	sections, err := Parse(module)
	if err != nil {
		return nil, err
	}
	kept := make([]Section, 0, len(sections))
	for _, s := range sections {
		if s.ID != secCustom {
			kept = append(kept, s)
		}
	}
	return Encode(kept), nil
}

func (s Section) custom() (name string, content []byte, ok bool) {
	if s.ID != secCustom {
		return "", nil, false
	}
	c := cursor{b: s.Body}
	name = c.name()
	return name, s.Body[c.at:], c.fault == ""
}
