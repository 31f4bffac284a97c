import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { MigrationError, migrate, readMigrations } from "../../../src/core/store/migrate.ts";

const STEPS = [
  { version: 1, name: "one", sql: "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);" },
  { version: 2, name: "two", sql: "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = 2;" },
];
const open = () => new Database(":memory:", { strict: true });

test("the migrations of the code are numbered from 1 without gaps, and all their tables are strict", async () => {
  const migrations = await readMigrations();
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, i) => i + 1));
  const db = open();
  migrate(db, migrations, 0);
  const loose = db
    .query<{ name: string }, []>(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND type = 'table'",
    )
    .all()
    .filter(({ name }) => !name.startsWith("sqlite_"));
  expect(loose).toEqual([]);
});

test("migrations run once each, in order, and again changes nothing", () => {
  const db = open();
  expect(migrate(db, STEPS.slice(0, 1), 5)).toEqual([1]);
  expect(migrate(db, STEPS, 6)).toEqual([2]);
  expect(migrate(db, STEPS, 7)).toEqual([]);
  expect(db.query("SELECT * FROM a").all()).toEqual([{ x: 1, y: 2 }]);
  expect(db.query("SELECT version, applied_at FROM schema_migrations").all()).toEqual([
    { version: 1, applied_at: 5 },
    { version: 2, applied_at: 6 },
  ]);
});

test("a database written by newer code is refused and left alone", () => {
  const db = open();
  migrate(db, STEPS, 0);
  expect(() => migrate(db, STEPS.slice(0, 1), 0)).toThrow(MigrationError);
  expect(() => migrate(db, [STEPS[0]!, { ...STEPS[1]!, name: "other" }], 0)).toThrow('is "two", here it is "other"');
  expect(db.query("SELECT * FROM a").all()).toEqual([{ x: 1, y: 2 }]);
});

test("a migration that fails halfway leaves nothing of itself behind", () => {
  const db = open();
  const broken = { version: 2, name: "two", sql: "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);" };
  expect(() => migrate(db, [STEPS[0]!, broken], 0)).toThrow("nowhere");
  expect(db.query("SELECT name FROM sqlite_schema WHERE name = 'b'").all()).toEqual([]);
  expect(migrate(db, STEPS, 0)).toEqual([2]);
});

test("a gap in the numbers is our own mistake and throws", () => {
  expect(() => migrate(open(), [STEPS[1]!], 0)).toThrow("without gaps");
});
