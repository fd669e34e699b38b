import { type ISignal, Signal } from '@lumino/signaling';
import type { MentorsApi } from '../api/mentors';
import type { CaseModel } from '../case/model';
import type { Checker } from '../check/checker';
import { MentorDesk } from './desk';

/** Milliseconds between looks at questions that a mentor may answer. */
export const LOOK_AGAIN = 20_000;

/** The questions to mentors of all steps. Looks after those that are open, for as long as somebody sees the page. */
export class MentorDesks {
  private readonly desks = new Map<string, MentorDesk>();
  private readonly _changed = new Signal<this, string>(this);

  constructor(
    private readonly api: MentorsApi,
    private readonly model: CaseModel,
    checker: Checker
  ) {
    model.changed.connect(this.begin, this);
    checker.answered.connect((_, { view }) => void this.of(view.id).load());
    window.setInterval(() => this.look(), LOOK_AGAIN);
    document.addEventListener('visibilitychange', () => this.look());
    this.begin();
  }

  /** Emits the step whose questions changed. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  of(subtask: string): MentorDesk {
    let desk = this.desks.get(subtask);
    if (!desk) {
      desk = new MentorDesk(subtask, this.api, this.model);
      desk.changed.connect(() => this._changed.emit(subtask));
      this.desks.set(subtask, desk);
    }
    return desk;
  }

  /** Only who has had something checked can have asked. */
  private begin(): void {
    for (const { view, progress } of this.model.case?.subtasks ?? []) {
      if (progress.attempts > 0 && !this.desks.has(view.id)) {
        void this.of(view.id).load();
      }
    }
  }

  private look(): void {
    if (!document.hidden) {
      this.desks.forEach(desk => desk.live && void desk.load());
    }
  }
}
