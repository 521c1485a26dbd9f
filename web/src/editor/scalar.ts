/** scalar writes a text so that YAML reads it as that text. */
export function scalar(value: string): string {
	if (value.includes('\n')) return JSON.stringify(value);
	const plain =
		/^[A-Za-z0-9_./$(][^#:]*$/.test(value) &&
		!/^\s|\s$|: | #|:$/.test(value) &&
		!/^(true|false|null|yes|no|on|off|~|[-+.]?\d.*)$/i.test(value);
	return plain && !/[{}[\],&*!|>'"%@`]/.test(value) ? value : /['\\]/.test(value) ? JSON.stringify(value) : `'${value}'`;
}
