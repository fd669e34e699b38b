/** What becomes known of things one by one: it goes before the answer to a request that was sent earlier. */
export class Meanwhile<T> {
  private count = 0;
  private readonly known = new Map<string, { at: number; value: T }>();

  /** This moment, for `since`. */
  now(): number {
    return this.count;
  }

  note(id: string, value: T): void {
    this.known.set(id, { at: ++this.count, value });
  }

  /** What was noted of a thing after a moment. */
  since(moment: number, id: string): T | undefined {
    const noted = this.known.get(id);
    return noted && noted.at > moment ? noted.value : undefined;
  }
}
