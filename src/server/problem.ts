/** A mistake in one field of a request. */
export interface FieldProblem {
  /** Name as the request spells it; dots lead into objects. */
  field: string;
  message: string;
}

interface Kind {
  status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 416 | 422 | 429 | 500 | 503;
  title: string;
  /** What the asker can do about it. */
  fix: string;
}

/** Everything the server can refuse or fail at, by the last part of the problem's type. */
export const PROBLEMS = {
  "malformed-body": {
    status: 400,
    title: "The body could not be read",
    fix: "Send one JSON object, complete and in UTF-8.",
  },
  "invalid-request": {
    status: 422,
    title: "The request has mistakes",
    fix: "Correct the fields listed under errors and send it again.",
  },
  "phone-number-refused": {
    status: 422,
    title: "This number cannot be called",
    fix: "Give the number in international form, such as +12025550100.",
  },
  "sign-in-needed": {
    status: 401,
    title: "Sign in first",
    fix: "Send the access token as “Authorization: Bearer …”, or sign in at /sign-in.",
  },
  "too-many-sign-ins": {
    status: 429,
    title: "Too many wrong tokens",
    fix: "Wait a minute, then try again with the token of this installation (AUTH_TOKEN).",
  },
  "host-not-allowed": {
    status: 403,
    title: "This address is not served here",
    fix: "Open the address printed at start-up. To be reached by another name, set PUBLIC_URL and AUTH_TOKEN.",
  },
  "cross-site-request": {
    status: 403,
    title: "The request came from another site",
    fix: "Send it from a page of this server, or as an API client with the access token and without browser headers.",
  },
  "form-token-missing": {
    status: 403,
    title: "The page is out of date",
    fix: "Reload the page and try again. Scripts in a browser send the page's token as X-CSRF-Token.",
  },
  "not-found": {
    status: 404,
    title: "Nothing is here",
    fix: "Check the address. /docs lists every path of the API.",
  },
  "method-not-allowed": {
    status: 405,
    title: "This path does not take that method",
    fix: "Use one of the methods in the Allow header.",
  },
  "call-refused": {
    status: 409,
    title: "The call was not placed",
    fix: "The task is kept; the list of tasks says what happens next.",
  },
  "call-over": {
    status: 409,
    title: "The call is over",
    fix: "Nothing is left to hang up. Its result is on the page of the call.",
  },
  "call-not-answered": {
    status: 409,
    title: "The call is not answered yet",
    fix: "Ask again once the call's status is in-progress.",
  },
  "transfer-not-possible": {
    status: 409,
    title: "The callee cannot be connected with anybody",
    fix: "Calls through Asterisk can be transferred while they last; take this one over instead.",
  },
  "warm-transfer-not-possible": {
    status: 409,
    title: "Nobody can be briefed first by this voice",
    fix: "Set VOICE to openai-realtime, or connect them without a private word.",
  },
  "right-missing": {
    status: 403,
    title: "You may not do this",
    fix: "Ask an owner of this installation for the right.",
  },
  "task-state": {
    status: 409,
    title: "The task does not allow this now",
    fix: "Read the task again: its status says what is possible.",
  },
  "campaign-state": {
    status: 409,
    title: "The campaign does not allow this now",
    fix: "Look at the campaign again: its page offers what is possible.",
  },
  "plan-state": {
    status: 409,
    title: "The plan does not allow this now",
    fix: "Look at the plan again: it says what is possible.",
  },
  "model-failed": {
    status: 503,
    title: "The text model gave no answer",
    fix: "Send it again in a moment. /settings says whether the model is set up.",
  },
  "question-answered": {
    status: 409,
    title: "The question has its answer",
    fix: "Nothing is left to answer. The page of the call tells what was said.",
  },
  "idempotency-key-reused": {
    status: 409,
    title: "This idempotency key belongs to another request",
    fix: "Use a new key for a new request, or repeat the first request unchanged.",
  },
  "too-many-notes": {
    status: 409,
    title: "There is no room for more on this call",
    fix: "Take tags off that say the same, or write it into one note.",
  },
  "not-on-list": {
    status: 404,
    title: "This number is not on the list",
    fix: "Check the number. Entries that hold for everybody can only be removed by the operator.",
  },
  "recording-not-ready": {
    status: 404,
    title: "There is no recording yet",
    fix: "Calls that nobody answered have none. A running call's recording is ready a moment after its end.",
  },
  "body-too-large": {
    status: 413,
    title: "The body is too large",
    fix: "Send at most 64 KiB; plans of a campaign and lists of numbers at most 512 KiB.",
  },
  "unsupported-media-type": {
    status: 415,
    title: "The body has a type that is not understood",
    fix: "Send it as application/json.",
  },
  "range-not-satisfiable": {
    status: 416,
    title: "The file has no such range",
    fix: "Ask for bytes inside the length given in Content-Range.",
  },
  "too-many-streams": {
    status: 503,
    title: "Too many pages follow live calls",
    fix: "Close pages that are not looked at; this one tries again by itself.",
  },
  internal: {
    status: 500,
    title: "Something broke on our side",
    fix: "Try again. If it stays, look for the request id in the server's log.",
  },
} as const satisfies Record<string, Kind>;

/** Name of a problem, also the fragment of its `type`. */
export type ProblemName = keyof typeof PROBLEMS;

/** What is told beside a problem's own words. Nothing secret: it is shown. */
export interface ProblemMore {
  /** One sentence about this occurrence. */
  detail?: string;
  /** What to do about it, where this occurrence knows better than the kind. */
  fix?: string;
  errors?: FieldProblem[];
  /** Extension members of the JSON document (RFC 9457 §3.2), in snake case. */
  members?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** An expected refusal of a request; thrown anywhere below a route and answered as JSON, page or toast. */
export class Problem extends Error {
  readonly problem: ProblemName;
  readonly more: ProblemMore;
  constructor(problem: ProblemName, more: ProblemMore = {}) {
    super(PROBLEMS[problem].title);
    this.name = "Problem";
    this.problem = problem;
    this.more = more;
  }
  get status(): Kind["status"] {
    return PROBLEMS[this.problem].status;
  }
  /** The sentence for people: the occurrence's own if it has one. */
  get detail(): string {
    return this.more.detail ?? PROBLEMS[this.problem].title;
  }
  get fix(): string {
    return this.more.fix ?? PROBLEMS[this.problem].fix;
  }
  /** The document of `application/problem+json` (RFC 9457 §3.1), with `fix` and `request_id` added. */
  document(requestId: string): Record<string, unknown> {
    const kind = PROBLEMS[this.problem];
    return {
      type: `/docs#problem-${this.problem}`,
      title: kind.title,
      status: kind.status,
      detail: this.detail,
      fix: this.fix,
      ...(this.more.errors ? { errors: this.more.errors } : {}),
      ...this.more.members,
      request_id: requestId,
    };
  }
}
