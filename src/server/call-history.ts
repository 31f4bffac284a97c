import { z } from "zod";
import { DISPOSITIONS } from "../core/call.ts";
import { MAX_SEARCH, readSearch } from "../core/search-words.ts";
import { CALL_SORTS, type CallFilter } from "../core/store/call-history.ts";
import { tagOf } from "../core/store/call-notes.ts";
import type { Call } from "../core/store/call-record.ts";
import type { Store } from "../core/store/open.ts";
import { mayReadWhispers } from "../core/supervision.ts";
import { CallView } from "./api/call-view.ts";
import type { Actor } from "./auth/actor.ts";
import { hitsOf, type SearchHit } from "./search-hits.ts";

/** Calls on a page. */
const PAGE = 25;
/** Lines shown of a call in which something was found. */
const MOST_HITS = 3;

const word = (longest: number) =>
  z
    .string()
    .transform((text) => text.slice(0, longest).trim() || undefined)
    .optional();
const day = z.iso
  .date()
  .transform((text) => Temporal.PlainDate.from(text))
  .optional()
  .catch(undefined);

/** Filter, order and place in the list of finished calls; what cannot be read counts as not given: any link opens. */
export const HistoryQuery = z.object({
  q: word(MAX_SEARCH),
  status: CallView.shape.status.optional().catch(undefined),
  outcome: z.enum(DISPOSITIONS).optional().catch(undefined),
  agent: word(200),
  campaign: word(60),
  tag: word(200),
  /** First and last day. */
  from: day,
  to: day,
  /** Seconds from and to, either of which may be left out: `30-120`, `300-`. */
  length: z
    .string()
    .regex(/^(?:\d{1,6}-\d{0,6}|-\d{1,6})$/)
    .optional()
    .catch(undefined),
  sort: z.enum(CALL_SORTS).optional().catch(undefined),
  before: word(60),
});
/** Which finished calls are shown. */
export type HistoryQuery = z.output<typeof HistoryQuery>;

/** The address of a list: the query with these changes, without what is not given. */
export const historyPath = (query: HistoryQuery, changes: Partial<HistoryQuery> = {}, path = "/history"): string => {
  const given = Object.entries({ ...query, ...changes }).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return search.size === 0 ? path : `${path}?${search}`;
};

/** What the query leaves, to this actor; days are those of `zone`. */
export const historyFilter = (
  { q, status, outcome, agent, campaign, tag, from, to, length }: HistoryQuery,
  actor: Pick<Actor, "roles">,
  zone: string,
): CallFilter => {
  const [min, max] = length?.split("-") ?? [];
  const start = (date: Temporal.PlainDate): number => date.toZonedDateTime(zone).epochMilliseconds;
  return {
    live: false,
    ...(q === undefined ? {} : { search: readSearch(q), withWhispers: mayReadWhispers(actor.roles) }),
    ...(status === undefined ? {} : { status }),
    ...(outcome === undefined ? {} : { disposition: outcome }),
    ...(agent === undefined ? {} : { agentName: agent }),
    ...(campaign === undefined ? {} : { campaignId: campaign }),
    ...(tag === undefined ? {} : { tag: tagOf(tag) }),
    ...(from === undefined ? {} : { fromAt: start(from) }),
    ...(to === undefined ? {} : { toAt: start(to.add({ days: 1 })) }),
    ...(min ? { minMs: Number(min) * 1000 } : {}),
    ...(max ? { maxMs: Number(max) * 1000 } : {}),
  };
};

/** A finished call and where it says what was looked for. */
export interface HistoryCall {
  call: Call;
  hits: readonly SearchHit[];
}

/** One page of finished calls. */
export interface HistoryPage {
  calls: readonly HistoryCall[];
  /** How many the filter leaves, over all pages. */
  count: number;
  /** Where the next page begins; null when there is none. */
  before: string | null;
}

/** Lines of a call that say what was looked for, as far as this actor may read them. */
export const callHits = async (
  { store }: { store: Store },
  { tenantId, roles }: Pick<Actor, "tenantId" | "roles">,
  callId: string,
  { search }: CallFilter,
  most = MOST_HITS,
): Promise<SearchHit[]> => {
  if (search === undefined) return [];
  const turns = await store.transcripts.of(tenantId, callId);
  return hitsOf(mayReadWhispers(roles) ? turns : turns.filter(({ whispered }) => !whispered), search, most);
};

/** Looks up a page of finished calls. */
export const loadHistory = async (
  parts: { store: Store },
  actor: Pick<Actor, "tenantId" | "roles">,
  filter: CallFilter,
  {
    sort = "newest",
    before,
    limit = PAGE,
  }: { sort?: HistoryQuery["sort"]; before?: string | undefined; limit?: number },
): Promise<HistoryPage> => {
  const { history } = parts.store;
  const page = { sort, limit: limit + 1, ...(before === undefined ? {} : { before }) };
  const found = await history.find(actor.tenantId, filter, page);
  const shown = found.slice(0, limit);
  return {
    calls: await Promise.all(
      shown.map(async (call) => ({ call, hits: await callHits(parts, actor, call.id, filter) })),
    ),
    count: await history.count(actor.tenantId, filter),
    before: found.length > limit ? (shown.at(-1)?.id ?? null) : null,
  };
};
