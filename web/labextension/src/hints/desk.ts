import { type ISignal, Signal } from '@lumino/signaling';
import type { HintKind, HintShelf, HintView } from '../api/assisted-types';
import type { CaseloopClient } from '../api/client';
import { ApiError } from '../api/errors';
import type { Cell } from '../api/types';
import type { AssistanceModel } from '../assistance/model';
import { announce } from '../parts/announce';
import { Meanwhile } from '../parts/meanwhile';
import { isOpen, KIND } from './words';

/** Milliseconds before a hint is followed in another request. */
const AGAIN = 1_000;

/** The hints of one step. It outlives the view that shows it, so that nothing is lost by looking elsewhere. */
export class HintDesk {
  shelf?: HintShelf;
  problem?: ApiError;
  loading = false;
  /** The kind that was asked for and has no answer yet. */
  asking?: HintKind;
  /** What was typed about a hint and not sent yet, by the hint's id. */
  readonly drafts = new Map<string, string>();
  private readonly followed = new Set<string>();
  private readonly meanwhile = new Meanwhile<HintView>();
  private turn = 0;
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private readonly subtask: string,
    private readonly client: CaseloopClient,
    private readonly assistance: AssistanceModel
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Fetch the shelf, and go on following what is being made. Never rejects. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    this.loading = true;
    this._changed.emit();
    await this.tried(async () => {
      const fetched = await this.fetched();
      if (turn === this.turn || !this.shelf) {
        this.shelf = fetched; // else something has been asked for meanwhile, and the shelf comes anew after it
      }
      fetched.hints.filter(hint => hint.state === 'working').forEach(hint => void this.follow(hint.id));
    });
    this.loading = false;
    this._changed.emit();
  }

  /** Ask for a hint; `cells` gives the notebook as it is. Never rejects; undefined when it was refused. */
  async ask(kind: HintKind, cells: () => Promise<Cell[]>): Promise<HintView | undefined> {
    if (this.asking) {
      return undefined;
    }
    this.asking = kind;
    this._changed.emit();
    announce(`${KIND[kind].title} hint: asked for.`);
    const hint = await this.tried(async () => {
      const body = { subtask: this.subtask, kind, cells: await cells() };
      return this.client.askHint(body);
    });
    this.asking = undefined;
    if (hint) {
      this.put(hint);
      this.settled(hint);
    }
    await this.refresh();
    return hint;
  }

  /** Send what the learner thinks about a hint. True when it arrived. */
  async reflect(id: string, text: string): Promise<boolean> {
    const before = this.shelf?.hints.find(hint => hint.id === id)?.state;
    const hint = await this.tried(() => this.client.reflect(id, { text }));
    if (hint) {
      this.drafts.delete(id);
      this.put(hint);
      announce('Your thought is kept.');
      if (before !== 'ready') {
        this.settled(hint);
      }
    }
    return hint !== undefined;
  }

  async rate(id: string, helpful: boolean): Promise<void> {
    const hint = await this.tried(() => this.client.rateHint(id, { helpful }));
    if (hint) {
      this.put(hint);
      announce('Thank you. Your rating is kept.');
      await this.refresh();
    }
  }

  /** Follow a hint until nothing more changes by itself. */
  private async follow(id: string): Promise<void> {
    if (this.followed.has(id)) {
      return;
    }
    this.followed.add(id);
    const last = await this.tried(() => this.toItsEnd(id));
    this.followed.delete(id);
    if (last && !isOpen(last)) {
      this.settled(last);
    }
  }

  private async toItsEnd(id: string): Promise<HintView | undefined> {
    let last: HintView | undefined;
    for (;;) {
      for await (const hint of this.client.followHint(id)) {
        if (hint.state === 'reflect' && last?.state !== 'reflect') {
          announce('The hint is written. You see it when you have written down what you think.');
        }
        last = hint;
        this.put(hint);
      }
      if (last?.state !== 'working') {
        return last;
      }
      // one request lasts for so long only: begin the next
      await new Promise(resolve => window.setTimeout(resolve, AGAIN));
    }
  }

  /** A hint came back from the platform: go on with what follows from its state. */
  private settled(hint: HintView): void {
    if (hint.state === 'working') {
      void this.follow(hint.id);
    } else if (hint.state === 'ready' && !this.followed.has(hint.id)) {
      announce(`Your hint is ready. ${hint.text ?? ''}`);
      void this.refresh();
      void this.assistance.load();
    } else if (hint.state === 'failed') {
      announce(`The hint could not be made. ${hint.problem ?? ''}`, true);
      void this.refresh();
    }
  }

  private put(hint: HintView): void {
    const { shelf } = this;
    this.meanwhile.note(hint.id, hint);
    if (shelf) {
      const known = shelf.hints.some(({ id }) => id === hint.id);
      const hints = known ? shelf.hints.map(old => (old.id === hint.id ? hint : old)) : [...shelf.hints, hint];
      // a hint that has just been rated stands in the way of no other, also before the shelf comes anew
      const unrated = shelf.unrated === hint.id && hint.helpful !== null ? null : shelf.unrated;
      this.shelf = { ...shelf, hints, unrated };
    }
    this._changed.emit();
  }

  /** The shelf anew after something counted; what is on the screen stays when that fails. */
  private async refresh(): Promise<void> {
    const turn = ++this.turn;
    try {
      const fresh = await this.fetched();
      if (turn === this.turn) {
        this.shelf = fresh;
      }
    } catch {
      // the next action tells
    }
    this._changed.emit();
  }

  /** The shelf as the platform has it, without what is known better by now. */
  private async fetched(): Promise<HintShelf> {
    const sent = this.meanwhile.now();
    const shelf = await this.client.hints(this.subtask);
    return { ...shelf, hints: shelf.hints.map(hint => this.meanwhile.since(sent, hint.id) ?? hint) };
  }

  private async tried<T>(act: () => Promise<T>): Promise<T | undefined> {
    this.problem = undefined;
    try {
      return await act();
    } catch (reason) {
      this.problem = ApiError.from(reason);
      this._changed.emit();
      announce(this.problem.detail, true);
      this.assistance.noticed(this.problem);
      return undefined;
    }
  }
}
