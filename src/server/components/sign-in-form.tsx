import { Field } from "./field.tsx";

/** Asks for the access token once. `next` is the path to go on to. */
export const SignInForm = ({ next, problem }: { next: string; problem: string | null }) => (
  <form class="form" method="post" action="/sign-in" hx-boost="false">
    <input type="hidden" name="next" value={next} />
    <Field
      name="token"
      label="Access token"
      type="password"
      autocomplete="current-password"
      hint="The value of AUTH_TOKEN on the server."
      required
      maxLength={512}
      values={{}}
      problems={problem === null ? [] : [{ field: "token", message: problem }]}
    />
    <div class="form-end">
      <button type="submit" class="btn primary">
        Sign in
      </button>
    </div>
  </form>
);

/** The same as an answer to a part of a page: a dialog, so that a call being listened to lives on. */
export const SignInPart = ({ next }: { next: string }) => (
  <hx-partial hx-target="#dialogs" hx-swap="innerHTML">
    <dialog class="dialog" open aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">You are signed out</h2>
      <p>Sign in again to go on. Nothing you typed on the page is lost until you do.</p>
      <SignInForm next={next} problem={null} />
    </dialog>
  </hx-partial>
);
