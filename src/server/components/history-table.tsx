import { type HistoryCall, type HistoryQuery, historyPath } from "../call-history.ts";
import { RecentRow } from "./call-rows.tsx";
import { SearchHits } from "./search-hits.tsx";

type Sort = NonNullable<HistoryQuery["sort"]>;

/** Head of a column that can be sorted by: a press sorts by it, the next one the other way round. */
const SortHead = (props: {
  word: string;
  down: Sort;
  up: Sort;
  query: HistoryQuery;
  sort: Sort;
  className?: string;
}) => {
  const { down, up, sort } = props;
  const state = sort === down ? "descending" : sort === up ? "ascending" : "none";
  return (
    <th scope="col" class={props.className} aria-sort={state}>
      <a class="sort" href={historyPath(props.query, { sort: sort === down ? up : down, before: undefined })}>
        {props.word} <span aria-hidden="true">{state === "descending" ? "↓" : state === "ascending" ? "↑" : "↕"}</span>
      </a>
    </th>
  );
};

/** Finished calls, each with the lines that were looked for under it. */
export const HistoryTable = ({ calls, query }: { calls: readonly HistoryCall[]; query: HistoryQuery }) => {
  const sort = query.sort ?? "newest";
  return (
    <div class="table-wrap">
      <table class="table">
        <caption class="vh">Finished calls</caption>
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">Result</th>
            <th scope="col" class="hide-s">
              Ended because
            </th>
            <SortHead word="Length" down="longest" up="shortest" query={query} sort={sort} />
            <SortHead word="When" down="newest" up="oldest" query={query} sort={sort} className="end hide-s" />
          </tr>
        </thead>
        <tbody>
          {calls.map(({ call, hits }) => (
            <>
              <RecentRow call={call} />
              {hits.length === 0 ? null : (
                <tr class="hit-row">
                  <td colspan={5}>
                    <SearchHits hits={hits} />
                  </td>
                </tr>
              )}
            </>
          ))}
        </tbody>
      </table>
    </div>
  );
};
