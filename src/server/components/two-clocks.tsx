const timeIn = (at: number, zone: string): string =>
  new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: zone,
    timeZoneName: "short",
  }).format(at);

/** A point in time on the contact's clock and on ours; once where both show the same. `at` is epoch ms. */
export const TwoClocks = ({ at, theirs, ours }: { at: number; theirs: string | null; ours: string }) => {
  const mine = timeIn(at, ours);
  const their = theirs === null ? mine : timeIn(at, theirs);
  return (
    <time class="num" datetime={new Date(at).toISOString()}>
      {their}
      {their === mine ? null : <small>Yours: {mine}</small>}
    </time>
  );
};
