import type { Context, Hono } from "hono";
import { newId } from "../../core/ids.ts";
import type { AppParts } from "../app-parts.ts";
import { badRowWords } from "../bad-row-words.ts";
import { Icon } from "../components/icon.tsx";
import { type DndList, dndCsv, MAX_DND_ROWS, readDndList } from "../dnd-csv.ts";
import { listText } from "../list-text.ts";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** What came of a list, kept for its owner to look at. */
interface Outcome extends Pick<DndList, "bad" | "doubles" | "isCut"> {
  tenantId: string;
  added: number;
  known: number;
  at: number;
}

/** Outcomes kept at once; the oldest is forgotten. */
const MAX_OUTCOMES = 20;
const OUTCOME_MS = 60 * 60_000;
/** Bad rows shown; the file has all. */
const SHOWN = 10;
const MAX_REASON = 300;

const ImportForm = (props: { problem: string | null }) => (
  <form
    class="form card-body"
    method="post"
    action="/dnd/imports"
    enctype="multipart/form-data"
    hx-encoding="multipart/form-data"
    hx-disable="find button"
    {...{ "hx-status:422": "target:#page select:#page swap:outerMorph" }}
  >
    {props.problem === null ? null : (
      <p class="banner bad" role="alert">
        {props.problem}
      </p>
    )}
    <div class="field full">
      <label for="file">CSV file</label>
      <input id="file" name="file" type="file" accept=".csv,.txt,.tsv,text/csv,text/plain" required autofocus />
      <p class="hint">
        One number in each row, in a column “phone”; a column “reason” is taken too. At most {MAX_DND_ROWS} rows.
      </p>
    </div>
    <div class="field">
      <label for="reason">Reason where the list gives none</label>
      <input id="reason" name="reason" maxlength={MAX_REASON} placeholder="From a list" />
    </div>
    <div class="field">
      <label for="country">Country of numbers without a code</label>
      <input id="country" name="country" value="US" maxlength={2} pattern="[A-Za-z]{2}" required />
    </div>
    <div class="form-end">
      <button type="submit" class="btn primary">
        Add them to the list
      </button>
      <a class="btn" href="/dnd">
        Back
      </a>
    </div>
  </form>
);

const Result = ({ outcome, id }: { outcome: Outcome; id: string }) => (
  <>
    <dl class="facts card-body">
      <dt>Added</dt>
      <dd>{outcome.added}</dd>
      <dt>On the list already</dt>
      <dd>{outcome.known}</dd>
      <dt>Twice in the file</dt>
      <dd>{outcome.doubles}</dd>
      <dt>Bad rows</dt>
      <dd>
        {outcome.bad?.rows.length ?? 0}
        {outcome.bad === null ? null : (
          <>
            {" "}
            <a class="btn small" href={`/dnd/imports/${id}/bad.csv`} download="bad-rows.csv" hx-boost="false">
              <Icon name="download" /> Download them with reasons
            </a>
          </>
        )}
      </dd>
    </dl>
    {outcome.isCut ? (
      <p class="banner warn" role="status">
        The file is longer: only its first {MAX_DND_ROWS} rows were read. Upload the rest as another file.
      </p>
    ) : null}
    {outcome.bad === null ? null : (
      <div class="table-wrap" hx-ignore="">
        <table class="table">
          <caption class="vh">First bad rows</caption>
          <tbody>
            {outcome.bad.rows.slice(0, SHOWN).map((row) => (
              <tr>
                <td>
                  Row {row.row}: {row.cells.filter(Boolean).join(", ").slice(0, 160)}
                  <small>{badRowWords(row)}</small>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
    <p class="card-foot">
      <a class="btn primary" href="/dnd" autofocus>
        Back to the list
      </a>
    </p>
  </>
);

/** The do-not-call list from and to files. */
export const dndImportRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store, clock } = parts;
  const outcomes = new Map<string, Outcome>();

  const outcomeOf = (c: Context<ServerEnv>): Outcome => {
    const outcome = outcomes.get(c.req.param("id") ?? "");
    const isKept = outcome?.tenantId === c.get("actor").tenantId && outcome.at >= clock.now() - OUTCOME_MS;
    if (outcome === undefined || !isKept) {
      throw new Problem("not-found", { detail: "What came of this file is not kept any more." });
    }
    return outcome;
  };
  const upload = (c: Context<ServerEnv>, problem: string | null): Promise<Response> =>
    renderPage(
      c,
      { title: "Import numbers", path: "/dnd", status: problem === null ? 200 : 422 },
      <>
        <header class="page-head">
          <h1>Import numbers not to call</h1>
        </header>
        <section class="card">
          <ImportForm problem={problem} />
        </section>
      </>,
    );

  app.get("/dnd/export.csv", (c) =>
    c.body(dndCsv(store.dnd, c.get("actor").tenantId), 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="do-not-call.csv"',
    }),
  );
  app.get("/dnd/import", (c) => upload(c, null));

  app.post("/dnd/imports", async (c) => {
    const { tenantId } = c.get("actor");
    let text: string | null = "";
    let form: FormData;
    try {
      form = await c.req.formData();
      const file = form.get("file");
      text = file instanceof File ? listText(await file.bytes()) : "";
    } catch {
      throw new Problem("malformed-body", { fix: "Send the form complete." });
    }
    const refuse = (why: string): Promise<Response> => {
      c.header("HX-Push-Url", "false");
      return upload(c, why);
    };
    const field = (name: string): string => {
      const value = form.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    const country = field("country").toUpperCase() || "US";
    const reason = field("reason") || "From a list";
    if (!/^[A-Z]{2}$/.test(country)) return refuse("The country has two letters, such as US.");
    if (reason.length > MAX_REASON) return refuse(`The reason is too long: at most ${MAX_REASON} characters.`);
    if (text === null) return refuse("This is no text file. Save it as CSV.");
    if (text.trim() === "") return refuse("Choose a file with numbers.");
    const list = readDndList(text, { country, reason });
    if (list === null) return refuse("No column of this file has phone numbers. Name it “phone” in the first row.");
    const { entries, bad, doubles, isCut } = list;
    const added = await store.dnd.addAll(tenantId, entries);
    if (outcomes.size >= MAX_OUTCOMES) outcomes.delete(outcomes.keys().next().value ?? "");
    const id = newId("req", clock.now());
    outcomes.set(id, { tenantId, added, known: entries.length - added, bad, doubles, isCut, at: clock.now() });
    return c.redirect(`/dnd/imports/${id}`, 303);
  });

  app.get("/dnd/imports/:id", async (c) =>
    renderPage(
      c,
      { title: "Numbers imported", path: "/dnd" },
      <>
        <header class="page-head">
          <h1>Numbers imported</h1>
        </header>
        <section class="card">
          <Result outcome={outcomeOf(c)} id={c.req.param("id")} />
        </section>
      </>,
    ),
  );
  app.get("/dnd/imports/:id/bad.csv", (c) =>
    c.body(outcomeOf(c).bad?.csv ?? "", 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="bad-rows.csv"',
    }),
  );
};
