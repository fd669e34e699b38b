import { type ISignal, Signal } from '@lumino/signaling';
import type { ApiError } from '../api/errors';
import type { Recording } from '../api/session-types';
import type { SessionsApi } from '../api/sessions';
import type { Json } from '../api/types';
import type { CaseModel } from '../case/model';

/** Where the learner stands with being recorded in this case. Nothing is recorded before `on`. */
export class RecordingModel {
  value?: Recording;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _forgotten = new Signal<this, void>(this);
  private loading = false;

  constructor(
    private readonly api: SessionsApi,
    private readonly model: CaseModel
  ) {
    model.changed.connect(this.begin, this);
    this.begin();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when all that was recorded is deleted. */
  get forgotten(): ISignal<this, void> {
    return this._forgotten;
  }

  get on(): boolean {
    return this.value?.record === true;
  }

  /** Look at the gateway. Never rejects: while it does not say yes, nothing is recorded. */
  async load(): Promise<void> {
    if (this.loading) {
      return;
    }
    this.loading = true;
    try {
      this.value = await this.api.recording();
      this._changed.emit();
    } catch {
      // the case tells when Caseloop is back, and then it is asked again
    }
    this.loading = false;
  }

  /** Keep what the learner decides. Throws ApiError. */
  async choose(record: boolean): Promise<void> {
    this.value = await this.api.choose({ record });
    this._changed.emit();
  }

  /** All that is kept. Throws ApiError. */
  export(): Promise<Json> {
    return this.api.export();
  }

  /** Delete all that is kept. Throws ApiError. */
  async forget(): Promise<void> {
    await this.api.forget();
    this._forgotten.emit();
    await this.load();
  }

  /** The learner has decided otherwise, elsewhere: what is known here is out of date. */
  refused(): void {
    if (this.value) {
      this.value = { ...this.value, record: false };
    }
    this._changed.emit();
    void this.load();
  }

  noticed(problem: ApiError): void {
    this.model.noticed(problem);
  }

  private begin(): void {
    if (this.model.status === 'ready' && !this.value) {
      void this.load();
    }
  }
}
