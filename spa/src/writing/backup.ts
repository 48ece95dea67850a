import type { Fields } from "./fields";

/** What is not saved yet, kept on this device: it outlives a reload, a crash, a lost session. */
export interface Backup {
  readonly fields: Fields;
  readonly version: number; // of the post that was edited, 0 where there is none yet
  readonly tab: string;
}

const PREFIX = "blog.unsaved.";
const tab = sessionStorage.getItem("blog.tab") ?? crypto.randomUUID();
sessionStorage.setItem("blog.tab", tab);

/** The key of a person's post; `new` for one that has no id. */
export function backupKey(authorId: string, postId: string): string {
  return `${PREFIX}${authorId}.${postId}`;
}

export function backUp(key: string, fields: Fields, version: number): void {
  localStorage.setItem(key, JSON.stringify({ fields, version, tab } satisfies Backup));
}

export function backupOf(key: string): Backup | undefined {
  const text = localStorage.getItem(key);
  return text === null ? undefined : (JSON.parse(text) as Backup);
}

/** This tab's alone: what another tab has not saved is not this one's to forget. */
export function forgetBackup(key: string): void {
  if (backupOf(key)?.tab === tab) localStorage.removeItem(key);
}

/** How many texts of somebody are on this device alone; `forgetAll` is for when they log out. */
export function unsavedOf(authorId: string): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(`${PREFIX}${authorId}.`));
}

export function forgetAll(authorId: string): void {
  for (const key of unsavedOf(authorId)) localStorage.removeItem(key);
}
