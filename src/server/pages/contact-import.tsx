import type { Context, Hono } from "hono";
import { z } from "zod";
import {
  badRowsCsv,
  type ContactColumn,
  type ContactTable,
  type ListedContact,
  MAX_CONTACT_ROWS,
  readContacts,
  readContactTable,
} from "../../agents/contact-list.ts";
import { listedOf } from "../../agents/planner.ts";
import { listedContact } from "../../agents/planner-turn.ts";
import { newId } from "../../core/ids.ts";
import type { AppParts } from "../app-parts.ts";
import { badRowWords } from "../bad-row-words.ts";
import { Icon } from "../components/icon.tsx";
import { ImportSteps } from "../components/import-steps.tsx";
import { listText } from "../list-text.ts";
import { openPlan, planRefused } from "../planning.ts";
import { Problem } from "../problem.ts";
import { formBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** A list between its upload and its last step: nothing of it is stored until then. */
interface Draft {
  key: string;
  table: ContactTable;
  columns: ContactColumn[];
  country: string;
  at: number;
}

/** Lists kept at once; the oldest is forgotten, and its owner uploads again. */
const MAX_DRAFTS = 50;
const DRAFT_MS = 60 * 60_000;
/** Longest list, in characters. */
const MAX_TEXT = 400_000;
/** Rows shown of a list. */
const SHOWN = 8;

const COLUMN_WORDS: Record<ContactColumn, string> = {
  name: "Name",
  phone: "Phone number",
  context: "What the agent should know",
  timezone: "Time zone",
  skip: "Leave out",
};
const Column = z.enum(["name", "phone", "context", "timezone", "skip"]);
const COUNTRIES = ["US", "CA", "GB", "IE", "DE", "AT", "CH", "CZ", "SK", "PL", "FR", "ES", "IT", "NL", "IN", "AU"];

/** Contacts of a list, pasted or from a file, into a plan: upload, match columns, review, done. */
export const contactImportRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store, clock, planning } = parts;
  const drafts = new Map<string, Draft>();

  const draftOf = async (c: Context<ServerEnv>) => {
    const actor = c.get("actor");
    const { conversation, messages } = await openPlan(parts, actor, c.req.param("id") ?? "");
    const draft = drafts.get(`${actor.tenantId}/${conversation.id}/${c.req.param("draft")}`);
    if (!draft || draft.at < clock.now() - DRAFT_MS) {
      throw new Problem("not-found", { detail: "This list is not kept any more.", fix: "Upload it again." });
    }
    return { conversation, messages, draft, path: `/plan/${conversation.id}/import/${c.req.param("draft")}` };
  };

  const upload = async (c: Context<ServerEnv>, problem: string | null): Promise<Response> => {
    const { conversation } = await openPlan(parts, c.get("actor"), c.req.param("id") ?? "");
    return renderPage(
      c,
      { title: "Add contacts", path: "/plan", status: problem === null ? 200 : 422 },
      <ImportSteps planId={conversation.id} step={1}>
        <form
          class="form card-body"
          method="post"
          action={`/plan/${conversation.id}/import`}
          enctype="multipart/form-data"
          hx-encoding="multipart/form-data"
          {...{ "hx-status:422": "target:#page select:#page swap:outerMorph" }}
        >
          {problem === null ? null : (
            <p class="banner bad" role="alert">
              {problem}
            </p>
          )}
          <div class="field full">
            <label for="list">Paste your contacts</label>
            <textarea
              id="list"
              name="list"
              rows={8}
              maxlength={MAX_TEXT}
              placeholder={"name,phone,notes\nBright Smile Dental,+12025550130,new patients welcome"}
              aria-describedby="list-hint"
              autofocus
            />
            <p class="hint" id="list-hint">
              One contact in each line, from a spreadsheet or as CSV. At most {MAX_CONTACT_ROWS} rows.
            </p>
          </div>
          <div class="field full">
            <label for="file">Or choose a CSV file</label>
            <input id="file" name="file" type="file" accept=".csv,.txt,.tsv,text/csv,text/plain" />
          </div>
          <div class="form-end">
            <button type="submit" class="btn primary">
              Next: match the columns
            </button>
          </div>
        </form>
      </ImportSteps>,
    );
  };

  app.get("/plan/:id/import", (c) => upload(c, null));

  app.post("/plan/:id/import", async (c) => {
    const actor = c.get("actor");
    const { conversation } = await openPlan(parts, actor, c.req.param("id"));
    let text: string | null = "";
    try {
      const body = await c.req.formData();
      const file = body.get("file");
      const pasted = String(body.get("list") ?? "");
      text = listText(
        pasted.trim() === "" && file instanceof File ? await file.bytes() : new TextEncoder().encode(pasted),
      );
    } catch {
      throw new Problem("malformed-body", { fix: "Send the form complete." });
    }
    const refuse = (why: string): Promise<Response> => {
      c.header("HX-Push-Url", "false");
      return upload(c, why);
    };
    if (text === null) return refuse("This is no text file. Save it as CSV.");
    if (text.length > MAX_TEXT) return refuse(`The list is too long: at most ${MAX_TEXT} characters.`);
    const table = readContactTable(text);
    if (table.rows.length === 0) return refuse("Paste some contacts or choose a file.");
    for (const [name, one] of drafts) if (one.at < clock.now() - DRAFT_MS) drafts.delete(name);
    if (drafts.size >= MAX_DRAFTS) drafts.delete(drafts.keys().next().value ?? "");
    const key = newId("req", clock.now());
    drafts.set(`${actor.tenantId}/${conversation.id}/${key}`, {
      key,
      table,
      columns: table.guess,
      country: "US",
      at: clock.now(),
    });
    return c.redirect(`/plan/${conversation.id}/import/${key}`, 303);
  });

  app.get("/plan/:id/import/:draft", async (c) => {
    const { conversation, draft, path } = await draftOf(c);
    const { table } = draft;
    return renderPage(
      c,
      { title: "Match the columns", path: "/plan" },
      <ImportSteps planId={conversation.id} step={2}>
        <form class="form card-body" method="post" action={path}>
          <p>
            {table.rows.length} {table.rows.length === 1 ? "row" : "rows"}
            {table.isCut ? `; the list is longer, only the first ${MAX_CONTACT_ROWS} are taken` : ""}. Say what each
            column holds.
          </p>
          <div class="table-wrap">
            <table class="table">
              <caption class="vh">First rows of the list</caption>
              <thead>
                <tr>
                  {table.header.map((name, i) => (
                    <th scope="col">
                      <label for={`column-${i}`}>{name || `Column ${i + 1}`}</label>
                      <select id={`column-${i}`} name={`column.${i}`} {...(i === 0 ? { autofocus: true } : {})}>
                        {Column.options.map((option) => (
                          <option value={option} selected={draft.columns[i] === option}>
                            {COLUMN_WORDS[option]}
                          </option>
                        ))}
                      </select>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody hx-ignore="">
                {table.rows.slice(0, SHOWN).map((row) => (
                  <tr>
                    {row.map((cell) => (
                      <td>{cell}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <div class="field">
            <label for="country">Numbers without a country code are in</label>
            <select id="country" name="country">
              {COUNTRIES.map((code) => (
                <option value={code} selected={draft.country === code}>
                  {new Intl.DisplayNames(["en"], { type: "region" }).of(code)}
                </option>
              ))}
            </select>
          </div>
          <div class="form-end">
            <button type="submit" class="btn primary">
              Next: review
            </button>
          </div>
        </form>
      </ImportSteps>,
    );
  });

  app.post("/plan/:id/import/:draft", async (c) => {
    const { draft, path } = await draftOf(c);
    const values = await formBody(c);
    draft.columns = draft.table.header.map((_, i) => Column.catch("skip").parse(values[`column.${i}`]));
    draft.country = COUNTRIES.includes(values.country ?? "") ? (values.country ?? "US") : "US";
    return c.redirect(`${path}/review`, 303);
  });

  /** What would be added: new people, people who are on the plan's lists already, and who must not be called. */
  const sorted = async (c: Context<ServerEnv>) => {
    const open = await draftOf(c);
    const { tenantId } = c.get("actor");
    const { contacts, bad } = readContacts(open.draft.table, open.draft.columns, open.draft.country);
    const known = new Set([
      ...listedOf(open.messages).map(({ phone }) => phone),
      ...(open.conversation.plan?.contacts ?? []).map(({ phone }) => phone),
    ]);
    const fresh: ListedContact[] = [];
    const refused: ListedContact[] = [];
    let doubles = 0;
    for (const contact of contacts) {
      if (known.has(contact.phone)) doubles++;
      else if (await store.dnd.has(tenantId, contact.phone)) refused.push(contact);
      else fresh.push(contact);
    }
    return { ...open, fresh, refused, doubles, bad };
  };

  app.get("/plan/:id/import/:draft/review", async (c) => {
    const { conversation, path, fresh, refused, doubles, bad } = await sorted(c);
    const repaired = fresh.filter((one) => one.repaired).length;
    return renderPage(
      c,
      { title: "Review the contacts", path: "/plan" },
      <ImportSteps planId={conversation.id} step={3}>
        <dl class="facts card-body">
          <dt>New</dt>
          <dd>
            {fresh.length}
            {repaired > 0 ? `, ${repaired} of them with a number written out in full` : ""}
          </dd>
          <dt>On the plan already</dt>
          <dd>{doubles}</dd>
          <dt>On the do-not-call list</dt>
          <dd>{refused.length}</dd>
          <dt>Bad rows</dt>
          <dd>
            {bad.length}
            {bad.length > 0 ? (
              <>
                {" "}
                <a class="btn small" href={`${path}/bad.csv`} download="bad-rows.csv" hx-boost="false">
                  <Icon name="download" /> Download them with reasons
                </a>
              </>
            ) : null}
          </dd>
        </dl>
        <div class="table-wrap" hx-ignore="">
          <table class="table">
            <caption class="vh">First contacts and first bad rows</caption>
            <tbody>
              {fresh.slice(0, SHOWN).map((one) => (
                <tr>
                  <td>
                    <b>{one.name || "No name"}</b> <span class="num">{one.phone}</span>
                    {one.context === "" ? null : <small>{one.context}</small>}
                  </td>
                  <td class="end">
                    <span class="badge ok">New</span>
                  </td>
                </tr>
              ))}
              {bad.slice(0, SHOWN).map((row) => (
                <tr>
                  <td>
                    Row {row.row}: {row.cells.filter(Boolean).join(", ").slice(0, 160)}
                    <small>{badRowWords(row)}</small>
                  </td>
                  <td class="end">
                    <span class="badge bad">Bad</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <form class="card-foot cluster" method="post" action={`${path}/done`} hx-disable="find button">
          {fresh.length === 0 ? (
            <p class="grow">Nobody new is in this list.</p>
          ) : (
            <button type="submit" class="btn primary" autofocus>
              Add {fresh.length} {fresh.length === 1 ? "contact" : "contacts"}
            </button>
          )}
          <a class="btn" href={path}>
            Back to the columns
          </a>
        </form>
      </ImportSteps>,
    );
  });

  app.get("/plan/:id/import/:draft/bad.csv", async (c) => {
    const { draft, bad } = await sorted(c);
    return c.body(badRowsCsv(draft.table.header, bad, badRowWords), 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="bad-rows.csv"',
    });
  });

  app.post("/plan/:id/import/:draft/done", async (c) => {
    const { tenantId } = c.get("actor");
    const { conversation, draft, path, fresh } = await sorted(c);
    const { id, plan } = conversation;
    if (fresh.length === 0) return c.redirect(`${path}/review`, 303);
    if (plan !== null) {
      const contacts = [...plan.contacts, ...fresh.map((one) => listedContact(one, clock.now()))];
      const what = `You added ${fresh.length} contacts of a list.`;
      const edited = await planning.planner.edit(tenantId, id, { ...plan, contacts }, what);
      if (!edited.ok && edited.reason !== "bad-plan") throw planRefused(edited.reason);
      if (!edited.ok) {
        const detail = `Nobody was added. ${edited.problems.slice(0, 3).join(" ")}`;
        throw new Problem("plan-state", { detail, fix: "Change the plan, then add them again." });
      }
    }
    const added = await planning.planner.addContacts(tenantId, id, fresh);
    if (!added.ok) throw planRefused(added.reason);
    drafts.delete(`${tenantId}/${id}/${draft.key}`);
    return c.redirect(`/plan/${id}/imported/${fresh.length}`, 303);
  });

  app.get("/plan/:id/imported/:count{[0-9]{1,4}}", async (c) => {
    const { conversation } = await openPlan(parts, c.get("actor"), c.req.param("id"));
    const count = Number(c.req.param("count"));
    return renderPage(
      c,
      { title: "Contacts added", path: "/plan" },
      <ImportSteps planId={conversation.id} step={4}>
        <div class="empty">
          <Icon name="check" />
          <h2>
            {count} {count === 1 ? "contact was" : "contacts were"} added
          </h2>
          <p>
            {conversation.plan === null
              ? "Go on with the conversation: the plan will call them."
              : "They are on the plan now. Look it over and confirm."}
          </p>
          <a class="btn primary" href={`/plan/${conversation.id}`} autofocus>
            Back to the plan
          </a>
        </div>
      </ImportSteps>,
    );
  });
};
