/** A voice profile: who calls. */
export interface Agent {
  id: string;
  tenantId: string;
  /** The name the agent gives. */
  name: string;
  /** On whose behalf it calls; empty leaves it to the task. */
  organization: string;
  /** BCP 47, such as `en`. */
  language: string;
  /** Voice of the model; empty is the configured one. */
  voiceName: string;
  /** Added to the prompt of each of its calls. */
  instructions: string;
  createdAt: number;
}

/** Verbs and questions on agents. */
export interface Agents {
  /** The tenant's oldest agent, made (named APPU, speaking `en`) if there is none. */
  ensureDefault(tenantId: string): Promise<Agent>;
  get(tenantId: string, agentId: string): Promise<Agent | null>;
  /** Oldest first. */
  list(tenantId: string): Promise<Agent[]>;
}
