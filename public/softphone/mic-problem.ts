/** Why there is no microphone: not allowed, not there, held by another program. */
export type MicProblem = "denied" | "missing" | "busy";

/** What to tell the user about it. */
export const MIC_PROBLEMS: Readonly<Record<MicProblem, string>> = {
  denied: "The browser blocks the microphone. Allow it next to the address, then try again.",
  missing: "No microphone was found. Plug one in, then try again.",
  busy: "Another program holds the microphone. Close it there, then try again.",
};

/** What a failed request for a microphone means; whatever else fails counts as held by another program. */
export const micProblemOf = (error: unknown): MicProblem => {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    default:
      // Outside of HTTPS and loopback browsers offer no devices at all.
      return navigator.mediaDevices ? "busy" : "denied";
  }
};
