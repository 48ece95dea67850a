/** Storage of the browser. If it is forbidden or full, nothing is stored, and nothing fails. */
class SafeStorage {
  constructor(private readonly storage: () => Storage) {}

  get<T>(key: string): T | undefined {
    return this.#try(
      () => (JSON.parse(this.storage().getItem(key) ?? "null") as T | null) ?? undefined,
    );
  }

  /** Store a value; return whether that worked. */
  set(key: string, value: unknown): boolean {
    const isStored = this.#try(() => {
      this.storage().setItem(key, JSON.stringify(value));
      return true;
    });
    return isStored ?? false;
  }

  remove(key: string): void {
    this.#try(() => this.storage().removeItem(key));
  }

  keys(prefix: string): string[] {
    return (
      this.#try(() => Object.keys(this.storage()).filter((key) => key.startsWith(prefix))) ?? []
    );
  }

  removeAll(prefix: string): void {
    for (const key of this.keys(prefix)) this.remove(key);
  }

  #try<T>(access: () => T): T | undefined {
    try {
      return access();
    } catch {
      return undefined;
    }
  }
}

/** Permanent, and shared by all tabs. */
export const device = new SafeStorage(() => localStorage);
/** Of one tab, until it is closed. */
export const tab = new SafeStorage(() => sessionStorage);
