import { PERSONAS } from "../media/carriers/scripted/personas.ts";
import type { DemoNumber } from "./components/call-form.tsx";

/** Numbers set aside for fiction (+1 202 555 01xx): they belong to nobody, on any network. */
const FICTION = "+120255501";

/** The number that a demo call goes to: its person answers and talks. */
export const DEMO_PHONE = `${FICTION}00`;

/** One number for each person of the scripted phone network. */
export const demoNumbers = (): DemoNumber[] =>
  PERSONAS.map((persona) => ({ phone: `${FICTION}${persona.digits || "00"}`, about: persona.says }));
