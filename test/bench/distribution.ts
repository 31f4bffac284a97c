/** Numbers of one kind, kept to ask how they are spread. Grows by doubling, so that pushing rarely allocates. */
export class Distribution {
  #values: Float64Array = new Float64Array(4096);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
  }

  addAll(other: Distribution): void {
    for (let i = 0; i < other.#count; i++) this.push(other.#values[i]!);
  }

  /** The value below which the share `q` (0..1) lies; NaN if there is none. */
  quantile(q: number): number {
    if (this.#count === 0) return Number.NaN;
    const sorted = this.#values.slice(0, this.#count).sort();
    return sorted[Math.min(this.#count - 1, Math.floor(q * this.#count))]!;
  }

  /** Share of values above a limit, 0..1; NaN if there is none. */
  shareAbove(limit: number): number {
    if (this.#count === 0) return Number.NaN;
    let above = 0;
    for (let i = 0; i < this.#count; i++) if (this.#values[i]! > limit) above++;
    return above / this.#count;
  }
}

/** The middle of a few numbers; NaN of none. */
export const median = (values: readonly number[]): number => {
  const all = new Distribution();
  for (const value of values) all.push(value);
  return all.quantile(0.5);
};
