package classifiers

// ABI v1, little endian throughout. What a module exports (docs/classifier-abi.md is the page for its authors):
//
//	memory                              its linear memory
//	routor_abi_version                  immutable global i32 = 1, or else: func routor_abi_v1() -> i32, which returns 1
//	routor_alloc(len i32) -> i32        a buffer for the input record, 8-byte aligned, the guest's own, valid until the next
//	                                    routor_alloc; 0 = refused
//	routor_classify(ptr, len i32) -> i64   ptr<<32 | len of the result, valid until the next call; 0 = failed
//	routor_features(ptr, len i32) -> i64   optional; ptr<<32 | len of the record's features; 0 = failed
//	routor_info() -> i64                optional; ptr<<32 | len of the card's JSON, for modules without a section routor.meta
//	_initialize()                       optional; called once per instance, before all else
//
// The input record is a header of 64 bytes and then the three texts as UTF-8, without terminators. Offsets count from the
// record's first byte. A guest finds the texts by their offsets, never by their order, and skips header_len bytes at most, so
// that later versions may append to the header:
//
//	 0 u32 abi = 1          4 u32 header_len = 64   8 u32 flags (Flags)    12 u32 turns
//	16 u32 token_estimate  20 u32 total_bytes      24 u32 text_off         28 u32 text_len
//	32 u32 system_off      36 u32 system_len       40 u32 context_off      44 u32 context_len
//	48 u32 count = 1       52 u32 0                56 u32 0                60 u32 0
//
// The result is a header of 16 bytes and then the heads, in the order of the card, each with its labels in the card's order:
//
//	 0 u16 abi = 1  2 u16 n_heads  4 f32 difficulty 0..1  8 f32 confidence 0..1  12 f32 completion_tokens (NaN = unknown)
//	then for each head: u16 n, u16 0, f32 p[n] (probabilities, sum 1)
//
// The features are a list of pairs, each id at most once:
//
//	u32 id, u32 count
const (
	abiVersion      = 1
	recordHeader    = 64
	resultHeader    = 16
	headHeader      = 4
	maxFeatureBytes = 4 << 20

	exportMemory     = "memory"
	exportAbiGlobal  = "routor_abi_version"
	exportAbiFunc    = "routor_abi_v1"
	exportAlloc      = "routor_alloc"
	exportClassify   = "routor_classify"
	exportFeatures   = "routor_features"
	exportInfo       = "routor_info"
	exportInitialize = "_initialize"
	exportFuel       = "routor_fuel" // added by the host
)
