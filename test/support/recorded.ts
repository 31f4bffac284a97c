import { stat } from "node:fs/promises";
import { FRAME_SAMPLES } from "../../src/media/audio/frame.ts";
import { WAV_HEADER_BYTES } from "../../src/media/audio/wav.ts";

/**
 * Frames that a test may be ahead of the disk: the recorder keeps 128, and begins to write at 115 at the latest, where one
 * party is silent.
 */
const AHEAD_FRAMES = 118;

/** Resolves when so many frames of a recording are on the disk. */
export const written = async (path: string, frames: number, channels = 2): Promise<void> => {
  while (frames > 0 && (await stat(path)).size < WAV_HEADER_BYTES + frames * FRAME_SAMPLES * 2 * channels) {
    await Bun.sleep(1);
  }
  // The recorder hears of a write a moment after the disk has it.
  await Bun.sleep(2);
};

/**
 * Lets the disk follow a test that has put so many frames and whose time runs faster than a disk writes, so that nothing
 * is dropped. To be asked after every ten frames at least.
 * @param startFrame where the recording begins
 */
export const keptUp = async (path: string, frames: number, channels = 2, startFrame = 0): Promise<void> => {
  if (frames - startFrame > AHEAD_FRAMES) await written(path, frames - AHEAD_FRAMES, channels);
};
