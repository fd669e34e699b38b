import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/errors';
import type { EscalationView, Note, Offer } from '../src/api/mentor-types';
import type { MentorsApi } from '../src/api/mentors';
import type { CaseModel } from '../src/case/model';
import type { Checker } from '../src/check/checker';
import { MentorDesk } from '../src/mentors/desk';
import { LOOK_AGAIN, LOOK_AT_RATED, MentorDesks } from '../src/mentors/desks';
import { type DraftStore, type MentorDrafts, NOTHING, TabDrafts } from '../src/mentors/drafts';
import { commentMarks, current, newestAnswer, newsWords, reasonWords, seenByMentors, stateWords } from '../src/mentors/words';

const said: string[] = [];
vi.mock('../src/parts/announce', () => ({ announce: (text: string) => said.push(text) })); // speaks into a document

const at = (minute: number): string => `2026-11-25T10:0${minute}:00Z`;
const note = (id: string, fields: Partial<Note> = {}): Note => ({
  id,
  author: 'mentor',
  name: 'Mona',
  text: `words of ${id}`,
  written: at(1),
  comments: [],
  is_answer: false,
  ...fields
});
const question = (id: string, fields: Partial<EscalationView> = {}): EscalationView => ({
  id,
  subtask: 'total',
  submission: 's',
  state: 'waiting',
  reason: 'repeated_failure',
  opened: at(0),
  updated: at(0),
  mentor: null,
  notes: [],
  helpful: null,
  reopened: 0,
  ...fields
});

describe('words', () => {
  it('name the question that counts: the newest that was not taken back', () => {
    expect(current([])).toBeUndefined();
    const taken = question('c', { state: 'cancelled', opened: at(3) });
    expect(current([question('a'), question('b', { opened: at(2) }), taken])?.id).toBe('b');
    // an old one that was asked anew waits
    expect(current([question('a'), question('b', { opened: at(2), state: 'rated' }), taken])?.id).toBe('a');
  });

  it('say where a question stands and who has it', () => {
    expect(stateWords(question('a'))).toBe('Waiting for a mentor.');
    expect(stateWords(question('a', { reopened: 1 }))).toBe('Waiting for a mentor again.');
    expect(stateWords(question('a', { state: 'leased', mentor: 'Mona' }))).toBe('Mona is reading it.');
    expect(stateWords(question('a', { state: 'leased' }))).toBe('A mentor is reading it.');
    const answered = question('a', { state: 'answered', mentor: 'Mona', notes: [note('n', { is_answer: true })] });
    expect(stateWords(answered, new Date('2027-01-01'))).toMatch(/^Answered by Mona, .*2026/);
  });

  it('take the newest answer, and a mentor’s question while there is none', () => {
    const notes = [note('x', { is_answer: true }), note('y', { is_answer: true }), note('z')];
    expect(newestAnswer(question('a', { notes }))?.id).toBe('y');
    expect(newestAnswer(question('a', { notes: [note('z'), note('l', { author: 'learner' })] }))?.id).toBe('z');
  });

  it('tell what is new, once, and nothing of what was there before', () => {
    const before = question('a');
    const leased = question('a', { state: 'leased', mentor: 'Mona' });
    const answered = question('a', { state: 'answered', notes: [note('n', { is_answer: true })] });
    expect(newsWords(before, leased, 'Total')).toBe('A mentor is reading your question about «Total».');
    expect(newsWords(leased, leased, 'Total')).toBeUndefined();
    expect(newsWords(leased, answered, 'Total')).toBe('Mona has answered your question about «Total».');
    expect(newsWords(leased, { ...leased, notes: [note('m')] }, 'Total')).toBe('Mona has written about your question about «Total».');
    expect(newsWords(undefined, answered, 'Total')).toBeUndefined();
  });

  it('mark at most five lines a comment, and put two on one line together', () => {
    const place = (line: number | null, end_line: number | null = null) => ({ cell: 'c', line, end_line });
    const marks = commentMarks([{ place: place(2, 90), text: 'one' }, { place: place(2), text: 'two' }, { place: place(null), text: '-' }], 'Mona');
    expect([...marks.get('c')!.keys()]).toEqual([2, 3, 4, 5, 6]);
    expect(marks.get('c')!.get(2)).toBe('Mona: one — Mona: two');
  });

  it('say why a mentor is offered, and what one will see', () => {
    expect(reasonWords([])).toBe('');
    expect(reasonWords(['repeated_failure'])).toContain('several times');
    expect(seenByMentors(3).join(' ')).toMatch(/version 3.*chat.*recorded sessions.*name/);
  });
});

