/**
 * What is not saved yet, kept on this device: it outlives a reload, a crash, a lost session.
 *
 * Each open editor has a slot of its own. One that its tab has left, by closing or by a crash, is an
 * orphan, and the next editor of that post takes it over.
 */
import { device } from "../parts/storage";
import { EMPTY, type Fields } from "./fields";

export interface Backup {
  readonly postId: string | undefined; // none where the post was never saved
  readonly version: number; // that was edited
  readonly before: Fields; // in that version
  readonly fields: Fields;
  readonly attempts: readonly Fields[]; // what was sent, and perhaps arrived
  /** The request that may have made the post, so that it is repeated and not made again. */
  readonly creation?: Creation | undefined;
}

export interface Creation {
  readonly key: string;
  readonly fields: Fields;
}

type Kept = Backup & { readonly tab: string; readonly at: number };

const PREFIX = "blog.unsaved.";
const TAB_LOCK = "blog.tab.";
const thisTab = crypto.randomUUID();
// Held until the tab is gone, however it goes.
void navigator.locks?.request(TAB_LOCK + thisTab, () => new Promise(() => {}));

export class Slot {
  private constructor(private readonly key: string) {}

  /** For what is not to be kept. */
  static readonly nowhere = new Slot("");

  static empty(authorId: string): Slot {
    return new Slot(`${PREFIX}${authorId}.${crypto.randomUUID()}`);
  }

  /** The newest orphan of a post, or of those without an id; from now on it is this tab's. */
  static async takenOver(
    authorId: string,
    postId: string | undefined,
  ): Promise<{ slot: Slot; backup: Backup } | undefined> {
    const locks = await navigator.locks?.query().catch(() => undefined);
    const held = locks?.held ?? [];
    const tabs = new Set(held.map((lock) => lock.name));
    const [newest] = device
      .keys(`${PREFIX}${authorId}.`)
      .flatMap((key) => {
        const kept = device.get<Kept>(key);
        return kept ? [{ key, kept }] : [];
      })
      .filter(({ kept }) => kept.postId === postId && !tabs.has(TAB_LOCK + kept.tab))
      .sort((one, other) => other.kept.at - one.kept.at);
    if (!newest) return undefined;
    const slot = new Slot(newest.key);
    slot.keep(newest.kept);
    return { slot, backup: { ...newest.kept, fields: { ...EMPTY, ...newest.kept.fields } } };
  }

  /** Whether it is kept; an older text that is not the last one is not. */
  keep(backup: Backup): boolean {
    if (this === Slot.nowhere) return true;
    const kept = { ...backup, tab: thisTab, at: Date.now() } satisfies Kept;
    const isKept = device.set(this.key, kept);
    if (!isKept) device.remove(this.key);
    return isKept;
  }

  forget(): void {
    device.remove(this.key);
  }

  /** Leave it to the next editor, if there is anything in it. */
  release(): void {
    const kept = device.get<Kept>(this.key);
    if (kept) device.set(this.key, { ...kept, tab: "" });
  }
}

/** Settled when the editors that were left have saved what they could. */
export let lastLeft: Promise<unknown> = Promise.resolve();

export function leave(last: Promise<unknown>): void {
  lastLeft = Promise.allSettled([lastLeft, last]);
}

/** Whether a text of somebody is on this device alone; `forgetAll` is for when they log out. */
export function hasUnsaved(authorId: string): boolean {
  return device.keys(`${PREFIX}${authorId}.`).length > 0;
}

export function forgetAll(authorId: string): void {
  device.removeAll(`${PREFIX}${authorId}.`);
}
