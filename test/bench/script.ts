/** How the two parties of every call take turns, in frames of 20 ms, over and over. */
export interface TurnScript {
  cycleFrames: number;
  /** The callee speaks from the start of a cycle for so long; in the rest its line is quiet. */
  calleeFrames: number;
  /** Length of the voice's answer, which begins `TURN_END_FRAMES` after the callee's last word. */
  replyFrames: number;
}

/** Silence that ends a turn: 500 ms. */
export const TURN_END_FRAMES = 25;
/** A turn is noticed this long after its first word: 200 ms. */
export const NOTICE_FRAMES = 10;
/** The opening: 500 ms. */
export const OPENING_FRAMES = 25;
/** Speech that comes at once when an answer begins: 200 ms, as models make speech faster than it is heard. */
export const HEAD_FRAMES = 10;

/** Two seconds of callee, half a second of silence, three seconds of agent, half a second of silence. */
export const CONVERSATION: TurnScript = { cycleFrames: 300, calleeFrames: 100, replyFrames: 150 };

/** The callee speaks again 1.5 s into each answer. */
export const INTERRUPTIONS: TurnScript = { cycleFrames: 150, calleeFrames: 50, replyFrames: 150 };
