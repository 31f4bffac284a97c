import { z } from "zod";
import { MAX_NOTE, MAX_TAG, tagOf } from "../core/store/call-notes.ts";
import type { Actor } from "./auth/actor.ts";
import { callPicture, type PictureParts } from "./call-picture.ts";
import { type CallPicture, namesOf } from "./components/call-body.tsx";

/** Newest turns that the softphone's panel shows. */
const LAST_TURNS = 12;
/** Tags offered beside those that are on. */
const SUGGESTED = 8;

const LINE = /^[^\p{Cc}\p{Cs}]*$/u;

/** A note, from a form or as JSON. */
export const NoteForm = z.object({
  text: z
    .string()
    .trim()
    .min(1, "Write a note")
    .max(MAX_NOTE, `At most ${MAX_NOTE} characters`)
    .regex(/^[^\p{Cs}\0]*$/u, "No control characters"),
});

/** A tag, from a form or as JSON, spelt as it is kept. */
export const TagForm = z.object({
  tag: z
    .string()
    .max(200, `At most ${MAX_TAG} characters`)
    .transform(tagOf)
    .pipe(
      z
        .string()
        .min(1, "Write a tag")
        .max(MAX_TAG, `At most ${MAX_TAG} characters`)
        .regex(LINE, "No control characters"),
    ),
});

/** What the softphone shows beside a call it is on. Text of callers and people: only ever to be shown as text. */
export interface CallPanel {
  call_id: string;
  /** The newest last; those with `partial` are still being spoken. */
  turns: {
    key: string;
    speaker: "callee" | "agent" | "supervisor";
    name: string;
    text: string;
    at_ms: number;
    /** For the agent alone: show it with the words that the caller did not hear it. */
    whispered: boolean;
    partial: boolean;
  }[];
  /** Newest first. */
  notes: { id: string; author: string; text: string; at: string }[];
  tags: string[];
  /** Tags in use that this call does not have. */
  suggestions: string[];
}

const panelOf = (picture: CallPicture, notes: CallPanel["notes"], tags: string[], inUse: string[]): CallPanel => {
  const names = { ...namesOf(picture.call), supervisor: "Supervisor" };
  const stored = picture.turns.map((turn) => ({ ...turn, partial: false }));
  const spoken = picture.partials.map((turn) => ({ ...turn, partial: true }));
  return {
    call_id: picture.call.id,
    turns: [...stored, ...spoken]
      .sort((a, b) => a.atMs - b.atMs)
      .slice(-LAST_TURNS)
      .map(({ key, speaker, text, atMs, whispered, partial }) => ({
        key,
        speaker,
        name: names[speaker],
        text,
        at_ms: atMs,
        whispered,
        partial,
      })),
    notes,
    tags,
    suggestions: inUse.filter((tag) => !tags.includes(tag)).slice(0, SUGGESTED),
  };
};

/** Looks up what the panel shows this actor; null when the tenant has no such call. */
export const callPanel = async (
  parts: PictureParts,
  actor: Pick<Actor, "tenantId" | "roles">,
  callId: string,
): Promise<CallPanel | null> => {
  const picture = await callPicture(parts, actor, callId);
  if (picture === null) return null;
  const { callNotes } = parts.store;
  const notes = picture.notes.map(({ id, author, text, at }) => ({ id, author, text, at: new Date(at).toISOString() }));
  return panelOf(picture, notes.reverse(), [...picture.tags], await callNotes.tagsInUse(actor.tenantId, SUGGESTED * 3));
};
