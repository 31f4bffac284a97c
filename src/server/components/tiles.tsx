/** Figures above the board. */
export interface BoardCounts {
  live: number;
  needHelp: number;
  waiting: number;
  today: number;
  reachedToday: number;
}

/** Figures at a glance. */
export const Tiles = ({ counts }: { counts: BoardCounts }) => (
  <div id="tiles" class="tiles">
    <div class={counts.live > 0 ? "tile live" : "tile"}>
      <b>{counts.live}</b>
      <span>Calls now</span>
    </div>
    <div class={counts.needHelp > 0 ? "tile warn" : "tile"}>
      <b>{counts.needHelp}</b>
      <span>Need help</span>
    </div>
    <div class="tile">
      <b>{counts.waiting}</b>
      <span>Tasks waiting</span>
    </div>
    <div class="tile">
      <b>{counts.today}</b>
      <span>Calls today</span>
    </div>
    <div class="tile">
      <b>{counts.reachedToday}</b>
      <span>Reached today</span>
    </div>
  </div>
);
