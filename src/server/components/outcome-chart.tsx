import type { ContactOutcome } from "../../core/store/contact-outcomes.ts";

const WORDS: readonly (readonly [outcome: ContactOutcome, word: string, look: string])[] = [
  ["reached", "Reached the goal", "ok"],
  ["talked", "Talked, not settled", "info"],
  ["voicemail", "Voicemail", "info"],
  ["no-answer", "No answer", "warn"],
  ["busy", "Busy", "warn"],
  ["refused", "Refused", "bad"],
  ["wrong-number", "Wrong number", "bad"],
  ["blocked", "Blocked by the list", "bad"],
  ["outside-hours", "Outside hours", "plain"],
  ["failed", "Failed", "bad"],
  ["open", "No result yet", "plain"],
  ["not-called", "Not called", "plain"],
];

/** How many contacts came to what: bars in the table they are drawn from, so that nothing hangs on their colour. */
export const OutcomeChart = ({ outcomes }: { outcomes: Partial<Record<ContactOutcome, number>> }) => {
  const rows = WORDS.flatMap(([outcome, word, look]) => {
    const count = outcomes[outcome] ?? 0;
    return count === 0 ? [] : [{ word, look, count }];
  });
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  return (
    <table id="outcomes" class="outcomes">
      <caption class="vh">Contacts by outcome</caption>
      <thead class="vh">
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">Bar</th>
          <th scope="col">Contacts</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ word, look, count }) => (
          <tr>
            <th scope="row">{word}</th>
            <td class="bar">
              <svg class={look} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect class="rail" width="100" height="10" />
                <rect width={((count / total) * 100).toFixed(1)} height="10" />
              </svg>
            </td>
            <td class="num">{count}</td>
            <td class="num muted">{Math.round((count / total) * 100)} %</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};
