import type { Cell, ICellModel } from '@jupyterlab/cells';
import { type Notebook, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import type { EventKind } from '../api/session-types';
import type { Json } from '../api/types';
import { difference, sendable } from './difference';
import { type RecordedCell, structure } from './structure';

/** Milliseconds in which the edits of a cell are one event. */
const THROTTLE = 500;
const LARGE_PASTE = 100;
/** Characters of a cell that are recorded (services/contracts/notebook.py), and after a notebook was too large. */
const MAX_SOURCE = 200_000;
const MAX_SOURCE_OF_LARGE = 10_000;

/** Takes an event; false when there was no room for it. */
export type Sink = (kind: EventKind, cell: string | null, data: { [key: string]: Json }) => boolean;

/**
 * Sees what is done in one notebook. What a keystroke costs is a name in a set and a timer: texts are compared when
 * the timer ends.
 */
export class NotebookWatch {
  private readonly dirty = new Set<string>();
  private readonly followed = new WeakSet<ICellModel>();
  /** The notebook as the events so far tell it. */
  private known = new Map<string, string>();
  private cursor?: { cell: string; at: number };
  private inView?: boolean;
  private lost = false;
  private moved = false;
  private timer = 0;
  private limit = MAX_SOURCE;

  constructor(
    private readonly panel: NotebookPanel,
    private readonly sink: Sink
  ) {
    const { content } = panel;
    content.modelChanged.connect(this.again, this);
    content.model?.cells.changed.connect(this.shaped, this);
    content.activeCellChanged.connect(this.pointed, this);
    NotebookActions.executionScheduled.connect(this.scheduled, this);
    NotebookActions.executed.connect(this.executed, this);
    panel.node.addEventListener('paste', this.pasted, true);
    document.addEventListener('selectionchange', this.selected);
    document.addEventListener('visibilitychange', this.looked);
    window.addEventListener('focus', this.looked);
    window.addEventListener('blur', this.looked);
    this.snapshot();
    this.looked();
  }

  /** Take the notebook as it is; `small`: leave out what is very long. */
  snapshot(small = false): void {
    clearTimeout(this.timer);
    this.timer = 0;
    this.dirty.clear();
    this.limit = small ? MAX_SOURCE_OF_LARGE : this.limit;
    const cells = this.cells();
    this.known = new Map(cells.map(({ id, source }) => [id, source]));
    this.cursor = undefined;
    this.lost = !this.sink('snapshot', null, { cells: cells.map(cell => ({ ...cell })) });
  }

  /** Tell of all that was done up to now, then of this. */
  note(kind: EventKind, cell: string | null = null, data: { [key: string]: Json } = {}): void {
    this.tick();
    this.told(kind, cell, data);
  }

  /** Tell of what was done since the last look. */
  tick(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.panel.isDisposed || !this.panel.content.model) {
      return;
    }
    if (this.lost) {
      this.snapshot(); // what could not be told is made up for
      return;
    }
    this.shape();
    const edited = this.edits();
    if (this.moved) {
      this.moved = false;
      this.point(edited);
    }
  }

  dispose(): void {
    this.tick();
    Signal.disconnectReceiver(this);
    this.panel.node.removeEventListener('paste', this.pasted, true);
    document.removeEventListener('selectionchange', this.selected);
    document.removeEventListener('visibilitychange', this.looked);
    window.removeEventListener('focus', this.looked);
    window.removeEventListener('blur', this.looked);
    clearTimeout(this.timer);
  }

  private cells(): RecordedCell[] {
    const models = [...(this.panel.content.model?.cells ?? [])];
    models.forEach(model => {
      if (!this.followed.has(model)) {
        this.followed.add(model);
        model.contentChanged.connect(this.edited, this);
      }
    });
    return models.map(model => ({ id: model.id, kind: kindOf(model), source: this.source(model) }));
  }

  private source(model: ICellModel): string {
    return sendable(model.sharedModel.getSource(), this.limit);
  }

  private soon(): void {
    this.timer ||= window.setTimeout(() => this.tick(), THROTTLE);
  }

  private told(kind: EventKind, cell: string | null, data: { [key: string]: Json }): void {
    this.lost = !this.sink(kind, cell, data) || this.lost;
  }

  private again(): void {
    this.panel.content.model?.cells.changed.connect(this.shaped, this);
    this.snapshot();
  }

  /** Cells that came, went and moved. */
  private shape(): void {
    if (!this.dirty.delete('')) {
      return;
    }
    const before = [...this.known.keys()];
    const cells = this.cells();
    structure(before, cells).forEach(({ kind, cell, data }) => this.told(kind, cell, data));
    this.known = new Map(cells.map(({ id, source }) => [id, this.known.get(id) ?? source]));
  }

  /** What was written; the cells it was written in. */
  private edits(): Set<string> {
    const edited = new Set<string>();
    for (const model of this.dirty.size ? [...this.panel.content.model!.cells] : []) {
      const before = this.dirty.has(model.id) ? this.known.get(model.id) : undefined;
      const found = before === undefined ? undefined : difference(before, this.source(model));
      if (found) {
        this.known.set(model.id, this.source(model));
        this.told('edit', model.id, { ...found });
        edited.add(model.id);
      }
    }
    this.dirty.clear();
    return edited;
  }

  /** Where the cursor is, unless what was written says so already. */
  private point(edited: ReadonlySet<string>): void {
    const active = this.panel.content.activeCell;
    const editor = active?.editor;
    if (!active || !editor) {
      return;
    }
    const now = { cell: active.model.id, at: editor.getOffsetAt(editor.getCursorPosition()) };
    if (!edited.has(now.cell) && (now.cell !== this.cursor?.cell || now.at !== this.cursor.at)) {
      this.told('cursor', now.cell, { at: now.at });
    }
    this.cursor = now;
  }

  private shaped(): void {
    this.dirty.add(''); // no cell has this id
    this.soon();
  }

  private edited(model: ICellModel): void {
    this.dirty.add(model.id);
    this.soon();
  }

  private pointed(): void {
    this.moved = true;
    this.soon();
  }

  private readonly selected = (): void => {
    if (this.panel.node.contains(document.activeElement)) {
      this.pointed();
    }
  };

  private readonly looked = (): void => {
    const inView = !document.hidden && document.hasFocus() && this.panel.isVisible;
    if (inView !== this.inView) {
      this.inView = inView;
      this.note(inView ? 'focus' : 'blur');
    }
  };

  private readonly pasted = (event: ClipboardEvent): void => {
    const cell = this.panel.content.activeCell;
    const length = event.clipboardData?.getData('text/plain').length ?? 0;
    if (cell && length && event.target instanceof Node && cell.editor?.host.contains(event.target)) {
      this.note('paste', cell.model.id, { length, large: length > LARGE_PASTE });
    }
  };

  private scheduled(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    if (notebook === this.panel.content) {
      this.note('run', cell.model.id);
    }
  }

  private executed(
    _: unknown,
    { notebook, cell, success, error }: { notebook: Notebook; cell: Cell; success: boolean; error?: { errorName?: string } | null }
  ): void {
    if (notebook === this.panel.content && cell.model.type === 'code') {
      this.note('result', cell.model.id, { ok: success, error: error?.errorName ?? null });
    }
  }
}

function kindOf({ type }: ICellModel): RecordedCell['kind'] {
  return type === 'code' || type === 'markdown' ? type : 'raw';
}
