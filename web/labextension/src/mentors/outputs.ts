/** Which outputs of the notebook go along with a question: text and pictures; of all else only that it is there. */
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { NotebookOutputs } from '../api/mentor-types';
import type { Json } from '../api/types';

/** Of one cell; the gateway shows fewer still. */
const MOST_OUTPUTS = 30;
/** Characters of one text, and of one picture as base64. Larger ones are only named. */
const TEXT = 100_000;
const PICTURE = 800_000;
/** Characters of all of them: a question must get through. */
const ALL = 6_000_000;
const KEPT = ['text/plain', 'image/png', 'image/jpeg'];

type Output = { [key: string]: Json };

/** Outputs of the code cells that have any, those of the step first. */
export function notebookOutputs(panel: NotebookPanel | undefined, first: readonly string[]): NotebookOutputs[] {
  const cells = [...(panel?.content.model?.cells ?? [])]
    .filter((model): model is ICodeCellModel => model.type === 'code')
    .filter(model => model.outputs.length > 0);
  const ordered = [...cells.filter(({ id }) => first.includes(id)), ...cells.filter(({ id }) => !first.includes(id))];
  return within(
    ordered.map(model => ({
      cell: model.id,
      source: model.sharedModel.getSource(),
      stale: model.isDirty,
      outputs: (model.outputs.toJSON() as Output[]).slice(0, MOST_OUTPUTS).map(slim)
    }))
  );
}

/** As many of these, in their order, as there is room for. */
export function within(cells: NotebookOutputs[]): NotebookOutputs[] {
  let room = ALL;
  return cells.filter(cell => {
    const size = JSON.stringify(cell).length;
    const fits = size <= room;
    room -= fits ? size : 0;
    return fits;
  });
}

/** An output without what nobody is shown. */
export function slim(output: Output): Output {
  const { output_type, name, text, ename, evalue, traceback, data } = output;
  switch (output_type) {
    case 'stream':
      return { output_type, name: name ?? null, text: ended(joined(text)) };
    case 'error':
      return { output_type, ename: short(ename), evalue: short(evalue), traceback: [ended(joined(traceback, '\n'))] };
    default:
      return { output_type: output_type ?? null, data: slimData(data) };
  }
}

function slimData(data: Json | undefined): Output {
  const bundle = typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {};
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, value]) => {
      if (!KEPT.includes(mime)) {
        return [mime, ''];
      }
      const text = joined(value);
      return [mime, mime === 'text/plain' ? ended(text) : text.length <= PICTURE ? text : ''];
    })
  );
}

/** Text of nbformat may be a list of its lines. */
function joined(value: Json | undefined, between = ''): string {
  return Array.isArray(value) ? value.filter(line => typeof line === 'string').join(between) : typeof value === 'string' ? value : '';
}

function short(value: Json | undefined): string {
  return joined(value).slice(0, 1_000);
}

/** Both ends of a long text: a traceback says at its end what happened. */
function ended(text: string): string {
  return text.length <= 2 * TEXT ? text : `${text.slice(0, TEXT)}\n…\n${text.slice(-TEXT)}`;
}
