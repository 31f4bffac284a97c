/** What the server knows about the call a supervisor is on. All text is of callers and people: only ever shown as text. */
export interface CallPanel {
  call_id: string;
  /** The newest last; `partial` ones are still being spoken. */
  turns: {
    key: string;
    speaker: "callee" | "agent" | "supervisor";
    name: string;
    text: string;
    /** For the AI alone: the caller did not hear it. */
    whispered: boolean;
    partial: boolean;
  }[];
  /** Newest first. */
  notes: { id: string; author: string; text: string }[];
  tags: string[];
  /** Tags in use that this call does not have. */
  suggestions: string[];
}

/** The server did not take or give what was asked; the message is for the user. */
export class DeskError extends Error {}

/** What is written about a call: its last words, notes and tags, read and changed over HTTP. */
export class CallDesk {
  /** The panel of this call as it is now. Throws `DeskError`. */
  async read(callId: string): Promise<CallPanel> {
    return await ask(`/x/calls/${callId}/panel`, { method: "GET" });
  }

  /** Adds a note and gives the panel as it is then. Throws `DeskError`. */
  async note(callId: string, text: string): Promise<CallPanel> {
    return await ask(`/calls/${callId}/notes`, { method: "POST", body: JSON.stringify({ text }) });
  }

  /** Puts a tag on and gives the panel as it is then. Throws `DeskError`. */
  async tag(callId: string, tag: string): Promise<CallPanel> {
    return await ask(`/calls/${callId}/tags`, { method: "POST", body: JSON.stringify({ tag }) });
  }

  /** Takes a tag off and gives the panel as it is then. Throws `DeskError`. */
  async untag(callId: string, tag: string): Promise<CallPanel> {
    return await ask(`/calls/${callId}/tags?${new URLSearchParams({ tag })}`, { method: "DELETE" });
  }
}

/** The page's form token; pages carry it for their own requests. */
const formToken = (): string => {
  try {
    const headers: Record<string, string> = JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}");
    return headers["X-CSRF-Token"] ?? "";
  } catch {
    return "";
  }
};

const ask = async (path: string, init: RequestInit): Promise<CallPanel> => {
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { accept: "application/json", "content-type": "application/json", "x-csrf-token": formToken() },
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    throw new DeskError("No connection to the server. Try again.");
  }
  if (response.ok) return await response.json();
  const problem: { detail?: unknown; errors?: { message?: unknown }[] } | null = await response
    .json()
    .catch(() => null);
  const why = problem?.errors?.[0]?.message ?? problem?.detail;
  throw new DeskError(typeof why === "string" ? why : "The server did not take it. Try again.");
};
