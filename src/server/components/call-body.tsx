import { callIsOver } from "../../core/call.ts";
import type { TimelineEntry } from "../../core/store/call-events.ts";
import type { CallMood } from "../../core/store/call-moods.ts";
import type { CallNote } from "../../core/store/call-notes.ts";
import type { Call } from "../../core/store/call-record.ts";
import type { Recording } from "../../core/store/recordings.ts";
import type { StoredTurn } from "../../core/store/transcripts.ts";
import type { Levels } from "../live/spoken-now.ts";
import type { WavePeaks } from "../wave-peaks.ts";
import { CallFacts } from "./call-facts.tsx";
import { CallNotes } from "./call-notes.tsx";
import { whoOf } from "./call-status.tsx";
import { Icon } from "./icon.tsx";
import { LevelBars } from "./levels.tsx";
import type { WatchedCall } from "./live-rows.tsx";
import { Player } from "./player.tsx";
import { Timeline } from "./timeline.tsx";
import { type PartialTurn, type SpeakerNames, TurnList } from "./transcript.tsx";

/** Everything the page of one call shows, as of one moment. */
export interface CallPicture extends WatchedCall {
  turns: readonly StoredTurn[];
  partials: readonly PartialTurn[];
  timeline: readonly TimelineEntry[];
  moods: readonly CallMood[];
  notes: readonly CallNote[];
  tags: readonly string[];
  recording: Recording | null;
  peaks: WavePeaks | null;
  levels: Levels | null;
}

/** Names beside the turns of a call. */
export const namesOf = (call: Call): SpeakerNames => ({
  callee: call.calleeName.trim() === "" ? "Callee" : call.calleeName.trim(),
  agent: call.agentName.trim() === "" ? "Agent" : call.agentName.trim(),
  language: call.language,
});

/** Whether the recording can be played. */
export const isPlayable = (picture: CallPicture): boolean => picture.recording?.closedAt != null;

/** What is said above an empty transcript. */
export const Waiting = ({ call, turns }: { call: Call; turns: number }) => (
  <p id="waiting" class="card-body muted" {...(turns > 0 ? { hidden: true } : {})}>
    {callIsOver(call.status)
      ? "Nothing was said."
      : call.status === "in-progress"
        ? "Waiting for the first words."
        : "Words appear here as soon as somebody answers."}
  </p>
);

/** Recording of a finished call, or why there is none. */
export const RecordingBox = ({ picture, startS = 0 }: { picture: CallPicture; startS?: number }) => {
  const { call, recording } = picture;
  if (!callIsOver(call.status)) return <div id="recording"></div>;
  return (
    <div id="recording">
      {recording !== null && recording.closedAt !== null ? (
        <Player
          src={`/api/v1/calls/${call.id}/recording.wav`}
          durationMs={recording.durationMs ?? 0}
          peaks={picture.peaks}
          startS={startS}
        />
      ) : (
        <p class="card-body muted">
          {recording === null ? "There is no recording: nobody answered." : "The recording is being made ready."}
        </p>
      )}
    </div>
  );
};

/**
 * Has screen readers read each line once it is said in full. Off until somebody asks: a voice over the voices of a call
 * helps nobody. `#aloud` is what is announced.
 */
const ReadAloud = () => (
  <>
    <label class="checkbox small" for="read-aloud">
      <input type="checkbox" id="read-aloud" autocomplete="off" />
      Read new lines aloud
    </label>
    <div id="aloud" class="vh" aria-live="polite" hx-ignore=""></div>
  </>
);

/**
 * Transcript, recording, facts and timeline of one call; `#call-body` is drawn again once when the call ends. The
 * recording is set to `startS` seconds.
 */
export const CallBody = ({ picture, startS = 0 }: { picture: CallPicture; startS?: number }) => {
  const { call } = picture;
  const isOver = callIsOver(call.status);
  return (
    <div id="call-body" class="cols">
      <section class="card" aria-label="Transcript">
        <header class="card-head">
          <h2>Transcript</h2>
          <div class="end cluster">
            <LevelBars levels={isOver ? null : picture.levels} />
            {isOver ? null : <ReadAloud />}
          </div>
        </header>
        <RecordingBox picture={picture} startS={startS} />
        <Waiting call={call} turns={picture.turns.length + picture.partials.length} />
        <div
          class={isOver ? "" : "stick"}
          role="log"
          aria-live="off"
          aria-label={`Conversation with ${whoOf(call)}`}
          tabindex={0}
        >
          <TurnList
            turns={picture.turns}
            partials={picture.partials}
            names={namesOf(call)}
            seekable={isPlayable(picture)}
            cueMs={startS * 1000}
          />
        </div>
      </section>
      <div class="stack">
        <section class="card">
          <header class="card-head">
            <h2>Facts</h2>
          </header>
          <div class="card-body">
            <CallFacts call={call} moods={picture.moods} />
          </div>
        </section>
        <CallNotes callId={call.id} notes={picture.notes} tags={picture.tags} />
        <section class="card">
          <header class="card-head">
            <h2>
              <Icon name="clock" /> Timeline
            </h2>
          </header>
          <Timeline entries={picture.timeline} from={call.createdAt} />
        </section>
      </div>
    </div>
  );
};
