/** How a callee sounds, from well to worst. */
export const MOODS = ["calm", "uneasy", "upset", "angry"] as const;

/** One of `MOODS`. */
export type Mood = (typeof MOODS)[number];

/** A model's impression of how a live call goes. It may be wrong, so it is only ever shown as an impression. */
export interface MoodReading {
  mood: Mood;
  /** The talk goes somewhere else than to the objective. */
  offPlan: boolean;
  /** Why, in a few words on one line; may be empty. Written by a model: shown as text only. */
  reason: string;
}
