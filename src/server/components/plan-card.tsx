import type { CampaignPlan, PlanContact } from "../../core/campaign-plan.ts";
import type { ConversationStage } from "../../core/conversation.ts";
import { factText, PLAN_FACTS, type PlanFact } from "../plan-facts.ts";
import { Field } from "./field.tsx";
import { Icon } from "./icon.tsx";

/** Contacts drawn on the card; the rest is counted. */
const MAX_SHOWN = 50;

const FORM_422 = { "hx-status:422": "target:#page select:#page swap:outerMorph" };

const EMPTY: Partial<Record<PlanFact, string>> = {
  question: "The title says it",
  organization: "Nobody named",
  agent_name: "An AI assistant",
  language: "English",
  not_before: "As soon as allowed",
  not_after: "No end",
  window: "The usual hours",
  days: "Every day",
};
const HINTS: Partial<Record<PlanFact, string>> = {
  not_before: "On the contact's clock, such as 2026-06-11T15:00. Empty: as soon as allowed.",
  not_after: "On the contact's clock, such as 2026-06-12T18:00. Empty: no end.",
  window: "Such as 09:00-17:30, on the contact's clock.",
  days: "Such as mon, tue, fri.",
  language: "Such as en or pt-BR.",
};
const LONGEST: Partial<Record<PlanFact, number>> = { title: 200, question: 1000, master_agent_prompt: 16_000 };

const Edit = ({ id, children, what }: { id: string; children: unknown; what: string }) => (
  <details id={id}>
    <summary class="btn small quiet">
      Edit<span class="vh"> {what}</span>
    </summary>
    {children as never}
  </details>
);

const Fact = ({ id, plan, fact, isOpen }: { id: string; plan: CampaignPlan; fact: PlanFact; isOpen: boolean }) => {
  const text = factText(plan, fact);
  return (
    <>
      <dt>{PLAN_FACTS[fact]}</dt>
      <dd class="editable">
        <span class="pre">{text || <span class="muted">{EMPTY[fact] ?? "Not said"}</span>}</span>
        {isOpen ? (
          <Edit id={`edit-${fact}`} what={PLAN_FACTS[fact].toLowerCase()}>
            <form class="form" method="post" action={`/plan/${id}/facts`} novalidate {...FORM_422}>
              <input type="hidden" name="fact" value={fact} />
              <Field
                name="value"
                idPrefix={fact}
                label={PLAN_FACTS[fact]}
                values={{ value: text }}
                problems={[]}
                maxLength={LONGEST[fact] ?? 200}
                {...(HINTS[fact] ? { hint: HINTS[fact] } : {})}
                {...(fact === "master_agent_prompt" ? { lines: 6 } : {})}
              />
              <button type="submit" class="btn small primary">
                Save
              </button>
            </form>
          </Edit>
        ) : null}
      </dd>
    </>
  );
};

const when = (iso: string): string => {
  const at = Date.parse(iso);
  return Number.isNaN(at)
    ? iso
    : new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(at);
};

const isLink = (ref: string): boolean => /^https?:\/\//.test(ref) && URL.canParse(ref);

/** Where a number comes from, in words; a link only to the web. */
export const SourceWords = ({ source }: { source: PlanContact["source"] }) => {
  const { kind, ref = "", at } = source;
  if (kind === "user") return <small>You gave the number</small>;
  if (kind === "csv") return <small>From your list{ref === "" ? "" : `, ${ref}`}</small>;
  if (ref.startsWith("demo-")) return <small>Demo data, belongs to nobody</small>;
  return (
    <small>
      {kind === "places" ? "Google Places" : "Found on the internet"}, {when(at)}
      {isLink(ref) ? (
        <>
          {" "}
          <a href={ref} rel="noreferrer noopener" target="_blank">
            source
          </a>
        </>
      ) : ref === "" ? null : (
        <span class="muted"> · {ref}</span>
      )}
    </small>
  );
};

