import { type CallNote, MAX_NOTE, MAX_TAG } from "../../core/store/call-notes.ts";
import { Field, type FormProblems, type FormValues } from "./field.tsx";
import { Icon } from "./icon.tsx";
import { Instant } from "./instant.tsx";

const NOTHING: { values: FormValues; problems: FormProblems } = { values: {}, problems: [] };

/** The tags of a call, each with a button that takes it off; `#call-tags` is what streams change. */
export const TagList = ({ callId, tags }: { callId: string; tags: readonly string[] }) => (
  <ul id="call-tags" class="tags" aria-label="Tags">
    {tags.map((tag) => (
      <li id={`tag-${Bun.hash(tag).toString(36)}`}>
        <form class="tag" method="post" action={`/calls/${callId}/tags/remove`} hx-boost="false">
          <input type="hidden" name="tag" value={tag} />
          <span hx-ignore="">{tag}</span>
          <button
            type="submit"
            class="btn quiet icon small"
            aria-label={`Take the tag “${tag}” off`}
            hx-delete={`/calls/${callId}/tags?${new URLSearchParams({ tag })}`}
            hx-swap="none"
            hx-disable="this"
          >
            <Icon name="x" />
          </button>
        </form>
      </li>
    ))}
  </ul>
);

/** Puts a tag on; a 422 and a success change this form alone, so that nothing else that is being typed is lost. */
export const TagForm = ({
  callId,
  suggestions,
  values,
  problems,
}: {
  callId: string;
  suggestions: readonly string[];
  values: FormValues;
  problems: FormProblems;
}) => (
  <form
    id="tag-form"
    class="note-form"
    method="post"
    action={`/calls/${callId}/tags`}
    novalidate
    hx-post={`/calls/${callId}/tags`}
    hx-target="#tag-form"
    hx-swap="outerHTML"
    hx-disable="find button"
  >
    <Field
      name="tag"
      label="Add a tag"
      autocomplete="off"
      maxLength={MAX_TAG}
      required
      list={suggestions}
      values={values}
      problems={problems}
      idPrefix="call"
    />
    <button type="submit" class="btn">
      Add
    </button>
  </form>
);

/** What people wrote down about a call, newest first; `#call-notes` is what streams change. */
export const NoteList = ({ notes }: { notes: readonly CallNote[] }) => (
  <ol id="call-notes" class="notes" hx-ignore="">
    {notes.toReversed().map((note) => (
      <li id={`note-${note.id}`}>
        <p class="pre">{note.text}</p>
        <small>
          {note.author}, <Instant at={note.at} />
        </small>
      </li>
    ))}
  </ol>
);

/** Writes a note; changes itself alone, as the form of tags does. */
export const NoteForm = ({
  callId,
  values,
  problems,
}: {
  callId: string;
  values: FormValues;
  problems: FormProblems;
}) => (
  <form
    id="note-form"
    class="note-form"
    method="post"
    action={`/calls/${callId}/notes`}
    novalidate
    hx-post={`/calls/${callId}/notes`}
    hx-target="#note-form"
    hx-swap="outerHTML"
    hx-disable="find button"
  >
    <Field
      name="text"
      label="Write a note"
      lines={2}
      maxLength={MAX_NOTE}
      required
      values={values}
      problems={problems}
      idPrefix="note"
    />
    <button type="submit" class="btn">
      Keep
    </button>
  </form>
);

/** Notes and tags of a call, while it happens and afterwards. */
export const CallNotes = (props: {
  callId: string;
  notes: readonly CallNote[];
  tags: readonly string[];
  suggestions?: readonly string[];
}) => (
  <section class="card" aria-label="Notes and tags">
    <header class="card-head">
      <h2>
        <Icon name="tag" /> Notes and tags
      </h2>
    </header>
    <div class="card-body stack">
      <TagList callId={props.callId} tags={props.tags} />
      <TagForm callId={props.callId} suggestions={props.suggestions ?? []} {...NOTHING} />
      <NoteForm callId={props.callId} {...NOTHING} />
      <NoteList notes={props.notes} />
    </div>
  </section>
);
