import { LabIcon } from '@jupyterlab/ui-components';
import type { SubtaskState } from '../api/types';

const svg = (body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">${body}</svg>`;

const icon = (name: string, body: string): LabIcon => new LabIcon({ name: `caseloop:${name}`, svgstr: svg(body) });

const line = 'fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"';

/** For the side bar: a loop with a tick. Lab colours it by its class; the style keeps the class from filling it. */
export const caseIcon = icon(
  'case',
  '<g class="jp-icon3" style="fill:none" stroke="#616161" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">' +
    '<path d="M13.4 6.2A5.8 5.8 0 1 0 13.8 8.6"/><path d="M5.4 7.9l2.2 2.2 6-6.6"/></g>'
);
export const checkIcon = icon(
  'check',
  '<g class="jp-icon3" style="fill:none" stroke="#616161" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">' +
    '<circle cx="8" cy="8" r="6.2"/><path d="M5.2 8.2l2 2 3.7-4.1"/></g>'
);
export const passedIcon = icon('passed', `<g ${line}><circle cx="8" cy="8" r="6.2"/><path d="M5.2 8.2l2 2 3.7-4.1"/></g>`);
export const failedIcon = icon('failed', `<g ${line}><circle cx="8" cy="8" r="6.2"/><path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4"/></g>`);
export const faultIcon = icon('fault', `<g ${line}><path d="M8 2l6.2 11.2H1.8z"/><path d="M8 6.4v3.2M8 11.6v.1"/></g>`);
export const workIcon = icon('work', `<g ${line}><circle cx="8" cy="8" r="6.2"/><path d="M8 4.8v3.8M8 11v.1"/></g>`);
export const noteIcon = icon('note', `<g ${line}><circle cx="8" cy="8" r="6.2"/><path d="M8 7.4v3.6M8 5v.1"/></g>`);
export const lockIcon = icon('lock', `<g ${line}><rect x="3.5" y="7" width="9" height="6.5" rx="1"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/></g>`);
export const helpIcon = icon('help', `<g ${line}><path d="M5.9 11.2c0-1.3-2-2.2-2-4.9a4.1 4.1 0 0 1 8.2 0c0 2.7-2 3.6-2 4.9z"/><path d="M6.3 13.6h3.4"/></g>`);
export const personIcon = icon('person', `<g ${line}><circle cx="8" cy="5.4" r="2.6"/><path d="M2.8 13.6a5.2 5.2 0 0 1 10.4 0"/></g>`);

export const recordIcon = icon('record', `<g ${line}><circle cx="8" cy="8" r="6.2"/></g><circle cx="8" cy="8" r="2.6" fill="currentColor"/>`);

const notStarted = icon('not-started', `<g ${line}><circle cx="8" cy="8" r="6.2"/></g>`);
const inProgress = icon(
  'in-progress',
  `<g ${line}><circle cx="8" cy="8" r="6.2"/></g><path d="M8 3.6a4.4 4.4 0 0 1 0 8.8z" fill="currentColor"/>`
);
const polished = icon(
  'polished',
  `<path ${line} d="M8 1.9l1.9 3.9 4.3.6-3.1 3 .7 4.3L8 11.7l-3.8 2 .7-4.3-3.1-3 4.3-.6z"/>`
);

export const STATES: { [state in SubtaskState]: { icon: LabIcon; words: string } } = {
  not_started: { icon: notStarted, words: 'Not started' },
  in_progress: { icon: inProgress, words: 'In progress' },
  approved: { icon: passedIcon, words: 'Approved' },
  polished: { icon: polished, words: 'Polished' }
};
