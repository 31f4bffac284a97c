import type { Campaign, CampaignProgress, CampaignStatus } from "../../core/store/campaign-record.ts";
import type { CampaignPicture } from "../campaign-picture.ts";
import { Icon } from "./icon.tsx";
import { Instant, Span } from "./instant.tsx";

const DOLLARS = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
});

/** An amount in USD. */
const usdWords = (amount: number): string => DOLLARS.format(amount);

/** What work cost, and how many requests of it have no known price, such as `$0.12 and 3 requests without a known price`. */
export const costWords = ({ costUsd, unpriced }: { costUsd: number; unpriced: number }): string =>
  unpriced === 0
    ? usdWords(costUsd)
    : `${usdWords(costUsd)} and ${unpriced} ${unpriced === 1 ? "request" : "requests"} without a known price`;

const STATUS: Record<CampaignStatus, readonly [word: string, look: string]> = {
  active: ["Running", "live"],
  paused: ["Paused", "warn"],
  completed: ["Done", "ok"],
  ended: ["Ended", "plain"],
};

/** What a campaign is doing. */
export const CampaignBadge = ({ campaign }: { campaign: Campaign }) => {
  const [word, look] =
    campaign.status === "ended" && campaign.endReason === "undone" ? ["Taken back", "plain"] : STATUS[campaign.status];
  return <span class={`badge ${look}`}>{word}</span>;
};

/** Contacts for which nothing more is to be done. */
export const contactsDone = ({ completed, failed, cancelled }: CampaignProgress): number =>
  completed + failed + cancelled;

/** How many contacts are through, as a bar and in words. */
export const ProgressBar = ({ progress }: { progress: CampaignProgress }) => {
  const done = contactsDone(progress);
  return (
    <>
      <progress class="progress" max={Math.max(1, progress.contacts)} value={done} aria-label="Contacts done">
        {done} of {progress.contacts}
      </progress>
      <small class="muted num">
        {done} of {progress.contacts} done, {progress.completed} reached
      </small>
    </>
  );
};

interface Action {
  verb: "pause" | "resume" | "end" | "undo";
  label: string;
  look: string;
  ask?: string;
}

const Steer = ({ campaign, action }: { campaign: Campaign; action: Action }) => (
  <form
    method="post"
    action={`/campaigns/${campaign.id}/${action.verb}`}
    hx-disable="find button"
    {...(action.ask ? { class: "danger", "hx-confirm": action.ask, "data-confirm-label": action.label } : {})}
  >
    <button type="submit" class={`btn ${action.look}`}>
      {action.label}
    </button>
  </form>
);

const staysUncalled = (count: number): string =>
  count === 0 ? "Nobody else waits" : count === 1 ? "1 contact stays uncalled" : `${count} contacts stay uncalled`;

const actionsFor = ({ campaign, progress }: CampaignPicture, now: number): Action[] => {
  if (campaign.status !== "active" && campaign.status !== "paused") return [];
  if (campaign.undoUntil !== null && now < campaign.undoUntil) {
    const left = Math.ceil((campaign.undoUntil - now) / 1000);
    return [{ verb: "undo", label: `Undo (${left} s)`, look: "primary" }];
  }
  const uncalled = progress.waiting + progress.retrying + progress.onHold;
  const end: Action = {
    verb: "end",
    label: "End",
    look: "danger",
    ask: `End this campaign? ${staysUncalled(uncalled)}; calls under way finish.`,
  };
  return campaign.status === "paused"
    ? [{ verb: "resume", label: "Resume", look: "primary" }, end]
    : [{ verb: "pause", label: "Pause", look: "" }, end];
};

/** Name, state and what can be done about it; `#campaign-head` follows the campaign. */
export const CampaignHead = ({ picture, now }: { picture: CampaignPicture; now: number }) => {
  const { campaign, hasReport } = picture;
  return (
    <div id="campaign-head" class="page-head">
      <h1 tabindex={-1}>{campaign.title}</h1>
      <CampaignBadge campaign={campaign} />
      <div class="actions">
        {hasReport ? (
          <a class="btn primary" href={`/reports/${campaign.id}`}>
            <Icon name="list" /> Read the report
          </a>
        ) : null}
        {actionsFor(picture, now).map((action) => (
          <Steer campaign={campaign} action={action} />
        ))}
      </div>
      <p class="lede">
        {campaign.question || campaign.plan.master_agent_prompt.slice(0, 300)}
        {campaign.status === "paused" ? " Paused: nobody new is called." : ""}
      </p>
    </div>
  );
};

/** Figures of a campaign at a glance; `#campaign-figures` follows it. */
export const CampaignFigures = ({ picture }: { picture: CampaignPicture }) => {
  const { campaign, progress, spent } = picture;
  return (
    <div id="campaign-figures" class="stack">
      <div class="tiles">
        <div class={progress.completed > 0 ? "tile ok" : "tile"}>
          <b>{progress.completed}</b>
          <span>Reached</span>
        </div>
        <div class={progress.calling > 0 ? "tile live" : "tile"}>
          <b>{progress.calling}</b>
          <span>Calling now</span>
        </div>
        <div class="tile">
          <b>{progress.waiting + progress.retrying}</b>
          <span>To be called</span>
          {progress.retrying > 0 ? <small>{progress.retrying} of them again</small> : null}
        </div>
        <div class="tile">
          <b>{progress.failed}</b>
          <span>Not reached</span>
        </div>
      </div>
      {progress.onHold > 0 ? (
        <p class="banner warn" role="status">
          {progress.onHold === 1 ? "1 contact is" : `${progress.onHold} contacts are`} on hold, until a person decides.
        </p>
      ) : null}
      <ProgressBar progress={progress} />
      <p class="small muted">
        {spent.calls} {spent.calls === 1 ? "call" : "calls"}, <Span ms={spent.talkMs} /> of talk, {costWords(spent)} ·
        confirmed <Instant at={campaign.createdAt} /> · up to {campaign.plan.max_attempts}{" "}
        {campaign.plan.max_attempts === 1 ? "try" : "tries"} each
      </p>
    </div>
  );
};
