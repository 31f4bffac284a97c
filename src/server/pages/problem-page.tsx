import { Icon } from "../components/icon.tsx";
import type { Problem } from "../problem.ts";

/** A refusal or failure as a page: what happened, what to do, one way on. */
export const ProblemPage = ({ problem, requestId }: { problem: Problem; requestId?: string | null }) => (
  <section class="card">
    <div class="empty">
      <Icon name="alert-triangle" />
      <h1>{problem.message}</h1>
      {problem.more.detail ? <p>{problem.more.detail}</p> : null}
      {problem.more.errors === undefined ? (
        <p>{problem.fix}</p>
      ) : (
        <>
          <ul>
            {problem.more.errors.map(({ field, message }) => (
              <li>
                {field}: {message}
              </li>
            ))}
          </ul>
          <p>{problem.more.fix ?? "Go back, correct this and send it again."}</p>
        </>
      )}
      {requestId ? (
        <p class="small">
          Request <code>{requestId}</code>
        </p>
      ) : null}
      <a class="btn" href="/">
        Go to the start
      </a>
    </div>
  </section>
);
