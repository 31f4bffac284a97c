import type { AssetPath } from "./assets.ts";
import type { Actor } from "./auth/actor.ts";
import type { QuestionsPicture } from "./owner-questions.ts";

/** How the asker proved who it is: `local` by being on this machine, the others by the access token. */
export type SignedInBy = "local" | "bearer" | "session";

/** What every page shows around its content. */
export interface ShellView {
  /** Parts that are played by the process itself, such as `phone network`; empty when all is real. */
  scriptedParts: readonly string[];
  /** Token that requests of this page's scripts carry. */
  formToken: string;
  /** Address of a script or style, with its version. */
  assetUrl: (path: AssetPath) => string;
  /** What the user is asked by agents on the phone. */
  questions: (actor: Actor) => Promise<QuestionsPicture>;
}

/** Values of one request, set by the first middlewares; open paths have no `actor` and no `signedInBy`. */
export interface ServerEnv {
  Variables: { requestId: string; actor: Actor; signedInBy: SignedInBy; shell: ShellView };
}
