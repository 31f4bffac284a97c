import type { Database } from "bun:sqlite";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../errors.ts";

/** One step of the schema; steps are numbered from 1 without gaps. */
export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** The database cannot be brought to the schema of this code. The message names versions only. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/** The migrations of a folder, files named `NNNN-name.sql`, in order. */
export const readMigrations = async (folder = join(import.meta.dir, "migrations")): Promise<Migration[]> => {
  const migrations: Migration[] = [];
  for (const file of (await readdir(folder)).sort()) {
    const match = FILE_NAME.exec(file);
    if (match === null) continue;
    migrations.push({
      version: Number(match[1]),
      name: String(match[2]),
      sql: await Bun.file(join(folder, file)).text(),
    });
  }
  return migrations;
};

/**
 * Runs the migrations the database has not had, each in a transaction of its own, and records them in
 * `schema_migrations`. Doing it again changes nothing. Throws a `MigrationError` when the database has had a migration
 * that is not among these: older code must not write to a newer schema.
 * @returns the versions that were run now
 */
export const migrate = (db: Database, migrations: readonly Migration[], nowMs: number): number[] => {
  migrations.forEach((migration, i) => {
    assert(migration.version === i + 1, "migrations are numbered from 1 without gaps");
  });
  db.run(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL
     ) STRICT`,
  );
  const applied = db.query<{ version: number; name: string }, []>(
    "SELECT version, name FROM schema_migrations ORDER BY version",
  );
  for (const { version, name } of applied.all()) {
    const known = migrations[version - 1];
    if (known === undefined) {
      throw new MigrationError(
        `The database has schema version ${version}, this version of OpenDeep knows ${migrations.length}. ` +
          "Start a newer version, or restore a backup made before the upgrade.",
      );
    }
    if (known.name !== name) {
      throw new MigrationError(`Schema version ${version} of the database is "${name}", here it is "${known.name}".`);
    }
  }

  const isApplied = db.query<{ version: number }, [number]>("SELECT version FROM schema_migrations WHERE version = ?");
  const record = db.query<null, [number, string, number]>(
    "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)",
  );
  // Asked again inside the transaction: another process may be opening the same file.
  const run = db.transaction((migration: Migration): boolean => {
    if (isApplied.get(migration.version) !== null) return false;
    db.run(migration.sql);
    record.run(migration.version, migration.name, nowMs);
    return true;
  });
  return migrations.filter((migration) => run.immediate(migration)).map((migration) => migration.version);
};
