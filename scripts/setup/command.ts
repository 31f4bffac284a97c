/** How a command went. */
export type CommandResult = {
  /** Exit code; 124 when the time limit ended the command, as `timeout(1)` reports it; 127 when it could not be started. */
  code: number;
  /** The last lines of standard output and standard error, in the order they came. */
  tail: string;
  /** Everything the command wrote to standard output. */
  stdout: string;
};

/** Lines kept of a command's output for the report of a failure. */
const TAIL_LINES = 20;

const readLines = async (stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> => {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of stream) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split(/[\r\n]/);
    pending = lines.pop() ?? "";
    for (const line of lines) if (line) onLine(line);
  }
  if (pending) onLine(pending);
};

/**
 * Runs a command to its end and keeps what it said. Never throws: a command that is missing or takes too long is a
 * result like any other.
 *
 * @param options.timeoutMs after this the command is ended, first politely; a child it started itself is its own affair
 * @param options.onLine called for each line of either stream while the command runs
 */
export const runCommand = async (
  argv: string[],
  options: { cwd?: string; env?: Record<string, string>; timeoutMs: number; onLine?: (line: string) => void },
): Promise<CommandResult> => {
  const tail: string[] = [];
  const stdout: string[] = [];
  const keep = (line: string): void => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(line);
  };
  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn(argv, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  } catch (error) {
    return { code: 127, tail: error instanceof Error ? error.message : String(error), stdout: "" };
  }
  let late = false;
  let killTimer: Timer | undefined;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGTERM");
    killTimer = setTimeout(() => child.kill("SIGKILL"), 3000);
  }, options.timeoutMs);
  await Promise.all([
    readLines(child.stdout, (line) => {
      stdout.push(line);
      keep(line);
    }),
    readLines(child.stderr, keep),
    child.exited,
  ]);
  clearTimeout(timer);
  clearTimeout(killTimer);
  return { code: late ? 124 : (child.exitCode ?? 1), tail: tail.join("\n"), stdout: stdout.join("\n") };
};
