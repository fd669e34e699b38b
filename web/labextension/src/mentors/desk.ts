import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError } from '../api/errors';
import type { EscalationView, NotebookOutputs, Offer } from '../api/mentor-types';
import type { MentorsApi } from '../api/mentors';
import type { CaseModel } from '../case/model';
import { announce } from '../parts/announce';
import { newId } from '../parts/ids';
import { type DraftStore, type MentorDrafts, NOTHING } from './drafts';
import { current, isLive, isOpen, newsWords } from './words';

/** The questions to mentors about one step. It outlives the views that show it. */
export class MentorDesk {
  offer?: Offer;
  questions: EscalationView[] = [];
  problem?: ApiError;
  busy = false;
  /** The form is open. */
  asking = false;
  drafts: MentorDrafts;
  private turn = 0;
  /** The request that was sent last and has had no answer: sent again word for word, it is the same one. */
  private unanswered?: { words: string; request: string };
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private readonly subtask: string,
    private readonly api: MentorsApi,
    private readonly model: CaseModel,
    private readonly store: DraftStore
  ) {
    this.drafts = store.read();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The question that counts now. */
  get question(): EscalationView | undefined {
    return current(this.questions);
  }

  /** A mentor may be asked now. */
  get offered(): boolean {
    const { question } = this;
    return Boolean(this.offer?.reasons.length) && !this.offer?.open && !(question && isLive(question));
  }

  /** Something may come from a mentor. */
  get live(): boolean {
    return this.question !== undefined && isLive(this.question);
  }

  /** The answer is rated: little is to be expected, but a mentor may still write. */
  get quiet(): boolean {
    return this.question?.state === 'rated';
  }

  type(field: keyof MentorDrafts, text: string): void {
    this.draft({ ...this.drafts, [field]: text });
  }

  ask(open: boolean): void {
    this.asking = open;
    this.problem = undefined;
    this._changed.emit();
  }

  /** Look at the gateway; what is new from a mentor is said aloud. Never rejects, and says nothing of a failure. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const [offer, questions] = await Promise.all([this.api.offer(this.subtask), this.api.mine(this.subtask)]);
      if (turn === this.turn) {
        this.offer = offer;
        this.heard(questions);
        this._changed.emit();
      }
    } catch (reason) {
      this.model.noticed(ApiError.from(reason));
    }
  }

  /** Send the question about this judged version, with what the notebook shows. Never rejects. */
  async open(submission: string, outputs: NotebookOutputs[] = []): Promise<void> {
    const { notes, email } = this.drafts;
    const body = { subtask: this.subtask, submission, notes: notes.trim(), email: email.trim() };
    const words = JSON.stringify(body);
    const request = this.unanswered?.words === words ? this.unanswered.request : newId();
    this.unanswered = { words, request };
    const said = 'Your question is sent. You go on working; the answer appears here.';
    if (await this.acted(() => this.api.open({ ...body, outputs, request }), () => said)) {
      this.unanswered = undefined;
      this.asking = false;
      this.draft({ ...NOTHING });
    }
  }

  async write(id: string): Promise<void> {
    const text = this.drafts.message.trim();
    if (text && (await this.acted(() => this.api.write(id, text), () => 'Sent to the mentor.'))) {
      this.type('message', '');
    }
  }

  /** True when it is kept. */
  async rate(id: string, helpful: boolean): Promise<boolean> {
    const said = (rated: EscalationView): string => (isOpen(rated) ? 'A mentor will look at it again.' : 'Thank you. Your rating is kept.');
    const text = helpful ? '' : this.drafts.unclear.trim();
    const kept = await this.acted(() => this.api.rate(id, { helpful, text }), said);
    if (kept) {
      this.type('unclear', '');
    }
    return kept;
  }

  async cancel(id: string): Promise<void> {
    await this.acted(() => this.api.cancel(id), () => 'Your question is taken back.');
  }

  /** Rate an answer that was remembered; it may open the way to a mentor. True when it is kept. */
  async rateRemembered(entry: string, helpful: boolean, submission: string): Promise<boolean> {
    try {
      const offer = await this.api.rateRemembered(entry, { helpful, submission });
      this.turn++; // what was asked before the rating does not know of it
      this.offer = offer;
      announce(this.offered && !helpful ? 'Thank you. You can ask a mentor now.' : 'Thank you. Your rating is kept.');
      this._changed.emit();
      void this.load();
      return true;
    } catch (reason) {
      this.failed(reason);
      return false;
    }
  }

  /** One thing at a time; what comes back replaces what was known of that question. */
  private async acted(act: () => Promise<EscalationView>, said: (question: EscalationView) => string): Promise<boolean> {
    if (this.busy) {
      return false;
    }
    this.busy = true;
    this.problem = undefined;
    this.turn++;
    this._changed.emit();
    try {
      const question = await act();
      this.questions = [...this.questions.filter(({ id }) => id !== question.id), question];
      this.offer = this.offer && { ...this.offer, open: isOpen(question) ? question.id : null };
      announce(said(question));
      return true;
    } catch (reason) {
      this.failed(reason);
      return false;
    } finally {
      this.busy = false;
      this._changed.emit();
      void this.load();
    }
  }

  private draft(drafts: MentorDrafts): void {
    this.drafts = drafts;
    this.store.write(drafts);
    this._changed.emit();
  }

  private heard(questions: EscalationView[]): void {
    const title = this.model.subtask(this.subtask)?.view.title ?? this.subtask;
    for (const question of questions) {
      const news = newsWords(this.questions.find(({ id }) => id === question.id), question, title);
      if (news) {
        announce(news);
      }
    }
    this.questions = questions;
  }

  private failed(reason: unknown): void {
    this.problem = ApiError.from(reason);
    announce(this.problem.detail, true);
    this.model.noticed(this.problem);
    this._changed.emit();
  }
}
