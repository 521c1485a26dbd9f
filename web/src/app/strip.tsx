/** Strip is the first-open strip of the demo. */
export function Strip() {
	return null;
}
