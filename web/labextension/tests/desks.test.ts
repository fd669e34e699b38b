import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AskChat, ChatDone, Conversation, HintShelf, HintView, Message, RateHint, Reflect } from '../src/api/assisted-types';
import type { CaseloopClient, ChatEvent } from '../src/api/client';
import { ApiError } from '../src/api/errors';
import type { AssistanceModel } from '../src/assistance/model';
import { ChatDesk } from '../src/chat/desk';
import { HintDesk } from '../src/hints/desk';
import { pendingFirst } from '../src/hints/words';
import { hint } from './hint-double';

const said: string[] = [];
vi.mock('../src/parts/announce', () => ({ announce: (text: string) => said.push(text) })); // speaks into a document

const noticed: ApiError[] = [];
const assistance = {
  load: async () => undefined,
  noticed: (problem: ApiError) => noticed.push(problem)
} as unknown as AssistanceModel;
const cells = async () => [];

beforeEach(() => {
  said.length = 0;
  noticed.length = 0;
});

/** A gateway that makes one hint in the given states. */
class Hints {
  hints: HintView[] = [];
  refusal?: ApiError;
  /** Shelves are under way until then. */
  held?: Promise<void>;
  constructor(private readonly states: HintView[]) {}

  async askHint(): Promise<HintView> {
    if (this.refusal) {
      throw this.refusal;
    }
    this.hints = [this.states[0]];
    return this.states[0];
  }

  async *followHint(): AsyncGenerator<HintView> {
    for (const state of this.states) {
      this.hints = [state];
      yield state;
    }
  }

  async rateHint(id: string, { helpful }: RateHint): Promise<HintView> {
    this.hints = this.hints.map(old => (old.id === id ? { ...old, helpful } : old));
    return this.hints.find(one => one.id === id)!;
  }

  async reflect(id: string, { text }: Reflect): Promise<HintView> {
    this.hints = this.hints.map(old => (old.id === id ? { ...old, reflection: text } : old));
    return this.hints.find(one => one.id === id)!;
  }

  async hintsOf(): Promise<HintShelf> {
    const left = { plan: 1, debug: 3 - this.hints.length, optimize: 1, overall: null };
    const unrated = this.hints.find(({ helpful, state }) => state === 'ready' && helpful === null)?.id ?? null;
    const shelf = { subtask: 'total', hints: this.hints, left, unrated };
    await this.held;
    return shelf;
  }

  get client(): CaseloopClient {
    return {
      askHint: () => this.askHint(),
      followHint: () => this.followHint(),
      reflect: (id: string, thought: Reflect) => this.reflect(id, thought),
      rateHint: (id: string, rating: RateHint) => this.rateHint(id, rating),
      hints: () => this.hintsOf()
    } as unknown as CaseloopClient;
  }
}

describe('HintDesk', () => {
  it('follows a hint to its end and takes the quota anew', async () => {
    const gateway = new Hints([
      hint('a', { state: 'working', stage: 'checking', text: null }),
      hint('a', { state: 'ready', text: 'Look at the loop.' })
    ]);
    const desk = new HintDesk('total', gateway.client, assistance);
    await desk.load();
    await desk.ask('debug', cells);
    await vi.waitFor(() => expect(desk.shelf?.hints[0].state).toBe('ready'));
    await vi.waitFor(() => expect(desk.shelf?.left.debug).toBe(2));
    expect(said.filter(words => words === 'Your hint is ready. Look at the loop.')).toHaveLength(1);
  });

  it('goes on with a hint that was in the making before the page was loaded', async () => {
    const gateway = new Hints([hint('a', { state: 'ready' })]);
    gateway.hints = [hint('a', { state: 'working', stage: 'wording', text: null })];
    const desk = new HintDesk('total', gateway.client, assistance);
    await desk.load();
    await vi.waitFor(() => expect(desk.shelf?.hints[0].state).toBe('ready'));
  });

  it('keeps a thought that arrived while the shelf of before was under way', async () => {
    const gateway = new Hints([hint('a', { state: 'working' }), hint('a')]);
    const desk = new HintDesk('total', gateway.client, assistance);
    await desk.load();
    let arrive = (): void => undefined;
    gateway.held = new Promise(resolve => (arrive = resolve));
    const asked = desk.ask('debug', cells);
    await vi.waitFor(() => expect(said.at(-1)).toContain('Your hint is ready.')); // its shelf was asked for with that
    expect(await desk.reflect('a', 'it forgets everything')).toBe(true);
    arrive();
    await asked;
    await vi.waitFor(() => expect(desk.shelf?.left.debug).toBe(2));
    expect(desk.shelf?.hints[0].reflection).toBe('it forgets everything');
  });

  it('says what was refused and keeps the shelf', async () => {
    const gateway = new Hints([hint('a')]);
    const desk = new HintDesk('total', gateway.client, assistance);
    await desk.load();
    gateway.refusal = new ApiError(429, 'hints_spent', 'All are used.');
    expect(await desk.ask('debug', cells)).toBeUndefined();
    expect(desk.problem?.detail).toBe('All are used.');
    expect(desk.asking).toBeUndefined();
    expect(noticed).toHaveLength(1);
    expect(desk.shelf?.hints).toEqual([]);
  });

  it('lets the next hint be asked for as soon as the last one is shown as rated', async () => {
    const gateway = new Hints([]);
    gateway.hints = [hint('a')];
    const desk = new HintDesk('total', gateway.client, assistance);
    await desk.load();
    const first: (string | undefined)[] = [];
    desk.changed.connect(() => {
      if (desk.shelf!.hints[0].helpful !== null) {
        first.push(pendingFirst(desk.shelf!));
      }
    });
    expect(pendingFirst(desk.shelf!)).toContain('helped');
    await desk.rate('a', false);
    expect(first.length).toBeGreaterThan(1); // at once, and with the shelf that came anew
    expect(new Set(first)).toEqual(new Set([undefined]));
  });
});

