import { ReactWidget } from '@jupyterlab/ui-components';
import type { CodeCell } from '@jupyterlab/cells';
import type { PanelLayout } from '@lumino/widgets';
import * as React from 'react';
import { type Step, type StepActions, StepView } from './step-view';

/** What is shown beneath one cell, in the cell's own layout: it scrolls, moves and goes with its cell. */
export class StepWidget extends ReactWidget {
  private step: Step = { stale: false, help: false };

  constructor(private readonly actions: StepActions) {
    super();
    this.addClass('caseloop-StepWidget');
  }

  /** Put the widget just above the cell's footer. The cell must be ready: before that its layout is empty. */
  static beneath(cell: CodeCell, actions: StepActions): StepWidget {
    const widget = new StepWidget(actions);
    const layout = cell.layout as PanelLayout;
    layout.insertWidget(layout.widgets.length - 1, widget);
    return widget;
  }

  show_(step: Step): void {
    this.step = step;
    this.update();
  }

  /** Move the keyboard focus to the verdict, or to the first button. */
  focus(): void {
    const verdict = this.node.querySelector<HTMLElement>('[data-caseloop="verdict"]');
    (verdict ?? this.node.querySelector('button'))?.focus();
  }

  render(): JSX.Element {
    return <StepView step={this.step} actions={this.actions} />;
  }
}
