/** An event of either side, read from JSON. */
// biome-ignore lint/suspicious/noExplicitAny: clients may send anything; each member is checked where it is used.
export type Message = Record<string, any>;
