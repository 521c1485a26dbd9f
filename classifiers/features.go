package classifiers

// Feature is one feature of an input: a row of the module's tables and how often it occurs.
type Feature struct{ ID, Count uint32 }
