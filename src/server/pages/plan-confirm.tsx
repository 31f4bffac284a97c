import type { Context, Hono } from "hono";
import type { CampaignPlan } from "../../core/campaign-plan.ts";
import { windowState } from "../../core/dialing-window.ts";
import type { AppParts } from "../app-parts.ts";
import { Icon } from "../components/icon.tsx";
import { SourceWords } from "../components/plan-card.tsx";
import {
  type ContactForecast,
  type CostForecast,
  forecastContacts,
  forecastCost,
  LIKELY_MINUTES,
} from "../plan-forecast.ts";
import { confirmationKey, openPlan, type Planning, planRefused, UNDO_MS } from "../planning.ts";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Contacts drawn one by one; the rest is counted. */
const MAX_SHOWN = 200;

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

const usd = (amount: number): string => `$${amount.toFixed(2)}`;

const When = ({ forecast, zone, now }: { forecast: ContactForecast; zone: string; now: number }) => {
  const { at } = forecast;
  if (forecast.isListed) return <span class="badge bad">On the do-not-call list: is not called</span>;
  if (forecast.needsZone) {
    return (
      <span class="badge warn">Its time zone is not known: add it to the contact, else the call waits for you</span>
    );
  }
  if (at === null) return <span class="badge bad">The plan leaves no time for this call</span>;
  return (
    <>
      <b>{at <= now ? "At once" : timeIn(at, forecast.zone ?? zone)}</b>
      <small>
        {forecast.zone === null
          ? "Zone not known: all zones of the country must allow it"
          : `Theirs: ${timeIn(at, forecast.zone)} (${forecast.zone})`}
      </small>
      <small>
        Yours: {timeIn(at, zone)}
        {zone === "UTC" ? null : ` (${zone})`}
      </small>
    </>
  );
};

const Cost = ({ cost, isFree }: { cost: CostForecast | null; isFree: boolean }) =>
  isFree ? (
    <>Nothing: the calls are played by OpenDeep itself.</>
  ) : cost === null ? (
    <>Not known: this voice has no known price. The carrier may charge for each minute.</>
  ) : (
    <>
      About {usd(cost.likely)} when everybody answers the first call, at most about {usd(cost.most)} with all tries, if
      a call takes {LIKELY_MINUTES} minutes. What the carrier charges comes on top.
    </>
  );

const Sentence = ({ plan, from }: { plan: CampaignPlan; from: string | null }) => {
  const names = plan.contacts.slice(0, 3).map((one) => one.name || one.phone);
  const more = plan.contacts.length - names.length;
  const whom = more > 0 ? `${names.join(", ")} and ${more} more` : names.join(names.length === 2 ? " and " : ", ");
  return (
    <p class="lede">
      {plan.agent_name || "An AI assistant"} calls <b>{whom}</b>
      {plan.organization ? ` on behalf of ${plan.organization}` : ""}, from {from ?? "the number of your trunk"}, up to{" "}
      {plan.max_attempts} {plan.max_attempts === 1 ? "time" : "times"} each.
    </p>
  );
};

