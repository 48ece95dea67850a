/**
 * What is kept on this device. A browser may forbid it, or be full: then nothing is kept, and all
 * else goes on.
 */
class Kept {
  constructor(private readonly storage: () => Storage) {}

  get<T>(key: string): T | undefined {
    return this.#tried(
      () => (JSON.parse(this.storage().getItem(key) ?? "null") as T | null) ?? undefined,
    );
  }

  /** Whether it is kept. */
  set(key: string, value: unknown): boolean {
    const isKept = this.#tried(() => {
      this.storage().setItem(key, JSON.stringify(value));
      return true;
    });
    return isKept ?? false;
  }

  remove(key: string): void {
    this.#tried(() => this.storage().removeItem(key));
  }

  keys(prefix: string): string[] {
    return (
      this.#tried(() => Object.keys(this.storage()).filter((key) => key.startsWith(prefix))) ?? []
    );
  }

  removeAll(prefix: string): void {
    for (const key of this.keys(prefix)) this.remove(key);
  }

  #tried<T>(access: () => T): T | undefined {
    try {
      return access();
    } catch {
      return undefined;
    }
  }
}

/** For good, and for all tabs. */
export const device = new Kept(() => localStorage);
/** For one tab, until it is closed. */
export const tab = new Kept(() => sessionStorage);
