import type { NotebookPanel } from '@jupyterlab/notebook';
import type { CaseloopClient } from '../api/client';
import type { SessionsApi } from '../api/sessions';
import type { CaseNotebooks } from '../case/notebooks';
import type { Checker } from '../check/checker';
import { SessionLog } from './log';
import type { RecordingModel } from './model';
import { Outbox } from './outbox';
import type { BatchStore } from './store';
import { NotebookWatch } from './watch';

/** Milliseconds between two batches, and between two copies of what waits. */
const SEND = 5_000;
const SAVE = 500;

/** What the recorder works with. */
export interface RecorderParts {
  api: SessionsApi;
  store: BatchStore;
  recording: RecordingModel;
  notebooks: CaseNotebooks;
  checker: Checker;
  client: CaseloopClient;
}

/** Records the case's notebook while the learner agrees to it. */
export class Recorder {
  private readonly outbox: Outbox;
  private current?: { panel: NotebookPanel; log: SessionLog; watch: NotebookWatch };
  private saved = 0;
  /** The gateway takes no more of this learner: nothing is recorded until the page is opened anew. */
  private stopped = false;
  private declined = false;

  constructor(private readonly parts: RecorderParts) {
    const { api, store, recording, notebooks, checker, client } = parts;
    this.outbox = new Outbox(store, batch => api.record(batch));
    recording.changed.connect(this.follow, this);
    recording.forgotten.connect(() => void this.anew());
    notebooks.changed.connect(this.follow, this);
    client.asked.connect((_, kind) => this.current?.watch.note(kind));
    checker.answered.connect((_, { panel, answer }) => {
      if (panel === this.current?.panel) {
        this.current.watch.note('check', null, { verdict: answer.feedback.verdict });
      }
    });
    window.setInterval(() => void this.send(), SEND);
    window.setInterval(() => void this.save(), SAVE);
    window.addEventListener('pagehide', () => {
      this.current?.watch.tick();
      void this.save();
    });
    this.follow();
  }

  /** Begin, go on or end, as the choice and the open notebook are. */
  private follow(): void {
    const { recording, notebooks } = this.parts;
    if (recording.value?.record === false) {
      this.decline();
      return;
    }
    this.declined = false;
    const { panel } = notebooks;
    const own = panel?.context.path === notebooks.path && panel.content.model ? panel : undefined;
    if (this.current?.panel === own || this.stopped || !recording.on) {
      return;
    }
    this.end();
    if (own) {
      this.begin(own);
    }
  }

  /** Forget also what an earlier page has left. */
  private decline(): void {
    this.end();
    this.stopped = false;
    if (!this.declined) {
      this.declined = true;
      void this.outbox.forget();
    }
  }

  private begin(panel: NotebookPanel): void {
    const log = new SessionLog();
    const watch = new NotebookWatch(panel, (kind, cell, data) => log.add(kind, cell, data));
    this.current = { panel, log, watch };
    this.saved = 0;
    panel.disposed.connect(() => this.current?.panel === panel && this.end());
  }

  private end(): void {
    const { current } = this;
    this.current = undefined;
    if (current) {
      current.watch.dispose();
      if (this.parts.recording.on) {
        void this.outbox.save(current.log);
      }
    }
  }

  /** What was recorded is deleted: forget what waits, and go on in a session of its own. */
  private async anew(): Promise<void> {
    const panel = this.current?.panel;
    this.current?.watch.dispose();
    this.current = undefined;
    await this.outbox.forget();
    const begun = this.current !== undefined; // `follow` has seen the panel meanwhile
    if (panel && !begun && !panel.isDisposed && this.parts.recording.on) {
      this.begin(panel);
    }
  }

  /** A copy of what waits for the next page, and room for more. */
  private async save(): Promise<void> {
    const log = this.current?.log;
    if (!log || !this.parts.recording.on || log.pending === this.saved) {
      return;
    }
    this.saved = log.pending;
    await (log.crowded ? this.outbox.makeRoom(log) : this.outbox.save(log));
  }

  private async send(): Promise<void> {
    const { current, parts } = this;
    if (!current || !parts.recording.on) {
      return;
    }
    current.watch.tick();
    const verdict = await this.outbox.flush(current.log);
    this.saved = -1;
    if (this.current !== current) {
      return;
    }
    if (verdict === 'not_chosen') {
      parts.recording.refused();
    } else if (verdict === 'full') {
      this.stopped = true;
      this.end();
      await this.outbox.forget();
    } else if (verdict === 'gone') {
      current.watch.dispose();
      this.begin(current.panel);
    } else if (verdict === 'refused' || verdict === 'too_large') {
      current.watch.snapshot(verdict === 'too_large');
    }
  }
}
