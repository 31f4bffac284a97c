import { Icon } from "./icon.tsx";

/** How loud a toast is: errors stay until they are dismissed. */
export type ToastLevel = "ok" | "warn" | "error";

/** A short message about what just happened. */
export const Toast = ({ level, text }: { level: ToastLevel; text: string }) => (
  <div class={level === "ok" ? "toast" : `toast ${level}`} {...(level === "error" ? { role: "alert" } : {})}>
    <p>{text}</p>
    <button type="button" class="btn quiet icon small" data-dismiss aria-label="Dismiss">
      <Icon name="x" />
    </button>
  </div>
);

/** The same as part of an answer to htmx: it lands among the toasts whatever was asked for. */
export const ToastPart = (props: { level: ToastLevel; text: string }) => (
  <hx-partial hx-target="#toasts" hx-swap="beforeend">
    <Toast {...props} />
  </hx-partial>
);
