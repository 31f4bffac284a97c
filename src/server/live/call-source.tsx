import type { Child } from "hono/jsx";
import type { Bus } from "../../core/bus.ts";
import { callIsOver } from "../../core/call.ts";
import type { Clock } from "../../core/clock.ts";
import { supervisionRights } from "../../core/supervision.ts";
import type { Actor } from "../auth/actor.ts";
import { callPicture, type PictureParts } from "../call-picture.ts";
import { CallBody, type CallPicture, isPlayable, namesOf, Waiting } from "../components/call-body.tsx";
import { CallFacts } from "../components/call-facts.tsx";
import { CallHead } from "../components/call-head.tsx";
import { NoteList, TagList } from "../components/call-notes.tsx";
import { LevelBars } from "../components/levels.tsx";
import { Timeline } from "../components/timeline.tsx";
import { PartialItem, TurnItem, turnDomId } from "../components/transcript.tsx";
import type { LiveSource } from "./live-stream.ts";

/** While people talk, their levels are drawn this often, in ms. */
const LEVELS_MS = 250;
/** After the end, the last facts (recording, cost) are waited for this long, in ms. */
const AFTER_END_MS = 15_000;

const turnsById = (picture: CallPicture): Map<string, string> => {
  const names = namesOf(picture.call);
  const drawn = new Map<string, string>();
  for (const turn of picture.turns) {
    drawn.set(turnDomId(turn.key), String(<TurnItem turn={turn} names={names} seekable={isPlayable(picture)} />));
  }
  for (const turn of picture.partials) {
    const id = turnDomId(turn.key);
    if (!drawn.has(id)) drawn.set(id, String(<PartialItem turn={turn} names={names} />));
  }
  return drawn;
};

/** Where on the page, and what it shows. */
type Region = readonly [target: string, content: Child];

/** The regions beside the words that change while a call goes on. */
const regionsOf = (picture: CallPicture): Region[] => [
  ["#waiting", <Waiting call={picture.call} turns={picture.turns.length + picture.partials.length} />],
  ["#facts", <CallFacts call={picture.call} moods={picture.moods} />],
  ["#timeline", <Timeline entries={picture.timeline} from={picture.call.createdAt} />],
  ["#call-tags", <TagList callId={picture.call.id} tags={picture.tags} />],
  ["#call-notes", <NoteList notes={picture.notes} />],
  ["#levels", <LevelBars levels={picture.levels} />],
];

/** One call as it happens: words, state, facts and levels, each sent when it changed. */
export const callSource = (given: {
  parts: PictureParts;
  bus: Bus;
  clock: Clock;
  actor: Pick<Actor, "tenantId" | "roles">;
  callId: string;
}): LiveSource => {
  const { parts, bus, clock, actor, callId } = given;
  const { tenantId } = actor;
  const rights = supervisionRights(actor.roles);
  let picture: CallPicture | null = null;
  let isStale = true;
  let turns: Map<string, string> | null = null;
  const sent = new Map<string, string>();

  /** Notes how a region looks now; whether that differs from what was sent last. */
  const isNew = (target: string, content: Child): boolean => {
    const html = String(content);
    if (sent.get(target) === html) return false;
    sent.set(target, html);
    return true;
  };

  const changed = ([target, content]: Region): string =>
    isNew(target, content)
      ? String(
          <hx-partial hx-target={target} hx-swap="outerMorph">
            {content}
          </hx-partial>,
        )
      : "";

  const drawTurns = (before: Map<string, string>, now: CallPicture): string => {
    const fresh = turnsById(now);
    let drawn = "";
    for (const [id, html] of fresh) if (before.get(id) !== html) drawn += html;
    if (drawn !== "") drawn = `<hx-upsert hx-target="#turns" key="data-order">${drawn}</hx-upsert>`;
    for (const id of before.keys()) {
      // Words that turned out to be no turn, such as a cough.
      if (!fresh.has(id)) drawn += `<hx-partial hx-target="#${id}" hx-swap="delete"></hx-partial>`;
    }
    turns = fresh;
    return drawn;
  };

  return {
    listen(ring) {
      const stopEvents = bus.subscribe((event) => {
        if (event.tenantId !== tenantId || !("callId" in event) || event.callId !== callId) return;
        isStale = true;
        ring();
      });
      const stopWords = parts.spoken.listen(callId, ring);
      const stopNeeds = parts.attention.listen(tenantId, "needs", ring);
      return () => {
        stopEvents();
        stopWords();
        stopNeeds();
      };
    },
    async draw() {
      if (isStale || picture === null) {
        isStale = false;
        picture = await callPicture(parts, actor, callId);
        if (picture === null) return "";
      } else {
        const known = new Set(picture.turns.map((turn) => turn.key));
        const partials = parts.spoken.partials(callId).filter((turn) => !known.has(turn.key));
        const attention = parts.attention.of(callId);
        picture = { ...picture, partials, attention, levels: parts.spoken.levels(callId) };
      }
      const { call } = picture;
      const isOver = callIsOver(call.status);
      const still = call.answeredAt ?? call.createdAt;
      const head = changed(["#call-head", <CallHead {...picture} now={still} rights={rights} />]);
      const regions = regionsOf(picture);
      if (turns === null || isOver) {
        turns = turnsById(picture);
        for (const [target, content] of regions) isNew(target, content);
        return head + changed(["#call-body", <CallBody picture={picture} />]);
      }
      return head + drawTurns(turns, picture) + regions.map(changed).join("");
    },
    isOver() {
      if (picture === null) return true;
      const { call, recording } = picture;
      if (!callIsOver(call.status)) return false;
      const waitsForFile = recording !== null && recording.closedAt === null;
      return !waitsForFile || clock.now() - (call.endedAt ?? 0) > AFTER_END_MS;
    },
    everyMs: () => (picture === null ? 0 : callIsOver(picture.call.status) ? 1000 : picture.levels ? LEVELS_MS : 0),
  };
};
