/** Who asks. Every request and socket has one from its first line of code on. */
export interface Actor {
  readonly tenantId: string;
  readonly userId: string;
  readonly name: string;
  readonly roles: readonly string[];
}
