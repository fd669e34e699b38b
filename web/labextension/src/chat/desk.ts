import { type ISignal, Signal } from '@lumino/signaling';
import type { ChatDone, Conversation } from '../api/assisted-types';
import type { CaseloopClient } from '../api/client';
import { ApiError } from '../api/errors';
import type { Cell } from '../api/types';
import type { AssistanceModel } from '../assistance/model';
import { announce } from '../parts/announce';

/** A message that is being answered. */
export interface Pending {
  text: string;
  /** As much of the answer as has come. */
  answer: string;
  /** What had come before was taken back. */
  retracted: boolean;
  abort: AbortController;
}

/** The conversation about one step. It outlives the view that shows it: an answer goes on being written. */
export class ChatDesk {
  conversation?: Conversation;
  problem?: ApiError;
  loading = false;
  pending?: Pending;
  /** What is typed and not sent. */
  draft = '';
  reasoning = '';
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private readonly subtask: string,
    private readonly client: CaseloopClient,
    private readonly assistance: AssistanceModel
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The learner types. */
  type(field: 'draft' | 'reasoning', text: string): void {
    this[field] = text;
    this._changed.emit();
  }

  /** Fetch what was said. Never rejects. */
  async load(): Promise<void> {
    if (this.pending) {
      return;
    }
    const before = this.conversation;
    this.loading = true;
    this.problem = undefined;
    this._changed.emit();
    try {
      const fetched = await this.client.conversation(this.subtask);
      if (this.conversation === before) {
        this.conversation = fetched; // else an answer has come meanwhile, which this does not have
      }
    } catch (reason) {
      this.failed(reason);
    }
    this.loading = false;
    this._changed.emit();
  }

  /** Send a message; `cells` gives the notebook as it is. Never rejects: a message that failed is in the box again. */
  async send(text: string, cells: () => Promise<Cell[]>): Promise<void> {
    if (this.pending || !text.trim()) {
      return;
    }
    const pending: Pending = { text, answer: '', retracted: false, abort: new AbortController() };
    const reasoning = this.conversation?.reasoning_needed ? this.reasoning.trim() : null;
    this.pending = pending;
    this.problem = undefined;
    this.draft = this.draft.trim() === text.trim() ? '' : this.draft;
    this._changed.emit();
    announce('Sent. The answer is being written.');
    try {
      const body = { subtask: this.subtask, cells: await cells(), text: text.trim(), reasoning };
      for await (const event of this.client.chat(body, pending.abort.signal)) {
        if (event.kind === 'delta') {
          pending.answer += event.text;
        } else if (event.kind === 'retracted') {
          pending.answer = '';
          pending.retracted = true;
          announce('That answer is taken back; other words follow.');
        } else {
          this.answered(event);
        }
        this._changed.emit();
      }
    } catch (reason) {
      await this.unanswered(pending, reason);
    }
  }

  /** Leave the answer that is being written. */
  stop(): void {
    this.pending?.abort.abort();
  }

  /** Begin anew. Never rejects. */
  async reset(): Promise<void> {
    this.stop();
    this.problem = undefined;
    try {
      this.conversation = await this.client.resetChat({ subtask: this.subtask });
      this.reasoning = '';
      announce('The conversation begins anew.');
    } catch (reason) {
      this.failed(reason);
    }
    this._changed.emit();
  }

  private answered({ question, answer, left }: ChatDone): void {
    const { messages, subtask } = this.conversation ?? { messages: [], subtask: this.subtask };
    this.conversation = { subtask, messages: [...messages, question, answer], reasoning_needed: false, left };
    this.pending = undefined;
    this.reasoning = '';
    announce(`Answer: ${answer.text}`);
    void this.assistance.load();
  }

  /** Stopped or failed: see what was kept of it, and give the words back if they were not. */
  private async unanswered(pending: Pending, reason: unknown): Promise<void> {
    const stopped = pending.abort.signal.aborted;
    const before = new Set(this.conversation?.messages.map(message => message.id));
    this.pending = undefined;
    try {
      this.conversation = await this.client.conversation(this.subtask);
    } catch {
      // what is on the screen stays
    }
    const kept = this.conversation?.messages.some(
      ({ id, role, text }) => role === 'learner' && !before.has(id) && text === pending.text.trim()
    );
    if (!kept && !this.draft) {
      this.draft = pending.text;
    }
    if (stopped) {
      announce('Stopped.');
    } else {
      this.failed(reason);
    }
    this._changed.emit();
  }

  private failed(reason: unknown): void {
    this.problem = ApiError.from(reason);
    announce(this.problem.detail, true);
    this.assistance.noticed(this.problem);
  }
}
