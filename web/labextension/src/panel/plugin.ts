import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ReactWidget } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import * as React from 'react';
import type { CaseloopClient } from '../api/client';
import type { AssistanceModel } from '../assistance/model';
import type { CaseModel } from '../case/model';
import type { CaseNotebooks } from '../case/notebooks';
import type { Checker } from '../check/checker';
import { HelpDesks } from '../help/desks';
import type { MentorDesks } from '../mentors/desks';
import type { RecordingModel } from '../recorder/model';
import { caseIcon } from '../parts/icons';
import { IAssistance, ICaseloopClient, ICaseModel, ICaseNotebooks, ICasePanel, IChecker, IMentors, IRecording } from '../tokens';
import { CasePanel } from './case-panel';
import { PanelPlace } from './place';

const OPEN_PANEL = 'caseloop:open-panel';
const OPENED_ONCE = 'caseloop:panel-opened';

/** The panel «Case» on the right. It opens itself the first time; afterwards it is where the learner left it. */
export const panelPlugin: JupyterFrontEndPlugin<PanelPlace> = {
  id: '@caseloop/lab:panel',
  description: 'The panel with the steps of the case.',
  autoStart: true,
  requires: [ICaseloopClient, ICaseModel, ICaseNotebooks, IChecker, IAssistance, IMentors, IRecording, IStateDB],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette],
  provides: ICasePanel,
  activate: (
    app: JupyterFrontEnd,
    client: CaseloopClient,
    model: CaseModel,
    notebooks: CaseNotebooks,
    checker: Checker,
    assistance: AssistanceModel,
    mentors: MentorDesks,
    recording: RecordingModel,
    state: IStateDB,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const place = new PanelPlace(() => app.shell.activateById('caseloop-panel'));
    if (!notebooks.path) {
      return place; // a JupyterLab outside Caseloop
    }
    const desks = new HelpDesks(client, assistance);
    const services = { client, model, notebooks, checker, place, assistance, desks, mentors, recording };
    const panel = ReactWidget.create(React.createElement(CasePanel, services));
    panel.id = 'caseloop-panel';
    panel.addClass('caseloop-Panel');
    panel.title.icon = caseIcon;
    panel.title.caption = 'Case';
    panel.node.dataset.caseloop = 'panel';
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', 'Case');
    app.shell.add(panel, 'right', { rank: 300, type: 'Case' });
    restorer?.add(panel, 'caseloop-panel');
    app.commands.addCommand(OPEN_PANEL, {
      label: 'Open the Case Panel',
      icon: caseIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        app.shell.activateById(panel.id);
        panel.node.querySelector<HTMLElement>('h2')?.focus();
      }
    });
    palette?.addItem({ command: OPEN_PANEL, category: 'Caseloop' });
    void openFirstTime(app, labShell, state, panel.id);
    return place;
  }
};

async function openFirstTime(app: JupyterFrontEnd, labShell: ILabShell | null, state: IStateDB, id: string): Promise<void> {
  await app.restored;
  if (labShell && !(await state.fetch(OPENED_ONCE))) {
    labShell.expandRight();
    labShell.activateById(id);
    await state.save(OPENED_ONCE, true);
  }
}
