import type { DocumentRegistry } from '@jupyterlab/docregistry';

type Saved = Pick<DocumentRegistry.Context, 'save' | 'isDisposed'>;

const serialized = new WeakSet<Saved>();

/**
 * Let every save of a document, whoever begins it, wait for the one before. Lab saves by itself while we do, and takes
 * the newer file that another save has just written for somebody else's work: it would ask the learner what to do.
 * A save that has not begun yet is everybody's who asks meanwhile: it will write what is there when it begins.
 */
export function serializeSaves(context: Saved): void {
  if (serialized.has(context)) {
    return;
  }
  serialized.add(context);
  const save = context.save.bind(context);
  let last: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  context.save = () => {
    waiting ??= last
      .catch(() => undefined)
      .then(() => {
        waiting = undefined;
        return context.isDisposed ? undefined : save();
      });
    last = waiting;
    return waiting;
  };
}
