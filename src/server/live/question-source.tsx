import type { Bus } from "../../core/bus.ts";
import type { StoredEvent } from "../../core/events.ts";
import type { AppParts } from "../app-parts.ts";
import type { Actor } from "../auth/actor.ts";
import { QuestionFeed, Questions } from "../components/questions.tsx";
import { loadQuestions } from "../owner-questions.ts";
import type { LiveSource } from "./live-stream.ts";

/** What the questions to one user are looked up with. */
export interface QuestionParts {
  parts: Pick<AppParts, "store" | "clock">;
  bus: Bus;
  actor: Actor;
}

/** A late question is shown while its task is on hold, and a call that ends ends its questions. */
const matters = (event: StoredEvent, { tenantId, userId }: Actor): boolean => {
  if (event.tenantId !== tenantId) return false;
  if (event.type === "task.changed") return event.to === "on_hold" || event.from === "on_hold";
  return event.type.startsWith("question.") && "userId" in event && event.userId === userId;
};

/** What one user is asked, drawn whole when it changes. */
export const questionSource = ({ parts, bus, actor }: QuestionParts): LiveSource => {
  let sent: string | null = null;
  let isStale = true;
  return {
    listen: (ring) =>
      bus.subscribe((event) => {
        if (!matters(event, actor)) return;
        isStale = true;
        ring();
      }),
    async draw() {
      if (!isStale) return "";
      isStale = false;
      const now = String(
        <hx-partial hx-target="#questions" hx-swap="outerMorph">
          <Questions {...(await loadQuestions(parts, actor))} />
        </hx-partial>,
      );
      if (now === sent) return "";
      sent = now;
      return now;
    },
    isOver: () => false,
    everyMs: () => 0,
  };
};

/** The stream of a page with the questions to its user in it: a page has one stream. When it ends, another carries on. */
export const withQuestions = (source: LiveSource, given: QuestionParts): LiveSource => {
  const questions = questionSource(given);
  return {
    listen(ring) {
      const stops = [source.listen(ring), questions.listen(ring)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    async draw() {
      const drawn = (await source.draw()) + (await questions.draw());
      if (!source.isOver()) return drawn;
      return (
        drawn +
        String(
          <hx-partial hx-target="#question-feed" hx-swap="innerHTML">
            <QuestionFeed id="late-feed" />
          </hx-partial>,
        )
      );
    },
    isOver: () => source.isOver(),
    everyMs: () => source.everyMs(),
  };
};
