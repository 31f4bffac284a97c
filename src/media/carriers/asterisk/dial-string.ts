/** E.164 with its plus: nothing else may become part of a dial string, where `@`, `/` or `&` would mean something. */
const E164 = /^\+[1-9][0-9]{4,14}$/;

/** Whether a pattern says where the number goes: `{number}` is E.164 with `+`, `{digits}` without. */
export const isDialPattern = (pattern: string): boolean => /\{(number|digits)\}/.test(pattern);

/** The endpoint to dial, such as `PJSIP/+12025550100@trunk`, or null when `to` is not E.164. */
export const dialString = (pattern: string, to: string): string | null =>
  E164.test(to) ? pattern.replaceAll("{number}", to).replaceAll("{digits}", to.slice(1)) : null;

/**
 * Channel variables that show a number and a name to the callee. They belong on the media channel: being the other
 * member of the bridge, it is the party that the callee's INVITE comes from.
 */
export const callerVariables = (from: string | undefined, name: string | undefined): Record<string, string> => {
  if (from === undefined || !E164.test(from)) return {};
  const shown = (name ?? "").replace(/[^\p{L}\p{N} .,'&-]/gu, "").slice(0, 60);
  return { "CALLERID(num)": from, "CALLERID(name)": shown };
};

/**
 * The same for a channel that rings outside of a bridge: it shows whom it will be connected with. The `i` keeps the
 * update from being sent to a phone that does not ring yet.
 */
export const connectedVariables = (from: string | undefined, name: string | undefined): Record<string, string> => {
  const variables: Record<string, string> = {};
  for (const [key, value] of Object.entries(callerVariables(from, name))) {
    variables[key.replace("CALLERID(", "CONNECTEDLINE(").replace(")", ",i)")] = value;
  }
  return variables;
};
