package chat

// CachedContent is the name of content that the client has cached at Google ("cachedContents/…"), if a top-level member of its
// request, in any dialect but Google's own, names one; whole is whether the member says nothing else. It is spelt as Google's
// own field, in snake case, or as its OpenAI-compatible surface has it: extra_body.google.cached_content.
func CachedContent(name string, value []byte) (id string, whole bool) {
	switch name {
	case "cached_content", "cachedContent":
		id, _ = View(value)
		return id, true
	case "extra_body":
		whole = true
		for maker, v := range Object(value) {
			whole = whole && maker == "google"
			for n, v := range Object(v) {
				if maker == "google" && (n == "cached_content" || n == "cachedContent") {
					id, _ = View(v)
				} else {
					whole = false
				}
			}
		}
	}
	return id, whole
}
