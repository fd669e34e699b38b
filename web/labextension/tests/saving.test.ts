import { describe, expect, it } from 'vitest';
import { serializeSaves } from '../src/case/saving';

/** A document whose saves end when they are told to. */
function document() {
  const ends: ((problem?: Error) => void)[] = [];
  const context = {
    isDisposed: false,
    save: () =>
      new Promise<void>((resolve, reject) => {
        ends.push(problem => (problem ? reject(problem) : resolve()));
      })
  };
  serializeSaves(context);
  return { context, ends };
}

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve));

describe('serializeSaves', () => {
  it('begins a save when the one before has ended', async () => {
    const { context, ends } = document();
    const first = context.save();
    await settled();
    const second = context.save();
    await settled();
    expect(ends).toHaveLength(1);
    ends[0]!();
    await first;
    await settled();
    expect(ends).toHaveLength(2);
    ends[1]!();
    await second;
  });

  it('lets all who ask meanwhile share the save that has not begun', async () => {
    const { context, ends } = document();
    void context.save();
    await settled();
    const others = [context.save(), context.save(), context.save()];
    ends[0]!();
    await settled();
    expect(ends).toHaveLength(2);
    ends[1]!();
    await Promise.all(others);
  });

  it('tells a failure to those whose save it was, and goes on', async () => {
    const { context, ends } = document();
    const first = context.save();
    await settled();
    ends[0]!(new Error('the disk is full'));
    await expect(first).rejects.toThrow('the disk is full');
    const second = context.save();
    await settled();
    ends[1]!();
    await second;
  });

  it('saves nothing of a document that is closed, and is applied once', async () => {
    const { context, ends } = document();
    serializeSaves(context);
    context.isDisposed = true;
    await context.save();
    expect(ends).toHaveLength(0);
  });
});
