import type { Certificate } from "./certificate.ts";

/** One measured number, next to what the bare loop needs for the same and to what it may be. */
export interface Figure {
  name: string;
  unit: string;
  value: number;
  /** The floor's figure in the same run; null where a bare loop has none. */
  floor: number | null;
  /** Budget of the design: a limit on the value, or on its ratio to the floor. */
  budget?: { value: number } | { ratio: number } | { above: number };
}

/** The figures of one scenario. */
export interface Outcome {
  scenario: string;
  calls: number;
  seconds: number;
  figures: Figure[];
}

/**
 * Measures one thing under so many calls for so many seconds.
 * `certificate`: the voice is reached over TLS; without one over plain TCP.
 */
export type Scenario = (calls: number, seconds: number, certificate: Certificate | null) => Promise<Outcome>;

/** Value by floor; null where there is none to divide by. */
export const ratioOf = ({ value, floor }: Figure): number | null =>
  floor === null || floor === 0 ? null : value / floor;

/** Whether a figure keeps its budget; null without one. */
export const keepsBudget = (figure: Figure): boolean | null => {
  const { budget, value } = figure;
  if (!budget) return null;
  if ("value" in budget) return value <= budget.value;
  if ("above" in budget) return value >= budget.above;
  const ratio = ratioOf(figure);
  return ratio === null ? null : ratio <= budget.ratio;
};

/** The bare loop misses the same limit: the machine is too busy for the figure to say anything about the host. */
const isFloorOver = ({ budget, floor }: Figure): boolean =>
  budget !== undefined && "value" in budget && floor !== null && floor > budget.value;

const number = (value: number | null): string => {
  if (value === null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
};

const budgetText = ({ budget }: Figure): string => {
  if (!budget) return "";
  if ("value" in budget) return `≤ ${budget.value}`;
  return "above" in budget ? `≥ ${budget.above}` : `≤ ${budget.ratio} ×`;
};

/** The outcome as a table for people. */
export const tableOf = ({ scenario, calls, seconds, figures }: Outcome): string => {
  const rows = figures.map((figure) => {
    const kept = keepsBudget(figure);
    const ratio = ratioOf(figure);
    return [
      figure.name,
      number(figure.value),
      figure.unit,
      number(figure.floor),
      ratio === null ? "" : `${number(ratio)} ×`,
      budgetText(figure),
      kept === null ? "" : kept ? "✓" : isFloorOver(figure) ? "✗ floor too" : "✗",
    ];
  });
  const all = [["", "value", "", "floor", "ratio", "budget", ""], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const isText = (column: number): boolean => column === 0 || column === 2 || column === 6;
  const lines = all.map((row) =>
    row
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  return [`${scenario}: ${calls} calls, ${seconds} s`, ...lines].join("\n");
};

/** The outcome as one line for programs: budgets and ratios worked out, numbers that are none as null. */
export const jsonOf = (outcome: Outcome): string =>
  JSON.stringify({
    ...outcome,
    figures: outcome.figures.map((figure) => ({ ...figure, ratio: ratioOf(figure), kept: keepsBudget(figure) })),
  });
