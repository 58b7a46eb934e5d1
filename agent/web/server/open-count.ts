// What clients hold open at a time, such as sockets or streams: only so many of one.

export class OpenCount {
  readonly #open = new Map<string, number>();

  constructor(private readonly mostEach: number) {}

  /** One more of a client; false where it has as many as it may. */
  take(client: string): boolean {
    const open = this.#open.get(client) ?? 0;
    if (open >= this.mostEach) return false;
    this.#open.set(client, open + 1);
    return true;
  }

  /** One that was taken is over. */
  give(client: string): void {
    const left = (this.#open.get(client) ?? 1) - 1;
    if (left === 0) this.#open.delete(client);
    else this.#open.set(client, left);
  }
}
