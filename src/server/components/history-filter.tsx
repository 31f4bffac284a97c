import { DISPOSITIONS } from "../../core/call.ts";
import type { Campaign } from "../../core/store/campaign-record.ts";
import type { HistoryQuery } from "../call-history.ts";
import { DISPOSITION_WORDS } from "./call-status.tsx";
import { Icon } from "./icon.tsx";

const STATUSES = [
  ["completed_attempt", "Talked"],
  ["failed_attempt", "Not reached"],
  ["dropped_connection", "Cut off"],
] as const;

const LENGTHS = [
  ["-30", "Under 30 s"],
  ["30-120", "30 s to 2 min"],
  ["120-300", "2 to 5 min"],
  ["300-", "5 min and more"],
] as const;

/** What can be chosen from, apart from what is always the same. */
export interface HistoryChoices {
  agents: readonly string[];
  campaigns: readonly Pick<Campaign, "id" | "title">[];
  tags: readonly string[];
}

/** One choice; a value that is not offered stays chosen, so that a shared link says what it filters by. */
const Choice = (props: {
  name: string;
  label: string;
  any: string;
  value: string | undefined;
  options: readonly (readonly [value: string, word: string])[];
}) => {
  const { name, label, any, value, options } = props;
  const isOffered = value === undefined || options.some(([one]) => one === value);
  return (
    <div class="field">
      <label for={`h-${name}`}>{label}</label>
      <select id={`h-${name}`} name={name}>
        <option value="">{any}</option>
        {(isOffered ? options : [...options, [value, value] as const]).map(([one, word]) => (
          <option value={one} {...(one === value ? { selected: true } : {})}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
};

const Day = ({ name, label, value }: { name: string; label: string; value: Temporal.PlainDate | undefined }) => (
  <div class="field">
    <label for={`h-${name}`}>{label}</label>
    <input id={`h-${name}`} name={name} type="date" value={value?.toString() ?? ""} />
  </div>
);

/** How many filters are set, the words that are looked for apart. */
const setCount = ({ q: _q, sort: _sort, before: _before, ...filters }: HistoryQuery): number =>
  Object.values(filters).filter((value) => value !== undefined).length;

/** Whether anything keeps calls from being shown. */
export const isFiltered = (query: HistoryQuery): boolean => query.q !== undefined || setCount(query) > 0;

/** Words to look for, and filters under them: a form whose address says what it shows. */
export const HistoryFilter = ({ query, choices }: { query: HistoryQuery; choices: HistoryChoices }) => {
  const count = setCount(query);
  const plain = (values: readonly string[]) => values.map((value) => [value, value] as const);
  return (
    <search class="card">
      <form class="card-body stack" method="get" action="/history">
        <div class="search-line">
          <label class="vh" for="h-q">
            Words in transcripts, names and numbers
          </label>
          <input
            id="h-q"
            name="q"
            type="search"
            maxlength={200}
            value={query.q ?? ""}
            placeholder="Words, names, numbers; “in quotes” for a phrase"
          />
          <button type="submit" class="btn primary">
            <Icon name="search" /> Search
          </button>
        </div>
        <details {...(count > 0 ? { open: true } : {})}>
          <summary class="btn small">Filters{count > 0 ? ` (${count})` : ""}</summary>
          <div class="filters">
            <Choice
              name="outcome"
              label="Outcome"
              any="Any"
              value={query.outcome}
              options={DISPOSITIONS.map((one) => [one, DISPOSITION_WORDS[one][0]] as const)}
            />
            <Choice name="status" label="Ended as" any="Any" value={query.status} options={STATUSES} />
            <Choice name="agent" label="Agent" any="Any" value={query.agent} options={plain(choices.agents)} />
            <Choice
              name="campaign"
              label="Campaign"
              any="Any"
              value={query.campaign}
              options={choices.campaigns.map(({ id, title }) => [id, title] as const)}
            />
            <Choice name="tag" label="Tag" any="Any" value={query.tag} options={plain(choices.tags)} />
            <Choice name="length" label="Length" any="Any" value={query.length} options={LENGTHS} />
            <Day name="from" label="From" value={query.from} />
            <Day name="to" label="To" value={query.to} />
          </div>
        </details>
        {query.sort === undefined ? null : <input type="hidden" name="sort" value={query.sort} />}
      </form>
    </search>
  );
};
