import { type ISignal, Signal } from '@lumino/signaling';
import type { CaseloopClient } from '../api/client';
import { ApiError } from '../api/errors';
import type { LabCase, LabSubtask, SubtaskProgress, SubtaskView } from '../api/types';
import { Meanwhile } from '../parts/meanwhile';

export type CaseStatus = 'loading' | 'ready' | 'away' | 'refused';

/** Milliseconds between attempts while Caseloop is away; the last is repeated. */
const WAITS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** Milliseconds between looks at what changed elsewhere (another window, a mentor, a new version). */
const REFRESH = 60_000;

/** The case and how far the learner is. Loads itself, and again and again while Caseloop cannot be reached. */
export class CaseModel {
  status: CaseStatus = 'loading';
  case?: LabCase;
  problem?: ApiError;
  private readonly _changed = new Signal<this, void>(this);
  private readonly meanwhile = new Meanwhile<SubtaskProgress>();
  private timer = 0;
  private failures = 0;

  constructor(private readonly client: CaseloopClient) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get views(): SubtaskView[] {
    return this.case?.subtasks.map(subtask => subtask.view) ?? [];
  }

  subtask(id: string): LabSubtask | undefined {
    return this.case?.subtasks.find(subtask => subtask.view.id === id);
  }

  /** Load now. Never rejects: `status` and `problem` say how it went. */
  async load(): Promise<void> {
    clearTimeout(this.timer);
    try {
      this.case = await this.fetched();
      this.status = 'ready';
      this.problem = undefined;
      this.failures = 0;
      this.later(REFRESH);
    } catch (reason) {
      this.failed(ApiError.from(reason));
    }
    this._changed.emit();
  }

  /** A subtask's progress as a check or a review has just told it. */
  progressed(progress: SubtaskProgress): void {
    this.meanwhile.note(progress.subtask, progress);
    if (this.case) {
      const subtasks = this.case.subtasks.map(subtask =>
        subtask.view.id === progress.subtask ? { ...subtask, progress } : subtask
      );
      this.case = { ...this.case, subtasks };
      this._changed.emit();
    }
  }

  /** Another request has failed: when Caseloop is away, say so and start asking until it is back. */
  noticed(problem: ApiError): void {
    if (problem.away && this.status === 'ready') {
      this.failed(problem);
      this._changed.emit();
    }
  }

  /** The case as the platform has it, without what is known better by now. */
  private async fetched(): Promise<LabCase> {
    const sent = this.meanwhile.now();
    const fetched = await this.client.case();
    const newest = (known: LabSubtask): LabSubtask => ({
      ...known,
      progress: this.meanwhile.since(sent, known.view.id) ?? known.progress
    });
    return { ...fetched, subtasks: fetched.subtasks.map(newest) };
  }

  private failed(problem: ApiError): void {
    this.problem = problem;
    this.status = problem.away ? 'away' : 'refused';
    if (problem.temporary) {
      this.later(WAITS[Math.min(this.failures++, WAITS.length - 1)]);
    }
  }

  private later(wait: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (document.hidden && this.status === 'ready') {
        this.later(REFRESH); // nobody looks: spare the gateway
      } else {
        void this.load();
      }
    }, wait);
  }
}
