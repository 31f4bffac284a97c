import type { Child } from "hono/jsx";
import type { Bus } from "../../core/bus.ts";
import type { Clock } from "../../core/clock.ts";
import type { Store } from "../../core/store/open.ts";
import { type CampaignPicture, campaignPicture } from "../campaign-picture.ts";
import { ContactRows } from "../components/campaign-contacts.tsx";
import { CampaignFigures, CampaignHead } from "../components/campaign-head.tsx";
import { OutcomeChart } from "../components/outcome-chart.tsx";
import type { LiveSource } from "./live-stream.ts";

/** Events that may change what the page shows; which tasks are the campaign's own is not asked for each of them. */
const MATTERS = /^(call|task|campaign|report)\./;

/** A campaign as it goes: each region is sent when it changed. */
export const campaignSource = (given: {
  store: Store;
  bus: Bus;
  clock: Clock;
  tenantId: string;
  campaignId: string;
  /** The page of contacts that is shown. */
  before: string;
  /** Zone of who looks. */
  zone: string;
}): LiveSource => {
  const { bus, clock, tenantId, campaignId, before, zone } = given;
  const sent = new Map<string, string>();
  let picture: CampaignPicture | null = null;

  const changed = (target: string, content: Child): string => {
    const html = String(content);
    if (sent.get(target) === html) return "";
    sent.set(target, html);
    return String(
      <hx-partial hx-target={target} hx-swap="outerMorph">
        {content}
      </hx-partial>,
    );
  };

  return {
    listen: (ring) =>
      bus.subscribe((event) => {
        if (event.tenantId === tenantId && MATTERS.test(event.type)) ring();
      }),
    async draw() {
      picture = await campaignPicture(given, tenantId, campaignId, before);
      if (picture === null) return "";
      const now = clock.now();
      return (
        changed("#campaign-head", <CampaignHead picture={picture} now={now} />) +
        changed("#campaign-figures", <CampaignFigures picture={picture} />) +
        changed("#outcomes", <OutcomeChart outcomes={picture.outcomes} />) +
        changed("#contacts", <ContactRows contacts={picture.contacts} now={now} ours={zone} />)
      );
    },
    // An undone campaign never gets a report.
    isOver: () => picture === null || picture.hasReport || picture.campaign.endReason === "undone",
    // The time to undo is counted down.
    everyMs: () => ((picture?.campaign.undoUntil ?? 0) > clock.now() - 1000 ? 1000 : 0),
  };
};
