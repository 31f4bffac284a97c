import type { AssistantData, RunningTurn, ToolData, UserData } from "../../agents/planner.ts";
import type { PlannerQuestion } from "../../agents/planner-turn.ts";
import type { ConversationMessage } from "../../core/store/conversation-record.ts";
import { Icon } from "./icon.tsx";

const isNote = ({ role, data }: ConversationMessage): boolean =>
  role === "assistant" && (data as AssistantData | null)?.isNote === true;

const questionTexts = (messages: readonly ConversationMessage[]): Map<string, string> =>
  new Map(
    messages.flatMap(({ role, data }) =>
      role === "assistant"
        ? ((data as AssistantData | null)?.questions ?? []).map((one) => [one.field_name, one.question_text] as const)
        : [],
    ),
  );

const Said = ({ message, asked }: { message: ConversationMessage; asked: Map<string, string> }) => {
  const answers = Object.entries((message.data as UserData | null)?.answers ?? {});
  return (
    <div class="said">
      {message.text === "" ? null : <p class="pre">{message.text}</p>}
      {answers.length === 0 ? null : (
        <dl class="facts">
          {answers.map(([name, answer]) => (
            <>
              <dt>{asked.get(name) ?? name}</dt>
              <dd>{answer}</dd>
            </>
          ))}
        </dl>
      )}
    </div>
  );
};

const ToolLine = ({ data, text }: { data: ToolData; text: string }) => (
  <li class="turn" hx-ignore="">
    <div class="turn-who">
      <span>{data.kind === "look-up" ? "Look-up" : "List"}</span>
    </div>
    <p class="small muted">{data.kind === "look-up" ? text : `${text} was added`}</p>
  </li>
);

/** Everything said in a planning conversation. */
export const PlanTurns = ({ messages, name }: { messages: readonly ConversationMessage[]; name: string }) => {
  const asked = questionTexts(messages);
  return (
    <ol id="plan-turns" class="log">
      {messages.map((message) =>
        message.role === "tool" ? (
          <ToolLine data={message.data as ToolData} text={message.text} />
        ) : (
          <li
            id={message.id}
            class={`turn ${message.role === "user" || isNote(message) ? "supervisor" : "agent"}`}
            hx-ignore=""
          >
            <div class="turn-who">
              <span>{message.role === "user" || isNote(message) ? "You" : name}</span>
            </div>
            <Said message={message} asked={asked} />
          </li>
        ),
      )}
    </ol>
  );
};

/** What goes on after the last message: the answer being written, or why there is none with Send again. */
export const PlanNow = (props: {
  id: string;
  name: string;
  running: Pick<RunningTurn, "text" | "notes"> | null;
  /** The last message waits for an answer. */
  waits: boolean;
  problem: string | null;
}) => (
  <div id="plan-now" class="stack">
    {props.running ? (
      <ol class="log">
        <li class="turn agent partial" aria-busy="true">
          <div class="turn-who">
            <span>{props.name}</span>
          </div>
          <div class="said">
            {props.running.text === "" && props.running.notes.length > 0 ? (
              <p class="small muted" hx-ignore="">
                Looking up {props.running.notes.at(-1)}
              </p>
            ) : null}
            <p class="pre" hx-ignore="">
              {props.running.text}
              <span class="typing" role="img" aria-label="is writing">
                <i />
                <i />
                <i />
              </span>
            </p>
          </div>
        </li>
      </ol>
    ) : props.waits ? (
      <div class="card-body">
        <div class="banner warn" role="alert">
          <Icon name="alert-triangle" />
          <p class="grow">{props.problem ?? "The answer was interrupted."}</p>
          <form method="post" action={`/plan/${props.id}/retry`}>
            <button type="submit" class="btn small">
              Send again
            </button>
          </form>
        </div>
      </div>
    ) : null}
  </div>
);

const Answer = ({ question, value, isFirst }: { question: PlannerQuestion; value: string; isFirst: boolean }) => {
  const id = `q-${question.field_name}`;
  const name = `answer.${question.field_name}`;
  const focus = isFirst ? { "data-focus-when-idle": "" } : {};
  if (question.response_type === "choice" || question.response_type === "yes_no") {
    const options = question.response_type === "yes_no" ? ["Yes", "No"] : (question.options ?? []);
    return (
      <div class="field full">
        <label for={id}>{question.question_text}</label>
        <select id={id} name={name} {...focus}>
          <option value="">Leave open</option>
          {options.map((option) => (
            <option value={option} selected={option === value}>
              {option}
            </option>
          ))}
        </select>
      </div>
    );
  }
  const common = { id, name, maxlength: 2000, ...focus };
  return (
    <div class="field full">
      <label for={id}>{question.question_text}</label>
      {question.response_type === "long_text" ? (
        <textarea {...common} rows={2}>
          {value}
        </textarea>
      ) : (
        <input
          {...common}
          type={question.response_type === "phone" ? "tel" : question.response_type === "date" ? "date" : "text"}
          value={value}
        />
      )}
    </div>
  );
};

/** Under the conversation: Stop while an answer is written, else the open questions as one form. */
export const PlanQuestions = (props: { id: string; questions: readonly PlannerQuestion[]; isBusy: boolean }) => (
  <div id="plan-questions">
    {props.isBusy ? (
      <form class="card-body" method="post" action={`/plan/${props.id}/stop`}>
        <button type="submit" class="btn small">
          Stop
        </button>
      </form>
    ) : props.questions.length === 0 ? null : (
      <form
        class="form card-body"
        method="post"
        action={`/plan/${props.id}/answers`}
        aria-labelledby="plan-questions-title"
        hx-disable="find button[type=submit]"
      >
        <h3 id="plan-questions-title">
          {props.questions.length === 1 ? "One question" : `${props.questions.length} questions`}
        </h3>
        <div class="fields">
          {props.questions.map((question, i) => (
            <Answer question={question} value="" isFirst={i === 0} />
          ))}
        </div>
        <div class="form-end">
          <button type="submit" class="btn primary">
            Submit answers
          </button>
        </div>
      </form>
    )}
  </div>
);
