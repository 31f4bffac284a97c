import type { CallMood } from "../../core/store/call-moods.ts";
import type { Call } from "../../core/store/call-record.ts";
import { MoodLine } from "./call-mood.tsx";
import { causeSentence } from "./call-status.tsx";
import { Instant, Span } from "./instant.tsx";

const DOLLARS = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
});

/** What is known of a call beside its words, and how its mood went where a model read it. */
export const CallFacts = ({ call, moods }: { call: Call; moods: readonly CallMood[] }) => (
  <dl id="facts" class="facts" hx-ignore="">
    {call.to === "" ? null : (
      <>
        <dt>Number</dt>
        <dd class="num">{call.to}</dd>
      </>
    )}
    {call.organization === "" ? null : (
      <>
        <dt>For</dt>
        <dd>{call.organization}</dd>
      </>
    )}
    <dt>Attempt</dt>
    <dd class="num">{call.attempt}</dd>
    <dt>Carrier</dt>
    <dd>{call.carrier}</dd>
    <dt>Voice</dt>
    <dd>{call.voice}</dd>
    <dt>Started</dt>
    <dd>
      <Instant at={call.createdAt} />
    </dd>
    {call.endedAt === null || call.answeredAt === null ? null : (
      <>
        <dt>Length</dt>
        <dd>
          <Span ms={call.durationMs ?? 0} />
        </dd>
      </>
    )}
    {call.hangupCause === null ? null : (
      <>
        <dt>Ended because</dt>
        <dd>{causeSentence(call.hangupCause)}</dd>
      </>
    )}
    {call.detail ? (
      <>
        <dt>Detail</dt>
        <dd>{call.detail}</dd>
      </>
    ) : null}
    {call.latency && call.latency.turns > 0 ? (
      <>
        <dt>Answer time</dt>
        <dd class="num">
          p50 {Math.round(call.latency.p50Ms)} ms · p95 {Math.round(call.latency.p95Ms)} ms · {call.latency.turns}{" "}
          {call.latency.turns === 1 ? "turn" : "turns"}
        </dd>
      </>
    ) : null}
    {call.stats?.firstWordMs == null ? null : (
      <>
        <dt>First word</dt>
        <dd class="num">{Math.round(call.stats.firstWordMs)} ms after the answer</dd>
      </>
    )}
    {moods.length === 0 ? null : (
      <>
        <dt>Mood</dt>
        <dd>
          <MoodLine moods={moods} from={call.answeredAt ?? call.createdAt} />
        </dd>
      </>
    )}
    <dt>Cost</dt>
    <dd class="num">{DOLLARS.format(call.costUsd)}</dd>
  </dl>
);