const message = (id: string, role: Message['role'], text: string): Message => ({
  id,
  role,
  text,
  sent: '2026-11-25T10:00:00Z',
  intent: null,
  words_by: role === 'assistant' ? 'model' : null,
  cites: [],
  follow_ups: [],
  truncated: false
});
const done = (question: string, answer: string): ChatDone => ({
  kind: 'done',
  question: message('q', 'learner', question),
  answer: message('a', 'assistant', answer),
  left: 3
});

/** A gateway that answers with the given parts, and waits in the middle until it is let go or left. */
class Chat {
  conversation_: Conversation = { subtask: 'total', messages: [], reasoning_needed: false, left: 4 };
  asked: AskChat[] = [];
  constructor(private readonly parts: (ChatEvent | Error | 'wait')[]) {}

  async *chat(body: AskChat, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    this.asked.push(body);
    for (const part of this.parts) {
      if (part === 'wait') {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('left'))));
      } else if (part instanceof Error) {
        throw part;
      } else {
        yield part;
      }
    }
  }

  get client(): CaseloopClient {
    return {
      chat: (body: AskChat, signal: AbortSignal) => this.chat(body, signal),
      conversation: async () => this.conversation_,
      resetChat: async () => ({ ...this.conversation_, messages: [] })
    } as unknown as CaseloopClient;
  }
}

async function opened(chat: Chat): Promise<ChatDesk> {
  const desk = new ChatDesk('total', chat.client, assistance);
  await desk.load();
  return desk;
}

describe('ChatDesk', () => {
  it('shows an answer as it comes and keeps the turn at its end', async () => {
    const desk = await opened(new Chat([{ kind: 'delta', text: 'Look ' }, { kind: 'delta', text: 'there.' }, done('Why?', 'Look there.')]));
    const seen: string[] = [];
    desk.changed.connect(() => desk.pending && seen.push(desk.pending.answer));
    desk.type('draft', ' Why? ');
    await desk.send(desk.draft, cells);
    expect(seen).toContain('Look ');
    expect(desk.conversation?.messages.map(({ text }) => text)).toEqual(['Why?', 'Look there.']);
    expect([desk.draft, desk.pending, desk.conversation?.left]).toEqual(['', undefined, 3]);
  });

  it('takes back what was retracted', async () => {
    const desk = await opened(new Chat([{ kind: 'delta', text: 'sum(prices)' }, { kind: 'retracted' }, 'wait']));
    const sending = desk.send('How?', cells);
    await vi.waitFor(() => expect(desk.pending?.retracted).toBe(true));
    expect(desk.pending?.answer).toBe('');
    desk.stop();
    await sending;
  });

  it('gives the words back when it is stopped before anything was kept', async () => {
    const desk = await opened(new Chat([{ kind: 'delta', text: 'Look' }, 'wait']));
    const sending = desk.send('Why is it so?', cells);
    await vi.waitFor(() => expect(desk.pending?.answer).toBe('Look'));
    desk.stop();
    await sending;
    expect([desk.draft, desk.pending, desk.problem]).toEqual(['Why is it so?', undefined, undefined]);
  });

  it('does not give back what was kept, nor write over what is being typed', async () => {
    const chat = new Chat([new ApiError(503, 'service_unavailable', 'Away.')]);
    const desk = await opened(chat);
    chat.conversation_ = { ...chat.conversation_, messages: [message('q', 'learner', 'Why?')] };
    await desk.send('Why?', cells);
    expect([desk.draft, desk.problem?.detail]).toEqual(['', 'Away.']);
    const again = await opened(new Chat([new ApiError(429, 'messages_spent', 'Spent.')]));
    const sending = again.send('First', cells);
    again.type('draft', 'Second');
    await sending;
    expect([again.draft, again.problem?.detail]).toEqual(['Second', 'Spent.']);
  });

  it('brings the reasoning only where it is needed', async () => {
    const chat = new Chat([done('Why?', 'Look.')]);
    chat.conversation_ = { ...chat.conversation_, reasoning_needed: true };
    const desk = await opened(chat);
    desk.type('reasoning', ' it forgets everything ');
    await desk.send('Why?', cells);
    await desk.send('And now?', cells);
    expect(chat.asked.map(({ reasoning }) => reasoning)).toEqual(['it forgets everything', null]);
  });

  it('loses no answer that comes while the conversation is fetched', async () => {
    const chat = new Chat([done('Why?', 'Look there.')]);
    const before = chat.conversation_;
    const { client } = chat;
    const desk = new ChatDesk('total', client, assistance);
    await desk.load();
    let arrive = (): void => undefined;
    client.conversation = () => new Promise(resolve => (arrive = () => resolve(before)));
    const loading = desk.load();
    await desk.send('Why?', cells);
    arrive();
    await loading;
    expect(desk.conversation?.messages.map(({ text }) => text)).toEqual(['Why?', 'Look there.']);
  });

  it('sends nothing twice and nothing empty', async () => {
    const chat = new Chat(['wait']);
    const desk = await opened(chat);
    await desk.send('   ', cells);
    const sending = desk.send('Once', cells);
    await desk.send('Twice', cells);
    await vi.waitFor(() => expect(chat.asked).toHaveLength(1));
    desk.stop();
    await sending;
    expect(chat.asked[0].text).toBe('Once');
  });
});
