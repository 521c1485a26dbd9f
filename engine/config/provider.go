package config

// Provider is how to reach one provider. Its credentials, base URL and headers come only from the file or the environment
// and belong to that host.
type Provider struct {
	BaseURL     string            `yaml:"base_url" env:"yes" example:"https://api.openai.com/v1" doc:"Where its API lives. The built-in providers know theirs."`
	APIKey      Secret            `yaml:"api_key" example:"${OPENAI_API_KEY}" doc:"Its key; write the name of a variable rather than the key. Default: the provider's usual environment variable."`
	APIKeyFile  Path              `yaml:"api_key_file" example:"/run/secrets/openai" doc:"File that holds the key, or several, one a line; read again when it changes."`
	APIKeys     []ProviderKey     `yaml:"api_keys" example:"[${OPENAI_A}, {key: ${OPENAI_B}, weight: 3}]" doc:"Several keys in place of api_key. Each call takes the least loaded for its weight; one that is rejected, out of credit or at its limit stands aside alone."`
	Headers     map[string]Secret `yaml:"headers" example:"{OpenAI-Organization: org-1}" doc:"Headers to send with every call."`
	MaxConns    int               `yaml:"max_conns" default:"512" min:"1" max:"100000" doc:"Connections to it at the same time."`
	Most        int               `yaml:"max_concurrency" default:"0" min:"0" doc:"Calls to it at the same time; what is more goes to another provider, or waits (limits.wait). 0 = any number."`
	MostEach    int               `yaml:"max_concurrency_per_deployment" default:"0" min:"0" doc:"The same for each of its models."`
	Timeouts    Timeouts          `yaml:"timeouts" inherit:"timeouts" doc:"In place of the general timeouts, one by one."`
	Proxy       string            `yaml:"proxy" example:"http://proxy.internal:3128" doc:"In place of the general proxy."`
	CAFile      Path              `yaml:"ca_file" doc:"In place of the general ca_file."`
	Dialect     string            `yaml:"dialect" oneof:"openai,anthropic,gemini" doc:"Protocol that it speaks. Default: the built-in provider's own, else openai."`
	Auth        string            `yaml:"auth" oneof:"bearer,x-api-key,api-key,x-goog-api-key,none" doc:"How the key is sent. Default: the built-in provider's own, else bearer."`
	Resource    string            `yaml:"resource" example:"my-resource" doc:"Microsoft: the name of the Azure AI resource."`
	APIVersion  string            `yaml:"api_version" example:"2024-05-01-preview" doc:"Microsoft: api-version of the query, in place of the one in base_url."`
	Region      string            `yaml:"region" example:"swedencentral" doc:"Region, where the provider has several."`
	Deployments map[string]string `yaml:"deployments" example:"{microsoft/phi-4: my-phi-4}" doc:"Microsoft: model id to the name of your deployment."`
	Models      []Model           `yaml:"models" example:"[llama3.3:70b]" doc:"Endpoints of your own: the models that they serve, as names or with figures."`
	Disabled    bool              `yaml:"disabled" default:"false" doc:"Do not use it, even if its key is there."`
}

// ProviderKey is one of several keys. In the file it is the key alone or a mapping.
type ProviderKey struct {
	Key    Secret `yaml:"key" short:"yes" example:"${OPENAI_A}" doc:"The key; write the name of a variable rather than the key."`
	Weight int    `yaml:"weight" default:"1" min:"1" max:"1000" doc:"Its share of the calls beside the others'."`
}

// Model is a model at an endpoint of one's own. In the file it is a name alone or a mapping.
type Model struct {
	Name      string   `yaml:"name" short:"yes" example:"llama3.3:70b" doc:"Its name at the endpoint."`
	Is        string   `yaml:"is" example:"meta/llama-3.3-70b" doc:"The catalog's model that this is a deployment of. Default: a model of its own, PROVIDER/NAME."`
	Context   int      `yaml:"context" min:"0" example:"131072" doc:"Context window in tokens; 0 = unknown."`
	MaxOutput int      `yaml:"max_output" min:"0" example:"8192" doc:"Longest answer in tokens; 0 = unknown."`
	Input     *float64 `yaml:"input" min:"0" example:"0.2" doc:"Price of prompt tokens, USD a million; not set = unknown."`
	Output    *float64 `yaml:"output" min:"0" example:"0.6" doc:"Price of completion tokens, USD a million; not set = unknown."`
	Ability   *float64 `yaml:"ability" min:"0" max:"1" example:"0.6" doc:"Expected quality of its answers, 0 to 1; not set = unknown, a guess."`
	Tools     bool     `yaml:"tools" default:"false" doc:"It can call tools."`
	Images    bool     `yaml:"images" default:"false" doc:"It can read images."`
	Schema    bool     `yaml:"schema" default:"false" doc:"It can answer in a given JSON schema."`
}
