import type htmxApi from "htmx.org";

declare const htmx: typeof htmxApi;

/** What htmx hands an extension when it starts. */
interface ExtensionApi {
  initSecurity(policy: unknown, run: unknown, runAsync: unknown): void;
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createHTML(text: string): string; createScript(text: string): string }): unknown;
}

const refuse = (): never => {
  throw new Error("script in hx-* attributes is turned off");
};

// The content security policy allows one Trusted Types policy, named "htmx": markup of our own server passes, scripts
// inside it are emptied, and script in attributes has nothing to run it.
const { trustedTypes } = window as { trustedTypes?: PolicyFactory };
const policy = trustedTypes?.createPolicy("htmx", { createHTML: (text) => text, createScript: () => "" });

htmx.registerExtension("od-tt", { init: (api: ExtensionApi) => api.initSecurity(policy, refuse, refuse) });
