import type { AppParts } from "../app-parts.ts";
import type { Actor } from "../auth/actor.ts";
import { HelpAlerts } from "../components/help-alerts.tsx";
import { loadHelp } from "../help-calls.ts";
import type { LiveSource } from "./live-stream.ts";

/** What calls for help are looked up with. */
export interface HelpParts {
  parts: Pick<AppParts, "store" | "attention">;
  actor: Actor;
}

/**
 * The stream of a page with the calls that ask its user for help: a page has one stream. They change little and are
 * looked up from memory, so every drawing looks.
 */
export const withHelp = (source: LiveSource, { parts, actor }: HelpParts): LiveSource => {
  let sent: string | null = null;
  return {
    listen(ring) {
      const stops = [source.listen(ring), parts.attention.listen(actor.tenantId, "help", ring)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    async draw() {
      const drawn = await source.draw();
      const help = <HelpAlerts calls={await loadHelp(parts, actor)} />;
      const now = String(help);
      if (now === sent) return drawn;
      sent = now;
      const changed = (
        <hx-partial hx-target="#help" hx-swap="outerMorph">
          {help}
        </hx-partial>
      );
      return drawn + String(changed);
    },
    isOver: () => source.isOver(),
    everyMs: () => source.everyMs(),
  };
};