const ContactLine = (props: { id: string; contact: PlanContact; index: number; isOpen: boolean }) => {
  const { id, contact, index, isOpen } = props;
  const values = {
    name: contact.name,
    phone: contact.phone,
    timezone: contact.timezone ?? "",
    context: contact.context ?? "",
  };
  const field = { values, problems: [], idPrefix: `c${index}` };
  return (
    <tr id={`contact-${index}`}>
      <td>
        <div class="editable">
          <div hx-ignore="">
            <b>{contact.name || "No name"}</b> <span class="num nowrap">{contact.phone}</span>
            <SourceWords source={contact.source} />
            {contact.context ? <small>{contact.context}</small> : null}
          </div>
          {isOpen ? (
            <Edit id={`edit-contact-${index}`} what={contact.name || `contact ${index + 1}`}>
              <form class="form" method="post" action={`/plan/${id}/contacts/${index}`} novalidate {...FORM_422}>
                <Field name="name" label="Name" maxLength={200} {...field} />
                <Field name="phone" label="Phone number" type="tel" maxLength={40} {...field} />
                <Field name="timezone" label="Time zone" placeholder="Europe/Berlin" maxLength={60} {...field} />
                <Field name="context" label="What the agent should know" lines={2} maxLength={4000} {...field} />
                <div class="cluster">
                  <button type="submit" class="btn small primary">
                    Save
                  </button>
                  <button type="submit" class="btn small quiet" name="remove" value="yes">
                    Do not call
                  </button>
                </div>
              </form>
            </Edit>
          ) : null}
        </div>
      </td>
    </tr>
  );
};

/** The plan as it stands: the truth of the conversation, each fact with Edit. */
export const PlanCard = (props: {
  id: string;
  plan: CampaignPlan | null;
  stage: ConversationStage;
  campaignId: string | null;
  isBusy: boolean;
}) => {
  const { id, plan, stage, isBusy } = props;
  const isOpen = stage !== "scheduled" && !isBusy;
  return (
    <section class="card" id="plan-card" aria-labelledby="plan-card-title">
      <header class="card-head">
        <h2 id="plan-card-title">The plan</h2>
        {stage === "scheduled" ? (
          <span class="badge ok">Scheduled</span>
        ) : plan === null ? null : stage === "plan_complete" ? (
          <span class="badge info">Ready</span>
        ) : (
          <span class="badge warn">Being changed</span>
        )}
      </header>
      <div class="card-body cluster">
        {stage === "scheduled" && props.campaignId ? (
          <a class="btn primary" href={`/campaigns/${props.campaignId}`}>
            See the calls
          </a>
        ) : null}
        {plan !== null && isOpen && stage === "plan_complete" ? (
          <a class="btn primary" href={`/plan/${id}/confirm`}>
            <Icon name="check" /> Review and confirm
          </a>
        ) : null}
        {isOpen ? (
          <a class="btn" href={`/plan/${id}/import`}>
            Add contacts from a list
          </a>
        ) : null}
      </div>
      {plan === null ? (
        <div class="empty">
          <Icon name="list" />
          <p>It appears here once everything is known. You confirm it before anybody is called.</p>
        </div>
      ) : (
        <>
          <div class="table-wrap">
            <table class="table">
              <caption class="vh">Who is called</caption>
              <thead>
                <tr>
                  <th scope="col">{plan.contacts.length === 1 ? "One contact" : `${plan.contacts.length} contacts`}</th>
                </tr>
              </thead>
              <tbody>
                {plan.contacts.slice(0, MAX_SHOWN).map((contact, index) => (
                  <ContactLine id={id} contact={contact} index={index} isOpen={isOpen} />
                ))}
                {plan.contacts.length > MAX_SHOWN ? (
                  <tr>
                    <td class="muted">and {plan.contacts.length - MAX_SHOWN} more</td>
                  </tr>
                ) : null}
              </tbody>
            </table>
          </div>
          <dl class="facts card-body">
            {(Object.keys(PLAN_FACTS) as PlanFact[]).map((fact) => (
              <Fact id={id} plan={plan} fact={fact} isOpen={isOpen} />
            ))}
          </dl>
        </>
      )}
    </section>
  );
};
