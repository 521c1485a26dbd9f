// What a policy can be written with, as GET /admin/environment tells it.

export interface Variable {
	name: string;
	type: string;
	doc: string;
	where: ('when' | 'candidate' | 'expect')[];
	values?: string[];
	may_be_unknown: boolean;
}

export interface Key {
	name: string;
	doc: string;
	takes: string;
	hard: boolean;
}

export interface Environment {
	variables: Variable[];
	functions: { name: string; signature: string; doc: string }[];
	keys: Key[]; // of a rule
	top: Key[];
	tests: Key[];
}

/** scopeOf is what an expression of a key sees. */
export const scopeOf = (key: string): Variable['where'][number] => (key === 'when' ? 'when' : key === 'expect' ? 'expect' : 'candidate');

/** variablesFor are what may be written in an expression of a key. */
export const variablesFor = (env: Environment, key: string): Variable[] => env.variables.filter((v) => v.where.includes(scopeOf(key)));

/** valuesOf is the closed set of a type of variables: models, providers, tiers. */
export const valuesOf = (env: Environment, type: string): string[] => env.variables.find((v) => v.type === type && v.values)?.values ?? [];
