import type { Context, Hono } from "hono";
import { z } from "zod";
import { parsePhone } from "../../core/phone.ts";
import type { DndEntry } from "../../core/store/dnd.ts";
import type { AppParts } from "../app-parts.ts";
import { Field, type FormProblems, type FormValues } from "../components/field.tsx";
import { Icon } from "../components/icon.tsx";
import { Instant } from "../components/instant.tsx";
import { Pager } from "../components/pager.tsx";
import { phoneSentence } from "../phone-words.ts";
import { type FieldProblem, Problem } from "../problem.ts";
import { fieldProblems, formBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Entries on a page. */
const PAGE = 50;

const reason = z.string().trim().min(1, "Say why.").max(300, "At most 300 characters.");
const Addition = z.object({ phone: z.string().trim().max(32, "At most 32 characters."), reason });
const Removal = z.object({ phone: z.string().trim().max(32), reason });

const FORM_422 = { "hx-status:422": "target:#page select:#page swap:outerMorph" };

/** Where an entry came from, in a word; of a word that is not known, the word itself. */
const SOURCE_WORDS: Record<string, string> = { user: "Added here", import: "Imported", callee: "Asked in a call" };

const EntryRow = ({ entry }: { entry: DndEntry }) => (
  <tr id={`dnd-${entry.id}`}>
    <td class="num nowrap">{entry.phone}</td>
    <td>{entry.reason}</td>
    <td class="hide-s">{entry.tenantId === null ? "For everybody" : (SOURCE_WORDS[entry.source] ?? entry.source)}</td>
    <td class="hide-s">
      <Instant at={entry.createdAt} />
    </td>
    <td class="end">
      {entry.tenantId === null ? (
        <span class="muted small">Cannot be removed</span>
      ) : (
        <details>
          <summary class="btn small quiet">Remove…</summary>
          <form class="form" method="post" action="/dnd/removals" {...FORM_422}>
            <input type="hidden" name="phone" value={entry.phone} />
            <Field
              name="reason"
              idPrefix={entry.id}
              label="Why may it be called again?"
              required
              maxLength={300}
              values={{}}
              problems={[]}
            />
            <button type="submit" class="btn small danger">
              Remove
            </button>
          </form>
        </details>
      )}
    </td>
  </tr>
);

/** What a check of a number found, as a banner. */
const Checked = ({ text, isListed }: { text: string; isListed: boolean | null }) => (
  <p class={`banner ${isListed === null ? "warn" : isListed ? "bad" : "info"}`} role="status">
    {isListed === null
      ? `“${text}” is not a number that could be called.`
      : isListed
        ? `${text} is on the list and is never called.`
        : `${text} is not on the list.`}
  </p>
);

/** The do-not-call list: read, check, add, remove with a reason. */
export const dndRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const show = async (
    c: Context<ServerEnv>,
    form: { values: FormValues; problems: FormProblems; status: 200 | 422 },
  ): Promise<Response> => {
    const { tenantId } = c.get("actor");
    const before = (c.req.query("before") ?? "").slice(0, 60);
    const check = (c.req.query("check") ?? "").trim().slice(0, 32);
    const found = await parts.store.dnd.list(tenantId, { limit: PAGE + 1, ...(before ? { before } : {}) });
    const entries = found.slice(0, PAGE);
    const phone = check === "" ? null : parsePhone(check);
    const isListed = phone?.ok ? await parts.store.dnd.has(tenantId, phone.e164) : null;
    return renderPage(
      c,
      { title: "Do not call", status: form.status },
      <>
        <header class="page-head">
          <h1>Do not call</h1>
          <p class="lede">
            Numbers on this list are never dialed, whoever asks. It is looked at before every call; whoever says “stop
            calling me” belongs on it.
          </p>
          <p class="cluster">
            <a class="btn" href="/dnd/import">
              Import a file
            </a>
            <a class="btn" href="/dnd/export.csv" download="do-not-call.csv" hx-boost="false">
              <Icon name="download" /> Export as CSV
            </a>
          </p>
        </header>
        {phone === null ? null : <Checked text={phone.ok ? phone.e164 : check} isListed={isListed} />}
        <div class="cols">
          <section class="card">
            <header class="card-head">
              <h2>Numbers</h2>
              <search class="end">
                <form class="search-line" method="get" action="/dnd">
                  <label class="vh" for="check">
                    Check a number
                  </label>
                  <input id="check" name="check" type="tel" maxlength={32} placeholder="Check a number" value={check} />
                  <button type="submit" class="btn">
                    <Icon name="search" /> Check
                  </button>
                </form>
              </search>
            </header>
            {entries.length === 0 ? (
              <div class="empty">
                <Icon name="check" />
                <h3>The list is empty</h3>
                <p>Add the numbers of people who do not want to be called.</p>
              </div>
            ) : (
              <div class="table-wrap">
                <table class="table top-aligned">
                  <caption class="vh">Numbers that are never called, newest first</caption>
                  <thead>
                    <tr>
                      <th scope="col">Number</th>
                      <th scope="col">Reason</th>
                      <th scope="col" class="hide-s">
                        Source
                      </th>
                      <th scope="col" class="hide-s">
                        Since
                      </th>
                      <th scope="col" class="end">
                        <span class="vh">Action</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {entries.map((entry) => (
                      <EntryRow entry={entry} />
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            <Pager path="/dnd" query={{}} before={found.length > PAGE ? (entries.at(-1)?.id ?? null) : null} />
          </section>
          <section class="card">
            <header class="card-head">
              <h2>Add a number</h2>
            </header>
            <form id="dnd-form" class="form card-body" method="post" action="/dnd" novalidate {...FORM_422}>
              <Field
                name="phone"
                label="Phone number"
                type="tel"
                placeholder="+12025550100"
                required
                maxLength={32}
                values={form.values}
                problems={form.problems}
              />
              <Field
                name="reason"
                label="Reason"
                placeholder="Asked not to be called"
                required
                maxLength={300}
                values={form.values}
                problems={form.problems}
              />
              <div class="form-end">
                <button type="submit" class="btn primary">
                  Add to the list
                </button>
              </div>
            </form>
          </section>
        </div>
      </>,
    );
  };

  app.get("/dnd", (c) => show(c, { values: {}, problems: [], status: 200 }));

  app.post("/dnd", async (c) => {
    const values = await formBody(c);
    const read = Addition.safeParse(values, { reportInput: true });
    const problems: FieldProblem[] = read.success ? [] : fieldProblems(read.error);
    const phone = parsePhone((values.phone ?? "").slice(0, 64));
    // Emergency and premium numbers are never called anyway; everything readable may be listed.
    if (!phone.ok && !problems.some((one) => one.field === "phone")) {
      problems.unshift({ field: "phone", message: phoneSentence(phone.reason) });
    }
    if (problems.length > 0 || !read.success || !phone.ok) {
      c.header("HX-Push-Url", "false");
      return show(c, { values, problems, status: 422 });
    }
    await parts.store.dnd.add(c.get("actor").tenantId, {
      phone: phone.e164,
      reason: read.data.reason,
      source: "user",
    });
    return c.redirect("/dnd", 303);
  });

  app.post("/dnd/removals", async (c) => {
    const read = Removal.safeParse(await formBody(c), { reportInput: true });
    if (!read.success) throw new Problem("invalid-request", { errors: fieldProblems(read.error) });
    const removed = await parts.store.dnd.remove(c.get("actor").tenantId, read.data.phone, read.data.reason);
    if (!removed.ok) throw new Problem("not-on-list");
    return c.redirect("/dnd", 303);
  });
};
