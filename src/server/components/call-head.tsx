import { callIsOver } from "../../core/call.ts";
import type { Call } from "../../core/store/call-record.ts";
import { MoodBadge } from "./call-mood.tsx";
import { CallNeed, Supervisors } from "./call-need.tsx";
import { CallBadge, canListen, headingOf, whoOf } from "./call-status.tsx";
import { Icon } from "./icon.tsx";
import { Running, Span } from "./instant.tsx";
import { ListenButton } from "./listen-button.tsx";
import type { BoardView, WatchedCall } from "./live-rows.tsx";
import { SpeakButtons } from "./supervision-buttons.tsx";

/** Hangs a call up after a question, where `canPart` with the choice of a goodbye before; works as a plain form too. */
export const HangUpButton = ({ call, canPart }: { call: Call; canPart: boolean }) => (
  <form method="post" action={`/calls/${call.id}/hangup`} hx-boost="false">
    <button
      type="submit"
      class="btn danger"
      hx-post={`/calls/${call.id}/hangup`}
      hx-swap="none"
      hx-disable="this"
      hx-confirm={`End the call with ${whoOf(call)}?`}
      data-confirm-label={canPart ? "End now" : "End call"}
      {...(canPart
        ? {
            "data-confirm-says": "The AI can say goodbye first. You can still end the call at once.",
            "data-confirm-or": "Say goodbye, then end",
            "data-confirm-or-field": "say_goodbye",
          }
        : {})}
    >
      <Icon name="phone-off" /> Hang up
    </button>
  </form>
);

/** Who, state, time, who supervises and what can be done about it; `#call-head` follows the call. */
export const CallHead = ({ call, attention, present, now, rights }: WatchedCall & BoardView) => (
  <div id="call-head" class="page-head">
    {/* The heading takes the focus after a step to this page; live updates must not take that from it. */}
    <h1 tabindex={-1}>{headingOf(call)}</h1>
    <CallBadge call={call} />
    {callIsOver(call.status) ? null : <MoodBadge mood={attention.mood} />}
    {callIsOver(call.status) && call.answeredAt === null ? null : (
      <span class="muted">
        {callIsOver(call.status) ? (
          <Span ms={call.durationMs ?? 0} />
        ) : (
          <Running since={call.answeredAt ?? call.createdAt} now={now} />
        )}
      </span>
    )}
    {callIsOver(call.status) ? null : (
      <div class="actions">
        {rights.has("listen") ? <ListenButton callId={call.id} who={whoOf(call)} isReady={canListen(call)} /> : null}
        <SpeakButtons callId={call.id} who={whoOf(call)} isReady={call.status === "in-progress"} rights={rights} />
        {rights.has("hang-up") ? (
          <HangUpButton
            call={call}
            canPart={call.status === "in-progress" && !present.some(({ mode }) => mode === "takeover")}
          />
        ) : null}
      </div>
    )}
    {callIsOver(call.status) ? null : (
      <>
        <Supervisors present={present} />
        <CallNeed attention={attention} now={now} />
      </>
    )}
    <p class="lede pre">{call.action}</p>
  </div>
);
