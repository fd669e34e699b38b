import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** As much of a document as a live region needs. */
class FakeElement {
  className = '';
  dataset: Record<string, string> = {};
  textContent = '';
  children: FakeElement[] = [];
  parent?: FakeElement;
  setAttribute = vi.fn();

  append(child: FakeElement): void {
    child.parent = this;
    this.children.push(child);
  }

  get previousSibling(): FakeElement | null {
    const siblings = this.parent?.children ?? [];
    return siblings[siblings.indexOf(this) - 1] ?? null;
  }

  remove(): void {
    const siblings = this.parent?.children ?? [];
    siblings.splice(siblings.indexOf(this), 1);
  }
}

const body = new FakeElement();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { body, createElement: () => new FakeElement() });
  vi.stubGlobal('window', globalThis);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function held(kind: string): string[] {
  const node = body.children.find(child => child.dataset.caseloop === `announcer-${kind}`);
  return (node?.children ?? []).map(child => child.textContent);
}

test('what is said together is heard together, and makes room for later words', async () => {
  const { announce } = await import('../src/parts/announce');
  announce('Answer: look at the total.');
  announce('The feedback is now in a model’s words.');
  announce('It could not be kept.', true);
  vi.advanceTimersByTime(100);
  expect(held('polite')).toEqual(['Answer: look at the total.', 'The feedback is now in a model’s words.']);
  expect(held('assertive')).toEqual(['It could not be kept.']);
  vi.advanceTimersByTime(60_000);
  expect(held('polite')).toEqual(['The feedback is now in a model’s words.']);
  announce('The feedback is now in a model’s words.');
  vi.advanceTimersByTime(100);
  expect(held('polite')).toHaveLength(2);
  vi.advanceTimersByTime(60_000);
  expect(held('polite')).toHaveLength(1);
});
