package wasmtest

// opcode is an instruction's code in hex and what it takes: b block type, f function, u unsigned, s signed, d float, m offset,
// i types of an indirect call.
type opcode struct {
	code  string
	takes byte
}

var opcodes = map[string]opcode{
	"unreachable": {"00", 0}, "nop": {"01", 0}, "block": {"02", 'b'}, "loop": {"03", 'b'}, "if": {"04", 'b'}, "else": {"05", 0},
	"end": {"0b", 0}, "br": {"0c", 'u'}, "br_if": {"0d", 'u'}, "return": {"0f", 0}, "call": {"10", 'f'}, "call_indirect": {"11", 'i'},
	"drop": {"1a", 0}, "select": {"1b", 0}, "local.get": {"20", 'u'}, "local.set": {"21", 'u'}, "local.tee": {"22", 'u'},
	"global.get": {"23", 'u'}, "global.set": {"24", 'u'},
	"i32.load": {"28", 'm'}, "i64.load": {"29", 'm'}, "f32.load": {"2a", 'm'}, "i32.load8_u": {"2d", 'm'},
	"i32.store": {"36", 'm'}, "i64.store": {"37", 'm'}, "f32.store": {"38", 'm'}, "i32.store8": {"3a", 'm'}, "i32.store16": {"3b", 'm'},
	"memory.size": {"3f00", 0}, "memory.grow": {"4000", 0},
	"i32.const": {"41", 's'}, "i64.const": {"42", 's'}, "f32.const": {"43", 'd'},
	"i32.eqz": {"45", 0}, "i32.eq": {"46", 0}, "i32.ne": {"47", 0}, "i32.lt_s": {"48", 0}, "i32.lt_u": {"49", 0}, "i32.ge_u": {"4f", 0},
	"i32.add": {"6a", 0}, "i32.sub": {"6b", 0}, "i32.mul": {"6c", 0}, "i32.div_s": {"6d", 0}, "i32.rem_u": {"70", 0}, "i32.and": {"71", 0},
	"i32.xor": {"73", 0}, "i32.shl": {"74", 0}, "i32.shr_u": {"76", 0},
	"i64.eqz": {"50", 0}, "i64.ne": {"52", 0}, "i64.add": {"7c", 0}, "i64.sub": {"7d", 0}, "i64.mul": {"7e", 0}, "i64.or": {"84", 0}, "i64.shl": {"86", 0},
	"i64.extend_i32_u": {"ad", 0}, "i32.wrap_i64": {"a7", 0}, "f32.add": {"92", 0}, "f32.div": {"95", 0}, "f32.convert_i32_u": {"b3", 0},
	"memory.copy": {"fc0a0000", 0}, "memory.fill": {"fc0b00", 0}, "table.grow": {"fc0f", 'u'}, "ref.func": {"d2", 'f'},
}