class Kept implements DraftStore {
  constructor(public drafts: MentorDrafts = { ...NOTHING }) {}

  read(): MentorDrafts {
    return this.drafts;
  }

  write(drafts: MentorDrafts): void {
    this.drafts = drafts;
  }
}

describe('MentorDesk', () => {
  const model = { subtask: () => ({ view: { title: 'Total' } }), noticed: () => undefined } as unknown as CaseModel;
  let questions: EscalationView[];
  let offer: Offer;
  let refusal: ApiError | undefined;
  /** Offers are under way until then. */
  let held: Promise<void> | undefined;
  let desk: MentorDesk;
  let kept: Kept;
  const sent: unknown[][] = [];

  beforeEach(() => {
    [questions, offer, refusal, said.length, sent.length] = [[], { subtask: 'total', reasons: ['repeated_failure'], open: null }, undefined, 0, 0];
    held = undefined;
    const answer = <T>(value: () => T) => async (...asked: unknown[]) => {
      sent.push(asked);
      if (refusal) {
        throw refusal;
      }
      return value();
    };
    const api = {
      offer: async () => {
        const found = offer;
        await held;
        return found;
      },
      mine: async () => questions,
      open: answer(() => (questions = [question('a')])[0]),
      write: answer(() => (questions = [question('a', { notes: [note('l', { author: 'learner' })] })])[0]),
      rate: answer(() => (questions = [question('a', { reopened: 1 })])[0]),
      cancel: answer(() => (questions = [question('a', { state: 'cancelled' })])[0]),
      rateRemembered: answer(() => offer)
    };
    kept = new Kept();
    desk = new MentorDesk('total', api as unknown as MentorsApi, model, kept);
  });

  it('offers a mentor while there is a reason and no question under way', async () => {
    expect(desk.offered).toBe(false);
    await desk.load();
    expect(desk.offered).toBe(true);
    questions = [question('a', { state: 'answered' })];
    await desk.load();
    expect([desk.offered, desk.live]).toEqual([false, true]);
    questions = [question('a', { state: 'rated', helpful: true })];
    await desk.load();
    expect([desk.offered, desk.live]).toEqual([true, false]);
    offer = { ...offer, reasons: [] };
    await desk.load();
    expect(desk.offered).toBe(false);
  });

  it('sends a question with what was typed, and empties the form', async () => {
    await desk.load();
    desk.ask(true);
    desk.type('notes', '  I tried a loop ');
    desk.type('email', ' ada@example.org ');
    const outputs = [{ cell: 'a', source: '', stale: false, outputs: [] }];
    await desk.open('s', outputs);
    const request = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(sent[0]).toEqual([{ subtask: 'total', submission: 's', notes: 'I tried a loop', email: 'ada@example.org', outputs, request }]);
    expect([desk.asking, desk.drafts.notes, desk.question?.state]).toEqual([false, '', 'waiting']);
    expect(kept.drafts).toEqual(NOTHING);
  });

  it('keeps what was typed when it is refused', async () => {
    refusal = new ApiError(409, 'not_offered', 'Try a hint first.');
    desk.ask(true);
    desk.type('notes', 'help');
    await desk.open('s');
    expect([desk.asking, desk.drafts.notes, desk.problem?.detail]).toEqual([true, 'help', 'Try a hint first.']);
    expect(said).toContain('Try a hint first.');
  });

  it('gives a request that is sent again its number again, and every other one a new number', async () => {
    const asked = async (notes: string): Promise<string> => {
      desk.type('notes', notes);
      await desk.open('s');
      return (sent.at(-1)![0] as { request: string }).request;
    };
    refusal = new ApiError(0, 'server_unavailable', 'away');
    const first = await asked('Why?');
    expect(await asked('Why?')).toBe(first);
    expect(await asked('Why not?')).not.toBe(first);
    refusal = undefined;
    const arrived = await asked('Why?');
    expect(await asked('Why?')).not.toBe(arrived);
  });

  it('finds after a reload what was being typed', () => {
    desk.type('notes', 'I have');
    desk.type('unclear', 'not sent');
    const again = new MentorDesk('total', {} as MentorsApi, model, kept);
    expect(again.drafts).toEqual({ ...NOTHING, notes: 'I have', unclear: 'not sent' });
  });

  it('says that a mentor looks again only where one does', async () => {
    await desk.rate('a', false);
    expect(said.at(-1)).toBe('A mentor will look at it again.');
    const rated = question('a', { state: 'rated', helpful: false });
    const other = new MentorDesk('total', { rate: async () => rated, offer: async () => offer, mine: async () => [rated] } as unknown as MentorsApi, model, kept);
    expect(await other.rate('a', false)).toBe(true);
    expect(said.at(-1)).toBe('Thank you. Your rating is kept.');
  });

  it('sends what is unclear with an unhelpful rating only', async () => {
    questions = [question('a', { state: 'answered' })];
    await desk.load();
    desk.type('unclear', 'which line?');
    await desk.rate('a', true);
    await desk.rate('a', false);
    expect(sent).toEqual([
      ['a', { helpful: true, text: '' }],
      ['a', { helpful: false, text: '' }]
    ]);
    desk.type('unclear', 'which line?');
    await desk.rate('a', false);
    expect(sent[2]).toEqual(['a', { helpful: false, text: 'which line?' }]);
  });

  it('says aloud what a mentor does, and drops an answer that was overtaken', async () => {
    questions = [question('a')];
    await desk.load();
    questions = [question('a', { state: 'answered', notes: [note('n', { is_answer: true })] })];
    await Promise.all([desk.load(), desk.load()]);
    expect(said).toEqual(['Mona has answered your question about «Total».']);
  });

  it('opens the way to a mentor when a remembered answer did not help', async () => {
    expect(await desk.rateRemembered('e', false, 's')).toBe(true);
    expect(sent[0]).toEqual(['e', { helpful: false, submission: 's' }]);
    expect(said.at(-1)).toContain('ask a mentor now');
    refusal = new ApiError(503, 'service_unavailable', 'away');
    expect(await desk.rateRemembered('e', true, 's')).toBe(false);
  });

  it('does not close that way with what was asked before the rating', async () => {
    const opening = offer;
    let arrive = (): void => undefined;
    held = new Promise(resolve => (arrive = resolve));
    offer = { ...offer, reasons: [] };
    const before = desk.load();
    offer = opening;
    await desk.rateRemembered('e', false, 's');
    arrive();
    await before;
    expect(desk.offered).toBe(true);
  });
});

