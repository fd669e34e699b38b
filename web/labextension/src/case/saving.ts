import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { NotebookPanel } from '@jupyterlab/notebook';

type Context = DocumentRegistry.Context;

/** The saves of one document, one after the other, Lab's own included. */
class SaveQueue {
  private last: Promise<void> = Promise.resolve();
  /** Settled when the save that is under way, whoever began it, has ended. */
  private current: Promise<void> = Promise.resolve();
  private ended?: () => void;

  constructor(private readonly context: Context) {
    context.saveState.connect((_, state) => {
      if (state === 'started') {
        this.current = new Promise(resolve => (this.ended = resolve));
      } else {
        this.ended?.();
      }
    });
  }

  save(): Promise<void> {
    const next = this.last.catch(() => undefined).then(() => this.begin());
    this.last = next;
    return next;
  }

  private async begin(): Promise<void> {
    await this.current;
    if (!this.context.isDisposed) {
      await this.context.save();
    }
  }
}

const queues = new WeakMap<Context, SaveQueue>();

/**
 * Save a notebook when no other save of it is under way: two at once look to Lab as if somebody else had changed the
 * file, and it would ask the learner what to do. Rejects as Lab's own save does.
 */
export function saveNotebook({ context }: NotebookPanel): Promise<void> {
  const queue = queues.get(context) ?? new SaveQueue(context);
  queues.set(context, queue);
  return queue.save();
}
