/** What this browser remembers about how its user likes the phone. */
export interface Kept {
  /** Device ids; empty for the browser's own choice. */
  microphone: string;
  speaker: string;
  /** Whether single letters work while the keyboard is in the dock. */
  letters: boolean;
  /** Whether the talk button must be held. */
  hold: boolean;
  /** Loudness of each party, 0 to 1. */
  calleeVolume: number;
  agentVolume: number;
  /** Whether help is told outside of the page too. */
  notify: boolean;
  /** Whether new lines of a live call are read aloud. */
  aloud: boolean;
}

const NAME = "od-phone-settings";
const FRESH: Kept = {
  microphone: "",
  speaker: "",
  letters: true,
  hold: true,
  calleeVolume: 1,
  agentVolume: 1,
  notify: false,
  aloud: false,
};

/** The settings of this browser; what was never set, or cannot be read, is as for a new user. */
export const readKept = (): Kept => {
  try {
    const found: Record<string, unknown> = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    const right = Object.entries(found).filter(([name, value]) => typeof FRESH[name as keyof Kept] === typeof value);
    return { ...FRESH, ...Object.fromEntries(right) };
  } catch {
    return FRESH;
  }
};

/** Changes some settings and gives all of them. */
export const keep = (changes: Partial<Kept>): Kept => {
  const kept = { ...readKept(), ...changes };
  try {
    localStorage.setItem(NAME, JSON.stringify(kept));
  } catch {
    // Where nothing may be stored the settings live as long as the page.
  }
  return kept;
};