describe('TabDrafts', () => {
  it('keeps what is typed in the tab, apart by place, and nothing that was sent', () => {
    const tab = new Map<string, string>();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => tab.get(key) ?? null,
      setItem: (key: string, text: string) => tab.set(key, text),
      removeItem: (key: string) => tab.delete(key)
    });
    const drafts = new TabDrafts('case/total');
    expect(drafts.read()).toEqual(NOTHING);
    drafts.write({ ...NOTHING, message: 'And row 3?' });
    expect(new TabDrafts('case/total').read().message).toBe('And row 3?');
    expect(new TabDrafts('case/count').read()).toEqual(NOTHING);
    drafts.write({ ...NOTHING });
    expect(tab.size).toBe(0);
    tab.set('case/total', '{"notes": 3, "email"');
    expect(drafts.read()).toEqual(NOTHING);
    tab.set('case/total', '{"notes": 3, "email": "a@b.example"}');
    expect(drafts.read()).toEqual({ ...NOTHING, email: 'a@b.example' });
    vi.unstubAllGlobals();
  });

  it('does without a browser that keeps nothing', () => {
    const drafts = new TabDrafts('case/total');
    drafts.write({ ...NOTHING, notes: 'x' });
    expect(drafts.read().message).toBe('');
  });
});

describe('MentorDesks', () => {
  it('looks after what is rated as well, and seldom', async () => {
    vi.useFakeTimers();
    vi.stubGlobal('window', globalThis);
    vi.stubGlobal('document', { hidden: false, addEventListener: () => undefined });
    const looks: { [subtask: string]: number } = {};
    const of = (subtask: string): EscalationView[] => [question(subtask, { state: subtask === 'old' ? 'rated' : 'waiting', subtask })];
    const api = {
      offer: async (subtask: string) => ({ subtask, reasons: [], open: null }),
      mine: async (subtask: string) => {
        looks[subtask] = (looks[subtask] ?? 0) + 1;
        return of(subtask);
      }
    };
    const signal = { connect: () => undefined };
    const model = { changed: signal, subtask: () => undefined, noticed: () => undefined } as unknown as CaseModel;
    const desks = new MentorDesks(api as unknown as MentorsApi, model, { answered: signal } as unknown as Checker, () => new Kept());
    await Promise.all([desks.of('old').load(), desks.of('new').load()]);
    await vi.advanceTimersByTimeAsync(LOOK_AT_RATED - LOOK_AGAIN);
    expect(looks).toEqual({ old: 1, new: LOOK_AT_RATED / LOOK_AGAIN });
    await vi.advanceTimersByTimeAsync(2 * LOOK_AGAIN);
    expect(looks.old).toBe(2);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
});
