import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store/open.ts";
import type { TryOutRefusal } from "../core/store/try-outs.ts";
import type { BrowserControl } from "../media/carriers/browser/control.ts";
import { BrowserLine } from "../media/carriers/browser/line.ts";
import { type Begun, TalkLine, type TalkSocket } from "../media/carriers/browser/talk-line.ts";
import type { MediaWorker } from "../media/supervision/media-worker.ts";
import type { Actor } from "./auth/actor.ts";

/** What an agent is to reach when nobody says what. */
export const JUST_TALK = "Have a short conversation with a person who tries you out, and do what they ask.";

/** Talking to agents from their pages. */
export interface Talk {
  /** Takes over a freshly opened socket of this person. */
  attach(socket: TalkSocket, actor: Actor): { message(text: string): void; closed(): void };
  /** What is missing, as a sentence with its fix; null when one can talk. */
  missing(): string | null;
  /** Closes all sockets; their calls end. */
  close(): void;
}

/** What talking needs of the rest. */
export interface TalkDeps {
  store: Pick<Store, "tryOuts" | "calls">;
  worker: Pick<MediaWorker, "get" | "health">;
  control: BrowserControl;
  /** Address of this machine that the media thread sends from and to. */
  rtpHost: string;
  /** Kind of voice that speaks. */
  voice: string;
  /** Most calls at once. */
  concurrent: number;
  startAttempt: (tenantId: string, callId: string) => Promise<void>;
  /** A place became free. */
  freed: () => void;
  clock: Clock;
  log: Log;
}

const REFUSED: Record<TryOutRefusal, Extract<Begun, { ok: false }>> = {
  "unknown-agent": { ok: false, reason: "no-such-agent", why: "There is no such agent any more." },
  "tenant-suspended": { ok: false, reason: "unavailable", why: "Calls are suspended for this account." },
  "no-room": { ok: false, reason: "no-room", why: "All lines are in use. Try again when a call has ended." },
};

/** Joins browsers, store and attempts into calls between an agent and who tries it out. */
export const createTalk = (deps: TalkDeps): Talk => {
  const { store, worker, control, log } = deps;
  const lines = new Set<TalkLine>();

  const missing = (): string | null => {
    const health = worker.health();
    return health.ok ? null : `${health.missing} ${health.fix}`;
  };

  return {
    missing,
    attach: (socket, { tenantId }) => {
      const line = new TalkLine({
        socket,
        control,
        log,
        openLine: async () => {
          const running = await worker.get();
          if (!running) return { ok: false, why: missing() ?? "The media worker is starting. Try again." };
          return { ok: true, line: await BrowserLine.open(running, deps.rtpHost) };
        },
        begin: async ({ agentId, action, callee }) => {
          const begun = await store.tryOuts.begin(tenantId, {
            agentId,
            action: action || JUST_TALK,
            calleeName: callee,
            voice: deps.voice,
            concurrent: deps.concurrent,
            at: deps.clock.now(),
          });
          return begun.ok ? { ok: true, callId: begun.call.id } : REFUSED[begun.reason];
        },
        run: async (callId) => {
          await deps.startAttempt(tenantId, callId).finally(deps.freed);
          return (await store.calls.get(tenantId, callId))?.detail ?? "";
        },
      });
      lines.add(line);
      return {
        message: (text) => line.message(text),
        closed: () => {
          lines.delete(line);
          line.closed();
        },
      };
    },
    close: () => {
      for (const line of lines) line.close(1001, "server is stopping");
      lines.clear();
    },
  };
};
