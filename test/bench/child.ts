import type { Certificate } from "./certificate.ts";
import type { AnswerMessage, Ask, AskMessage, Results } from "./child-protocol.ts";

/** Longest wait for one answer, in ms; opening some hundred calls is the longest. */
const ANSWER_MS = 60_000;

const running = new Set<Bun.Subprocess>();

/** Ends every child of this process, on each way out. */
const killAll = (): void => {
  for (const child of running) child.kill("SIGKILL");
};

/** Makes sure that no child outlives this process. */
export const killChildrenOnExit = (): void => {
  process.on("exit", killAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process.exit(1));
  }
};

/** A process under measurement, asked and answered over a pipe. */
export class Child {
  readonly #process: Bun.Subprocess;
  readonly #waiting = new Map<number, (answer: AnswerMessage) => void>();
  #asked = 0;

  /**
   * @param entry file of this folder that answers by `answerAsks`
   * @param certificate what it trusts beside the public authorities
   */
  constructor(entry: "host.ts" | "floor.ts", certificate: Certificate | null) {
    this.#process = Bun.spawn([process.execPath, `${import.meta.dir}/${entry}`], {
      stdio: ["ignore", "inherit", "inherit"],
      env: certificate ? { ...process.env, NODE_EXTRA_CA_CERTS: certificate.path } : process.env,
      ipc: (message: AnswerMessage) => this.#waiting.get(message.id)?.(message),
      onExit: (child, code) => {
        running.delete(child);
        for (const [id, settle] of this.#waiting) settle({ id, failed: `${entry} ended with ${code}` });
      },
    });
    running.add(this.#process);
  }

  /** Rejects when the process fails, ends or does not answer within a minute. */
  async ask<Type extends Ask["type"]>(ask: Extract<Ask, { type: Type }>): Promise<Results[Type]> {
    const id = ++this.#asked;
    const answered = Promise.withResolvers<AnswerMessage>();
    const timer = setTimeout(() => answered.resolve({ id, failed: `no answer to ${ask.type}` }), ANSWER_MS);
    this.#waiting.set(id, answered.resolve);
    this.#process.send({ id, ask } satisfies AskMessage);
    const answer = await answered.promise;
    clearTimeout(timer);
    this.#waiting.delete(id);
    if ("failed" in answer) throw new Error(answer.failed);
    return answer.result as Results[Type];
  }

  /** Ends the process and waits until it is gone. */
  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

/** The child's side: answers asks until the parent is gone. */
export const answerAsks = (obey: (ask: Ask) => Promise<Results[Ask["type"]]>): void => {
  const answer = (message: AnswerMessage): void => {
    process.send?.(message);
  };
  process.on("message", ({ id, ask }: AskMessage) => {
    obey(ask).then(
      (result) => answer({ id, result }),
      (thrown: unknown) =>
        answer({ id, failed: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }),
    );
  });
  process.on("disconnect", () => process.exit(0));
};
