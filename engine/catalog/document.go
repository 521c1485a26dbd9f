package catalog

// document is a catalog as it is written: the built-in data files and a user's own have this one form. Entries are kept by
// id, so that a later file changes fields of an earlier one; see docs/catalog.md.
type document struct {
	Providers   map[string]providerEntry   `yaml:"providers"`
	Models      map[string]modelEntry      `yaml:"models"`
	Deployments map[string]deploymentEntry `yaml:"deployments"`
	// Difficulty is "slope", the difficulty "overall" at which abilities are stated, and that of single labels, "head.label".
	Difficulty map[string]float64 `yaml:"difficulty"`
}

type providerEntry struct {
	Name     string   `yaml:"name"`
	BaseURL  string   `yaml:"base_url"`
	KeyEnv   []string `yaml:"key_env"`
	Dialect  string   `yaml:"dialect"`
	Auth     string   `yaml:"auth"`
	KeyCheck string   `yaml:"key_check"`
	Builtin  bool     `yaml:"builtin"`
	Source   string   `yaml:"source"`
	Note     string   `yaml:"note"`
	Disabled bool     `yaml:"disabled"`

	// Surfaces are those on which all of its models answer, besides each deployment's own.
	Surfaces    []Surface    `yaml:"surfaces"`
	State       StateNeed    `yaml:"state"`
	MediaURLs   Known        `yaml:"media_urls"`
	CallIDs     string       `yaml:"call_ids"`
	Media       string       `yaml:"media"`
	Developer   Known        `yaml:"developer_role"`
	HostedTools Known        `yaml:"hosted_tools"`
	Quirks      []quirkEntry `yaml:"quirks"`
}

type modelEntry struct {
	Name         string           `yaml:"name"`
	Aliases      []string         `yaml:"aliases"`
	Status       Status           `yaml:"status"`
	ReplacedBy   string           `yaml:"replaced_by"`
	Released     string           `yaml:"released"`
	Verified     bool             `yaml:"verified"`
	Source       string           `yaml:"source"`
	Note         string           `yaml:"note"`
	Context      int              `yaml:"context"`
	MaxInput     int              `yaml:"max_input"`
	MaxOutput    int              `yaml:"max_output"`
	Input        []string         `yaml:"input"`
	Output       []string         `yaml:"output"`
	Can          map[string]Known `yaml:"can"`
	Reasoning    reasoningEntry   `yaml:"reasoning"`
	ToolAccuracy *float64         `yaml:"tool_accuracy"`

	// Figures from which the abilities are derived; see docs/abilities.md.
	LiveBench  map[string]string `yaml:"livebench"` // effort, "default" or "thinking" → row of the table
	Benchmarks []benchmark       `yaml:"benchmarks"`
	Sibling    string            `yaml:"sibling"`
	// Ability is stated outright, by category, "overall", or a label of a classifier's own head, "head.label", and goes
	// before every derivation.
	Ability          map[string]float64 `yaml:"ability"`
	Verbosity        *float64           `yaml:"verbosity"`
	CompletionTokens map[string]float64 `yaml:"completion_tokens"` // "head.label" → tokens, in place of the classifier's estimate
	ReasoningTokens  map[string]float64 `yaml:"reasoning_tokens"`  // effort or "default" → per completion token

	Disabled bool `yaml:"disabled"`
}

type reasoningEntry struct {
	Efforts []string `yaml:"efforts"`
	Default string   `yaml:"default"`
	On      Known    `yaml:"on"`
	Toggle  Known    `yaml:"toggle"`
	Field   string   `yaml:"field"`
	// Patience is how many times as long as others its streams may take to their first token while the model reasons.
	Patience *float64 `yaml:"patience"`
	// Adaptive: it takes thinking that adapts, with an effort, in place of a budget of tokens.
	Adaptive Known `yaml:"adaptive"`
}

// benchmark is one published score in percent.
type benchmark struct {
	Name    string  `yaml:"name"`
	Version string  `yaml:"version"`
	Dataset string  `yaml:"dataset"`
	Score   float64 `yaml:"score"`
	Metric  string  `yaml:"metric"`
	Harness string  `yaml:"harness"`
	Effort  string  `yaml:"effort"`
	Source  string  `yaml:"source"`
	Date    string  `yaml:"date"`
}

type deploymentEntry struct {
	Model       string      `yaml:"model"`
	Provider    string      `yaml:"provider"`
	Upstream    string      `yaml:"upstream"`
	Surface     Surface     `yaml:"surface"`
	ToolSurface Surface     `yaml:"tool_surface"`
	Region      string      `yaml:"region"`
	Context     int         `yaml:"context"`
	MaxOutput   int         `yaml:"max_output"`
	Prices      pricesEntry `yaml:"prices"`
	FirstToken  float64     `yaml:"first_token_seconds"`
	PerToken    float64     `yaml:"per_token_seconds"`
	Source      string      `yaml:"source"`
	Note        string      `yaml:"note"`
	Disabled    bool        `yaml:"disabled"`
}

// pricesEntry is prices as people state them: USD per million tokens, per thousand images and tool calls.
type pricesEntry struct {
	Input        *perMillion            `yaml:"input"`
	Output       *perMillion            `yaml:"output"`
	CachedRead   *perMillion            `yaml:"cached_read"`
	CacheWrite5m *perMillion            `yaml:"cache_write_5m"`
	CacheWrite1h *perMillion            `yaml:"cache_write_1h"`
	AudioInput   *perMillion            `yaml:"audio_input"`
	AudioOutput  *perMillion            `yaml:"audio_output"`
	ImageInput   *perThousand           `yaml:"images_per_1k"`
	ToolCalls    map[string]perThousand `yaml:"tool_calls_per_1k"`
	Steps        []stepEntry            `yaml:"steps"`
	ServiceTiers map[string]Factor      `yaml:"service_tiers"`
	ValidFrom    date                   `yaml:"valid_from"`
	Source       string                 `yaml:"source"`
	Verified     bool                   `yaml:"verified"`
}

type stepEntry struct {
	Above        int         `yaml:"above"`
	Input        *perMillion `yaml:"input"`
	Output       *perMillion `yaml:"output"`
	CachedRead   *perMillion `yaml:"cached_read"`
	CacheWrite5m *perMillion `yaml:"cache_write_5m"`
	CacheWrite1h *perMillion `yaml:"cache_write_1h"`
}
