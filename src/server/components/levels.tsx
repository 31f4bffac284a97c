import type { Levels } from "../live/spoken-now.ts";

/** Quietest level that still shows, in dBov. */
const FLOOR_DBOV = -60;

const share = (dbov: number): number => Math.round(Math.min(1, Math.max(0, 1 - dbov / FLOOR_DBOV)) * 100);

const Bar = ({ who, name, dbov }: { who: "callee" | "agent"; name: string; dbov: number }) => (
  <span class={`meter ${who}`}>
    {name}
    <svg class={`wave ${who}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <path d={`M0 0H${share(dbov)}V6H0Z`} />
    </svg>
  </span>
);

/** How loud both parties are at this moment; empty without sound. Screen readers are spared it. */
export const LevelBars = ({ levels }: { levels: Levels | null }) => (
  <div id="levels" class="cluster" aria-hidden="true">
    {levels === null ? null : (
      <>
        <Bar who="callee" name="Caller" dbov={levels.callee} />
        <Bar who="agent" name="AI agent" dbov={levels.agent} />
      </>
    )}
  </div>
);
