import type { EventBatch } from '../api/session-types';

/** Keeps batches over a reload. Nothing here ever rejects: a browser that keeps nothing is a memory that is short. */
export interface BatchStore {
  keys(): Promise<string[]>;
  get(key: string): Promise<EventBatch | undefined>;
  /** True when it is kept. */
  put(key: string, batch: EventBatch): Promise<boolean>;
  remove(key: string): Promise<void>;
  clear(): Promise<void>;
}

const NAME = 'caseloop-recorder';
const TABLE = 'batches';

/** Batches in the browser's IndexedDB, below a prefix: one browser may hold several learners' and cases' servers. */
export class BrowserStore implements BatchStore {
  private opened?: Promise<IDBDatabase>;

  constructor(private readonly prefix: string) {}

  async keys(): Promise<string[]> {
    const range = IDBKeyRange.bound(this.prefix, `${this.prefix}\uffff`);
    const found = await this.tried(table => table.getAllKeys(range), 'readonly');
    return (found ?? []).map(key => String(key).slice(this.prefix.length));
  }

  async get(key: string): Promise<EventBatch | undefined> {
    return (await this.tried<EventBatch | undefined>(table => table.get(this.prefix + key), 'readonly')) ?? undefined;
  }

  async put(key: string, batch: EventBatch): Promise<boolean> {
    return (await this.tried(table => table.put(batch, this.prefix + key), 'readwrite')) !== undefined;
  }

  async remove(key: string): Promise<void> {
    await this.tried(table => table.delete(this.prefix + key), 'readwrite');
  }

  async clear(): Promise<void> {
    await this.tried(table => table.delete(IDBKeyRange.bound(this.prefix, `${this.prefix}\uffff`)), 'readwrite');
  }

  private async tried<T>(act: (table: IDBObjectStore) => IDBRequest<T>, mode: IDBTransactionMode): Promise<T | undefined> {
    try {
      this.opened ??= open();
      const table = (await this.opened).transaction(TABLE, mode).objectStore(TABLE);
      return await settled(act(table));
    } catch {
      return undefined;
    }
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the browser keeps nothing'));
  });
}
