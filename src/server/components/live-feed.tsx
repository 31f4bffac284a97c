/**
 * The one stream of a page and the pill that tells its state. Answers come as parts with their own targets; `every 10s`
 * makes up for a first connection that failed and does nothing while one is open.
 */
export const LiveFeed = ({ path, always, endsOn }: { path: string; always?: boolean; endsOn?: string }) => (
  <>
    <output class="pill" id="live-state" data-state="connecting">
      Connecting
    </output>
    <div
      id="feed"
      hidden
      hx-sse:connect={path}
      hx-swap="none"
      hx-trigger="load, every 10s"
      hx-sync="this:drop"
      {...(always ? { "hx-config": "sse.pauseOnBackground:false" } : {})}
      {...(endsOn ? { "hx-sse:close": endsOn } : {})}
    ></div>
  </>
);
