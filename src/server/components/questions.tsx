import type { AskedQuestion, QuestionsPicture } from "../owner-questions.ts";
import { Icon } from "./icon.tsx";
import { Instant } from "./instant.tsx";

/** Longest answer, in characters: it is read out to somebody who waits. */
export const MAX_ANSWER = 500;

const UNTIL = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

/** When an answer is late; the page's script turns it into what is left, by `data-until` (epoch ms). */
const Countdown = ({ until }: { until: number }) => (
  <time class="num nowrap" datetime={new Date(until).toISOString()} data-until={until}>
    until {UNTIL.format(until)}
  </time>
);

const Question = ({ asked: { question, callee }, isLate }: { asked: AskedQuestion; isLate: boolean }) => {
  const field = `answer-${question.id}`;
  const path = `/questions/${question.id}/answer`;
  return (
    <li id={`question-${question.id}`} class={isLate ? "banner" : "banner warn"}>
      <Icon name={isLate ? "clock" : "headphones"} />
      <form
        class="grow stack"
        method="post"
        action={path}
        hx-post={`/x${path}`}
        hx-target="#questions"
        hx-swap="outerMorph"
        hx-disable="find button"
      >
        <p class="small">
          {isLate ? (
            <>
              The call with <b hx-ignore="">{callee}</b> ended before you answered (<Instant at={question.askedAt} />
              ). The next call knows your answer.
            </>
          ) : (
            <>
              <b hx-ignore="">{callee}</b> holds the line. Your agent asks you, <Countdown until={question.expiresAt} />
              :
            </>
          )}
        </p>
        <label for={field} class="asked" hx-ignore="">
          {question.text}
        </label>
        <div class="cluster">
          <input id={field} name="answer" type="text" class="grow" maxlength={MAX_ANSWER} autocomplete="off" required />
          <button type="submit" class="btn primary">
            {isLate ? "Call again with it" : "Answer"}
          </button>
          <a class="btn" href={`/calls/${question.callId}`}>
            {isLate ? "Read the call" : "Follow the call"}
          </a>
        </div>
      </form>
    </li>
  );
};

/** What the user is asked by agents on the phone, on every page; streams change it, half-typed answers stay. */
export const Questions = ({ open, late, more }: QuestionsPicture) => (
  <section id="questions" class="questions" aria-label="Questions of your agents" aria-live="assertive">
    {open.length + late.length === 0 ? null : (
      <ul class="stack">
        {open.map((asked) => (
          <Question asked={asked} isLate={false} />
        ))}
        {late.map((asked) => (
          <Question asked={asked} isLate />
        ))}
      </ul>
    )}
    {more > 0 ? <p class="small muted">{more} more wait behind these.</p> : null}
  </section>
);

/** The stream of pages that have none of their own, or none any more, so that questions appear there too. */
export const QuestionFeed = ({ id = "feed" }: { id?: string }) => (
  <div
    id={id}
    hidden
    hx-sse:connect="/sse/questions"
    hx-swap="none"
    hx-trigger="load, every 10s"
    hx-sync="this:drop"
  ></div>
);