/** What confirming a plan will do, and confirming it. */
export const planConfirmRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store, clock } = parts;
  const planning: Planning = parts.planning;
  const isScripted = parts.carrier.kind === "scripted";

  const ready = async (c: Context<ServerEnv>) => {
    const { conversation } = await openPlan(parts, c.get("actor"), c.req.param("id") ?? "");
    const { plan, stage } = conversation;
    if (plan === null || (stage !== "plan_complete" && stage !== "scheduled")) {
      throw new Problem("plan-state", {
        detail: "There is no finished plan to confirm.",
        fix: "Go on with the conversation until the plan is ready.",
      });
    }
    // What is being changed is not what was meant to be confirmed.
    if (planning.planner.running(conversation.id) !== null) throw planRefused("busy");
    return { conversation, plan };
  };

  app.get("/plan/:id/confirm", async (c) => {
    const { conversation, plan } = await ready(c);
    const { id, stage, campaignId } = conversation;
    if (stage === "scheduled" && campaignId !== null) return c.redirect(`/campaigns/${campaignId}`, 302);
    const { tenantId } = c.get("actor");
    const now = clock.now();
    const isListed = new Set<string>();
    for (const { phone } of plan.contacts) if (await store.dnd.has(tenantId, phone)) isListed.add(phone);
    const forecasts = forecastContacts(plan, { nowMs: now, hours: planning.hours, isListed });
    const callable = forecasts.filter((one) => !one.isListed && one.at !== null).length;
    const { open } = windowState({ nowMs: now, zone: planning.zone, ...planning.hours.window });
    return renderPage(
      c,
      { title: "Confirm the plan", path: "/plan" },
      <>
        <header class="page-head">
          <h1>Confirm the plan</h1>
          <Sentence plan={plan} from={isScripted ? "the demo phone network" : planning.from} />
        </header>
        <div class="cols">
          <section class="card">
            <header class="card-head">
              <h2>Who is called, and when</h2>
            </header>
            <div class="table-wrap">
              <table class="table">
                <caption class="vh">Contacts of the plan with their first call</caption>
                <thead>
                  <tr>
                    <th scope="col">Who</th>
                    <th scope="col">First call</th>
                  </tr>
                </thead>
                <tbody>
                  {forecasts.slice(0, MAX_SHOWN).map((forecast) => (
                    <tr>
                      <td>
                        <b>{forecast.contact.name || "No name"}</b>{" "}
                        <span class="num nowrap">{forecast.contact.phone}</span>
                        <SourceWords source={forecast.contact.source} />
                      </td>
                      <td>
                        <When forecast={forecast} zone={planning.zone} now={now} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {forecasts.length > MAX_SHOWN ? (
              <p class="card-foot muted">and {forecasts.length - MAX_SHOWN} more</p>
            ) : null}
          </section>
          <section class="card">
            <header class="card-head">
              <h2>How</h2>
            </header>
            <dl class="facts card-body">
              <dt>What the agent does</dt>
              <dd class="pre" hx-ignore="">
                {plan.master_agent_prompt}
              </dd>
              <dt>Says first</dt>
              <dd>That it is an AI, and for whom it calls.</dd>
              <dt>May not</dt>
              <dd>Claim to be human, invent facts, or call again who asks not to be called.</dd>
              <dt>Tries</dt>
              <dd>
                At most {plan.max_attempts} each, {plan.max_attempts * plan.contacts.length} calls in all
              </dd>
              <dt>May cost</dt>
              <dd>
                <Cost
                  cost={forecastCost(plan, planning.usdPerMinute)}
                  isFree={isScripted && parts.voice === "scripted"}
                />
              </dd>
              <dt>Calling hours</dt>
              <dd>
                {open ? "Looked at again before each call." : "Closed now where you are; each call waits for its own."}
              </dd>
            </dl>
            {callable === 0 ? (
              <p class="banner bad" role="alert">
                Nobody on this plan can be called. Change it first.
              </p>
            ) : null}
            <form class="card-foot cluster" method="post" action={`/plan/${id}/confirm`} hx-disable="find button">
              <input type="hidden" name="key" value={confirmationKey(conversation)} />
              {callable === 0 ? null : (
                <button type="submit" class="btn primary" autofocus>
                  <Icon name="check" /> Confirm and schedule
                </button>
              )}
              <a class="btn" href={`/plan/${id}`}>
                Back to the plan
              </a>
            </form>
            <p class="card-foot small muted">You can take it back for {UNDO_MS / 1000} seconds.</p>
          </section>
        </div>
      </>,
    );
  });

  app.post("/plan/:id/confirm", async (c) => {
    const { conversation, plan } = await ready(c);
    const { tenantId, userId } = c.get("actor");
    const { key } = await c.req.parseBody();
    if (conversation.campaignId !== null && conversation.stage === "scheduled") {
      return c.redirect(`/campaigns/${conversation.campaignId}`, 303);
    }
    // What is scheduled is what was shown.
    if (key !== undefined && key !== confirmationKey(conversation)) {
      throw new Problem("plan-state", { detail: "The plan has changed since it was shown.", fix: "Look at it again." });
    }
    const { campaign } = await planning.schedule(tenantId, {
      plan,
      userId,
      conversationId: conversation.id,
      idempotencyKey: confirmationKey(conversation),
    });
    parts.scheduler.kick();
    return c.redirect(`/campaigns/${campaign.id}`, 303);
  });
};
