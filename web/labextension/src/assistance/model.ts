import { type ISignal, Signal } from '@lumino/signaling';
import type { Assistance } from '../api/assisted-types';
import type { CaseloopClient } from '../api/client';
import { ApiError } from '../api/errors';
import type { CaseModel } from '../case/model';

/** Codes of refusals that mean: what is known here about the learner's choice is out of date. */
const OUT_OF_DATE = ['ai_off', 'ai_declined', 'choice_missing'];

/** Where the learner stands with AI in this case: what it allows, what was chosen, how often it was used. */
export class AssistanceModel {
  value?: Assistance;
  problem?: ApiError;
  private readonly _changed = new Signal<this, void>(this);
  private loading = false;

  constructor(
    private readonly client: CaseloopClient,
    private readonly model: CaseModel
  ) {
    // the case tells when Caseloop is back, too
    model.changed.connect(this.begin, this);
    this.begin();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The case is worked on without AI: its author decided so. */
  get off(): boolean {
    return this.model.case?.ai_mode === 'none' || this.value?.mode === 'none';
  }

  /** The learner may ask for help now. */
  get on(): boolean {
    return !this.off && this.value?.choice === true;
  }

  /** Feedback may be put into a model's words. */
  get words(): boolean {
    return this.on && this.value?.model !== null;
  }

  private begin(): void {
    if (this.model.status === 'ready' && !this.value && !this.off) {
      void this.load();
    }
  }

  /** Look at the gateway. Never rejects: `problem` says how it went. */
  async load(): Promise<void> {
    if (this.loading) {
      return;
    }
    const before = this.value;
    this.loading = true;
    try {
      const fetched = await this.client.assistance();
      if (this.value === before) {
        this.value = fetched; // else the learner has chosen meanwhile, which this does not know
      }
      this.problem = undefined;
    } catch (reason) {
      this.problem = ApiError.from(reason);
    }
    this.loading = false;
    this._changed.emit();
  }

  /** Keep what the learner decides. Throws ApiError. */
  async choose(ai: boolean): Promise<void> {
    this.value = await this.client.choose({ ai });
    this.problem = undefined;
    this._changed.emit();
  }

  /** A request was refused: when the reason is the choice or the mode, look again. */
  noticed(problem: ApiError): void {
    if (OUT_OF_DATE.includes(problem.error)) {
      void this.load();
    }
    this.model.noticed(problem);
  }
}
