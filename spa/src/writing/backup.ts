/**
 * Backups of unsaved posts on this device. They survive a reload, a crash and an ended session.
 *
 * Each open editor has its own slot. If its tab closes or crashes, the slot is an orphan, and the next
 * editor of that post takes it over.
 */
import { device } from "../browser-storage";
import { EMPTY, type Fields } from "./fields";

export interface Backup {
  readonly postId: string | undefined; // undefined: never saved
  readonly version: number; // the version that was edited
  readonly before: Fields; // the fields of that version
  readonly fields: Fields;
  readonly attempts: readonly Fields[]; // sent, and perhaps received
  /** The request that may have created the post, so that a retry does not create a second one. */
  readonly creation?: Creation | undefined;
}

export interface Creation {
  readonly key: string;
  readonly fields: Fields;
}

type StoredBackup = Backup & { readonly tab: string; readonly at: number };

const PREFIX = "blog.unsaved.";
const TAB_LOCK = "blog.tab.";
const thisTab = crypto.randomUUID();
// The browser releases the lock when the tab closes or crashes.
void navigator.locks?.request(TAB_LOCK + thisTab, () => new Promise(() => {}));

export class DraftSlot {
  private constructor(private readonly key: string) {}

  /** A slot that stores nothing. */
  static readonly nowhere = new DraftSlot("");

  static empty(authorId: string): DraftSlot {
    return new DraftSlot(`${PREFIX}${authorId}.${crypto.randomUUID()}`);
  }

  /** Take over the newest orphan of a post, or of a post that was never saved. */
  static async takeOver(
    authorId: string,
    postId: string | undefined,
  ): Promise<{ slot: DraftSlot; backup: Backup } | undefined> {
    const locks = await navigator.locks?.query().catch(() => undefined);
    const held = locks?.held ?? [];
    const tabs = new Set(held.map((lock) => lock.name));
    const [newest] = device
      .keys(`${PREFIX}${authorId}.`)
      .flatMap((key) => {
        const stored = device.get<StoredBackup>(key);
        return stored ? [{ key, stored }] : [];
      })
      .filter(({ stored }) => stored.postId === postId && !tabs.has(TAB_LOCK + stored.tab))
      .sort((one, other) => other.stored.at - one.stored.at);
    if (!newest) return undefined;
    const slot = new DraftSlot(newest.key);
    slot.keep(newest.stored);
    return { slot, backup: { ...newest.stored, fields: { ...EMPTY, ...newest.stored.fields } } };
  }

  /** Store a backup; return whether that worked. If not, remove the older backup too. */
  keep(backup: Backup): boolean {
    if (this === DraftSlot.nowhere) return true;
    const stored = { ...backup, tab: thisTab, at: Date.now() } satisfies StoredBackup;
    const isStored = device.set(this.key, stored);
    if (!isStored) device.remove(this.key);
    return isStored;
  }

  forget(): void {
    device.remove(this.key);
  }

  /** Leave the backup, if there is one, to the next editor. */
  release(): void {
    const stored = device.get<StoredBackup>(this.key);
    if (stored) device.set(this.key, { ...stored, tab: "" });
  }
}

/** Resolves when all closed editors have saved what they could. */
export let closingSaves: Promise<unknown> = Promise.resolve();

export function trackClosingSave(last: Promise<unknown>): void {
  closingSaves = Promise.allSettled([closingSaves, last]);
}

/** Whether this device has unsaved changes of the author. */
export function hasUnsaved(authorId: string): boolean {
  return device.keys(`${PREFIX}${authorId}.`).length > 0;
}

/** Delete all backups of the author, for example when they log out. */
export function forgetAll(authorId: string): void {
  device.removeAll(`${PREFIX}${authorId}.`);
}
