import type { Context, Hono } from "hono";
import type { z } from "zod";
import { MAX_NOTES, MAX_TAGS, type Written } from "../../core/store/call-notes.ts";
import type { AppParts } from "../app-parts.ts";
import { callPanel, NoteForm as Note, TagForm as Tag } from "../call-panel.ts";
import type { PictureParts } from "../call-picture.ts";
import { NoteForm, NoteList, TagForm, TagList } from "../components/call-notes.tsx";
import { Problem } from "../problem.ts";
import { fieldProblems, formBody, jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";

const NO_CALL = "There is no such call.";

const isPart = (c: Context): boolean => c.req.header("hx-request") === "true";
const wantsJson = (c: Context): boolean => (c.req.header("accept") ?? "").includes("application/json");
const idOf = (c: Context): string => (c.req.param("id") ?? "").slice(0, 60);

const bodyOf = async (c: Context): Promise<Record<string, unknown>> => {
  if (!/json/i.test(c.req.header("content-type") ?? "")) return formBody(c);
  const body = await jsonBody(c);
  return typeof body === "object" && body !== null ? { ...body } : {};
};

/** Values to show again in a form that had mistakes. */
const textOf = (value: unknown): string => (typeof value === "string" ? value.slice(0, 4_000) : "");

/**
 * Notes and tags of calls. They answer a page's script with the changed parts, the softphone (`Accept: application/json`)
 * with the panel as it is now, and a plain form with the page of the call.
 */
export const callNotesRoutes = (app: Hono<ServerEnv>, parts: AppParts, pictures: PictureParts): void => {
  const { callNotes } = parts.store;

  const panel = async (c: Context<ServerEnv>): Promise<Response> => {
    const found = await callPanel(pictures, c.get("actor"), idOf(c));
    if (found === null) throw new Problem("not-found", { detail: NO_CALL });
    return c.json(found);
  };

  const checkWritten = (written: Written<unknown & object>, most: string): void => {
    if (written.ok) return;
    if (written.reason === "unknown-call") throw new Problem("not-found", { detail: NO_CALL });
    throw new Problem("too-many-notes", { detail: `A call has at most ${most}.` });
  };

  const suggestions = async (c: Context<ServerEnv>): Promise<string[]> =>
    callNotes.tagsInUse(c.get("actor").tenantId, 20);

  /** A form's mistakes: to a page's script as the form, to others as a problem. */
  const refuse = (c: Context, error: z.ZodError, form: (problems: ReturnType<typeof fieldProblems>) => unknown) => {
    const problems = fieldProblems(error);
    if (!isPart(c)) throw new Problem("invalid-request", { errors: problems });
    return c.html(String(form(problems)), 422);
  };

  const tagsChanged = async (c: Context<ServerEnv>, tags: readonly string[]): Promise<Response> => {
    if (wantsJson(c)) return panel(c);
    if (!isPart(c)) return c.redirect(`/calls/${idOf(c)}`, 303);
    return c.html(
      <>
        {c.req.method === "POST" ? (
          <TagForm callId={idOf(c)} suggestions={await suggestions(c)} values={{}} problems={[]} />
        ) : null}
        <hx-partial hx-target="#call-tags" hx-swap="outerMorph">
          <TagList callId={idOf(c)} tags={tags} />
        </hx-partial>
      </>,
    );
  };

  app.get("/x/calls/:id/panel", panel);

  app.post("/calls/:id/notes", async (c) => {
    const { tenantId, userId } = c.get("actor");
    const callId = idOf(c);
    const body = await bodyOf(c);
    const note = Note.safeParse(body, { reportInput: true });
    if (!note.success) {
      const values = { text: textOf(body.text) };
      return refuse(c, note.error, (problems) => <NoteForm callId={callId} values={values} problems={problems} />);
    }
    const by = { userId, at: parts.clock.now() };
    checkWritten(await callNotes.add(tenantId, callId, { ...by, text: note.data.text }), `${MAX_NOTES} notes`);
    if (wantsJson(c)) return panel(c);
    if (!isPart(c)) return c.redirect(`/calls/${callId}`, 303);
    return c.html(
      <>
        <NoteForm callId={callId} values={{}} problems={[]} />
        <hx-partial hx-target="#call-notes" hx-swap="outerMorph">
          <NoteList notes={await callNotes.of(tenantId, callId)} />
        </hx-partial>
      </>,
    );
  });

  app.post("/calls/:id/tags", async (c) => {
    const { tenantId, userId } = c.get("actor");
    const callId = idOf(c);
    const body = await bodyOf(c);
    const read = Tag.safeParse(body, { reportInput: true });
    if (!read.success) {
      const shown = { callId, values: { tag: textOf(body.tag) }, suggestions: await suggestions(c) };
      return refuse(c, read.error, (problems) => <TagForm {...shown} problems={problems} />);
    }
    const put = await callNotes.tag(tenantId, callId, { userId, tag: read.data.tag, at: parts.clock.now() });
    checkWritten(put, `${MAX_TAGS} tags`);
    return tagsChanged(c, put.ok ? put.tags : []);
  });

  const untag = async (c: Context<ServerEnv>, given: unknown): Promise<Response> => {
    const { tenantId, userId } = c.get("actor");
    const read = Tag.safeParse(given, { reportInput: true });
    if (!read.success) throw new Problem("invalid-request", { errors: fieldProblems(read.error) });
    const taken = await callNotes.untag(tenantId, idOf(c), { userId, tag: read.data.tag, at: parts.clock.now() });
    checkWritten(taken, `${MAX_TAGS} tags`);
    return tagsChanged(c, taken.ok ? taken.tags : []);
  };
  app.delete("/calls/:id/tags", (c) => untag(c, { tag: c.req.query("tag") }));
  app.post("/calls/:id/tags/remove", async (c) => untag(c, await bodyOf(c)));
};
