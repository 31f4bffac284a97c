import { Database, type Statement } from "bun:sqlite";

/** What every statement of a dead process's database says. */
export class ProcessDied extends Error {
  override name = "ProcessDied";
}

const VERBS = ["get", "all", "run", "values"] as const;

/**
 * Lets the process of the work die with its `n`-th statement, begins and commits included: that statement and all later
 * ones throw, and what was not committed is lost, as with `kill -9`. Connections opened by the work are closed at its
 * end. Gives whether it died; throws what the work throws for another reason.
 */
export const diesAtStatement = async (n: number, work: () => Promise<void>): Promise<boolean> => {
  const { query, prepare, run, close } = Database.prototype;
  const real = { query, prepare, run, close };
  const connections = new Set<Database>();
  const statements = new Set<Statement>();
  let count = 0;
  const step = (): void => {
    count += 1;
    if (count >= n) throw new ProcessDied("the process is dead");
  };
  const mortal = <T extends Statement>(db: Database, statement: T): T => {
    connections.add(db);
    if (statements.has(statement)) return statement;
    statements.add(statement);
    for (const verb of VERBS) {
      const alive = statement[verb] as (...given: unknown[]) => unknown;
      const dying = (...given: unknown[]): unknown => {
        step();
        return alive.apply(statement, given);
      };
      Object.defineProperty(statement, verb, { value: dying, configurable: true, writable: true });
    }
    return statement;
  };
  Object.assign(Database.prototype, {
    query(this: Database, sql: string) {
      return mortal(this, real.query.call(this, sql));
    },
    prepare(this: Database, sql: string) {
      return mortal(this, real.prepare.call(this, sql));
    },
    run(this: Database, sql: string) {
      connections.add(this);
      step();
      return real.run.call(this, sql);
    },
    close(this: Database) {
      connections.delete(this);
      return real.close.call(this);
    },
  });
  try {
    await work();
    return false;
  } catch (thrown) {
    if (count >= n) return true;
    throw thrown;
  } finally {
    Object.assign(Database.prototype, real);
    for (const db of connections) if (db.inTransaction) db.run("ROLLBACK");
    for (const statement of statements) statement.finalize();
    for (const db of connections) db.close();
  }
};
