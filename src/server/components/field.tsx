import type { FieldProblem } from "../problem.ts";

/** Values of a form as they were sent, by name. */
export type FormValues = Readonly<Record<string, string>>;

/** Mistakes of a form; the first one gets the focus. */
export type FormProblems = readonly FieldProblem[];

/** One labelled field with its hint and its mistake. `lines` over 1 makes it a text box. */
export const Field = (props: {
  name: string;
  label: string;
  values: FormValues;
  problems: FormProblems;
  hint?: string;
  type?: "text" | "tel" | "password";
  autocomplete?: string;
  placeholder?: string;
  required?: boolean;
  maxLength: number;
  lines?: number;
  full?: boolean;
  /** Enter sends the form, Shift and Enter begin a new line. */
  sendsOnEnter?: boolean;
  /** Takes the focus when the page comes. */
  focused?: boolean;
  /** Values the browser offers while one types. */
  list?: readonly string[];
  /** Prefix of ids, where two forms of a page have fields of one name. */
  idPrefix?: string;
}) => {
  const id = `${props.idPrefix ?? "f"}-${props.name}`;
  const problem = props.problems.find((one) => one.field === props.name);
  const described = [props.hint ? `${id}-hint` : "", problem ? `${id}-problem` : ""].filter(Boolean).join(" ");
  const common = {
    id,
    name: props.name,
    maxlength: props.maxLength,
    ...(props.required ? { required: true } : {}),
    ...(props.placeholder ? { placeholder: props.placeholder } : {}),
    ...(props.autocomplete ? { autocomplete: props.autocomplete } : {}),
    ...(props.sendsOnEnter ? { "data-enter-sends": "" } : {}),
    ...(described ? { "aria-describedby": described } : {}),
    ...(problem ? { "aria-invalid": "true" as const } : {}),
    ...(props.focused || (problem && props.problems[0] === problem) ? { autofocus: true } : {}),
  };
  const value = props.values[props.name] ?? "";
  return (
    <div class={props.full ? "field full" : "field"}>
      <label for={id}>{props.label}</label>
      {props.lines ? (
        <textarea {...common} rows={props.lines}>
          {value}
        </textarea>
      ) : (
        <input
          {...common}
          type={props.type ?? "text"}
          value={value}
          {...(props.list?.length ? { list: `${id}-list` } : {})}
        />
      )}
      {props.list?.length ? (
        <datalist id={`${id}-list`}>
          {props.list.map((one) => (
            <option value={one}></option>
          ))}
        </datalist>
      ) : null}
      {props.hint ? (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      ) : null}
      {problem ? (
        <p class="problem" id={`${id}-problem`}>
          {problem.message}
        </p>
      ) : null}
    </div>
  );
};
