import { type ISignal, Signal } from '@lumino/signaling';
import type { MentorsApi } from '../api/mentors';
import type { CaseModel } from '../case/model';
import type { Checker } from '../check/checker';
import { MentorDesk } from './desk';
import type { DraftStore } from './drafts';

/** Milliseconds between looks at questions that a mentor may answer. */
export const LOOK_AGAIN = 20_000;
/** At least so many milliseconds between looks at questions whose answer was rated. */
export const LOOK_AT_RATED = 300_000;

/** The questions to mentors of all steps. Looks after them for as long as somebody sees the page. */
export class MentorDesks {
  private readonly desks = new Map<string, MentorDesk>();
  private readonly _changed = new Signal<this, string>(this);
  private looked = performance.now();

  /** `drafts`: where what is typed about a step is kept. */
  constructor(
    private readonly api: MentorsApi,
    private readonly model: CaseModel,
    checker: Checker,
    private readonly drafts: (subtask: string) => DraftStore
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
      desk = new MentorDesk(subtask, this.api, this.model, this.drafts(subtask));
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
    if (document.hidden) {
      return;
    }
    const rated = performance.now() - this.looked >= LOOK_AT_RATED;
    this.looked = rated ? performance.now() : this.looked;
    this.desks.forEach(desk => (desk.live || (rated && desk.quiet)) && void desk.load());
  }
}
