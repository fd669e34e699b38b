import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError } from '../api/errors';
import type { EscalationView, Offer } from '../api/mentor-types';
import type { MentorsApi } from '../api/mentors';
import type { CaseModel } from '../case/model';
import { announce } from '../parts/announce';
import { current, isLive, isOpen, newsWords } from './words';

/** What is typed and not sent yet. */
export interface MentorDrafts {
  notes: string;
  email: string;
  message: string;
  /** Why an answer did not help. */
  unclear: string;
}

const NOTHING: MentorDrafts = { notes: '', email: '', message: '', unclear: '' };

/** The questions to mentors about one step. It outlives the views that show it. */
export class MentorDesk {
  offer?: Offer;
  questions: EscalationView[] = [];
  problem?: ApiError;
  busy = false;
  /** The form is open. */
  asking = false;
  drafts: MentorDrafts = { ...NOTHING };
  private turn = 0;
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private readonly subtask: string,
    private readonly api: MentorsApi,
    private readonly model: CaseModel
  ) {}

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

  type(field: keyof MentorDrafts, text: string): void {
    this.drafts = { ...this.drafts, [field]: text };
    this._changed.emit();
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

  /** Send the question about this judged version. Never rejects. */
  async open(submission: string): Promise<void> {
    const { notes, email } = this.drafts;
    const body = { subtask: this.subtask, submission, notes: notes.trim(), email: email.trim() };
    const sent = await this.acted(() => this.api.open(body), 'Your question is sent. You go on working; the answer appears here.');
    if (sent) {
      this.asking = false;
      this.drafts = { ...NOTHING };
      this._changed.emit();
    }
  }

  async write(id: string): Promise<void> {
    const text = this.drafts.message.trim();
    if (text && (await this.acted(() => this.api.write(id, text), 'Sent to the mentor.'))) {
      this.type('message', '');
    }
  }

  async rate(id: string, helpful: boolean): Promise<void> {
    const said = helpful ? 'Thank you. Your rating is kept.' : 'A mentor will look at it again.';
    const text = helpful ? '' : this.drafts.unclear.trim();
    if (await this.acted(() => this.api.rate(id, { helpful, text }), said)) {
      this.type('unclear', '');
    }
  }

  async cancel(id: string): Promise<void> {
    await this.acted(() => this.api.cancel(id), 'Your question is taken back.');
  }

  /** Rate an answer that was remembered; it may open the way to a mentor. True when it is kept. */
  async rateRemembered(entry: string, helpful: boolean, submission: string): Promise<boolean> {
    try {
      this.offer = await this.api.rateRemembered(entry, { helpful, submission });
      announce(this.offered && !helpful ? 'Thank you. You can ask a mentor now.' : 'Thank you. Your rating is kept.');
      this._changed.emit();
      return true;
    } catch (reason) {
      this.failed(reason);
      return false;
    }
  }

  /** One thing at a time; what comes back replaces what was known of that question. */
  private async acted(act: () => Promise<EscalationView>, said: string): Promise<boolean> {
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
      announce(said);
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
