import type { HelpTab } from '../help/desks';
import { type ISignal, Signal } from '@lumino/signaling';

/** What the panel shows. */
export type Where =
  | { view: 'overview' }
  | { view: 'help'; subtask: string; tab?: HelpTab }
  | { view: 'review'; subtask: string }
  | { view: 'history'; subtask: string }
  | { view: 'saves' };

/** Where the panel is, and where it came from. */
export class PanelPlace {
  where: Where = { view: 'overview' };
  /** The view that was left by going back: its button takes the focus again. */
  left?: Where;
  private readonly _changed = new Signal<this, void>(this);

  /** `reveal` brings the panel to the front. */
  constructor(private readonly reveal: () => void) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  go(where: Where): void {
    this.left = undefined;
    this.where = where;
    this.reveal();
    this._changed.emit();
  }

  back(): void {
    this.left = this.where;
    this.where = { view: 'overview' };
    this._changed.emit();
  }
}
