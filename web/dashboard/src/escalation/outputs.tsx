import type { CellOutputs, LeftOut, Output } from '../api/mentoring-types';
import { several } from '../parts/words';

const LEFT: Record<LeftOut, string> = {
  html: 'an HTML output',
  svg: 'an SVG picture',
  script: 'a JavaScript output',
  latex: 'a LaTeX output',
  markdown: 'a Markdown output',
  widget: 'a widget',
  no_picture: 'a picture that is none, or a huge one',
  too_large: 'an output that is too large',
  other: 'an output of another kind'
};

const NAMES: Record<Output['kind'], string> = {
  stdout: 'Printed text',
  stderr: 'Warnings and errors that were printed',
  result: 'Result',
  error: 'Traceback',
  picture: 'Picture'
};

/** What the learner's notebook showed beneath a cell: text as text, pictures from the page itself, nothing else. */
export function Outputs({ shown }: { shown: CellOutputs }) {
  return (
    <div className="Outputs" data-caseloop="outputs" data-cell={shown.cell}>
      <p className="dim">
        In the learner’s notebook
        {shown.stale && <strong data-caseloop="stale-outputs"> of other code than this</strong>}:
      </p>
      {shown.outputs.map((output, index) => (
        <One key={index} output={output} />
      ))}
      {shown.more > 0 && <p className="dim">{several(shown.more, 'more output')}, not shown.</p>}
    </div>
  );
}

/** The door sends no others; whatever it sent, nothing else becomes a picture here. */
const PICTURES: ReadonlySet<string | null> = new Set(['image/png', 'image/jpeg']);

function One({ output: { kind, text, cut, mime, data, left_out } }: { output: Output }) {
  const picture = PICTURES.has(mime);
  return (
    <>
      {picture && (
        <img
          className="Outputs-picture"
          src={`data:${mime};base64,${data}`}
          alt={text || 'A picture that the code made'}
          data-caseloop="output-picture"
        />
      )}
      {!picture && text && (
        <pre
          className="CellText"
          tabIndex={0}
          role="region"
          aria-label={NAMES[kind]}
          data-caseloop="output-text"
          data-kind={kind}
        >
          {text}
        </pre>
      )}
      {cut && <p className="dim">It is longer than that.</p>}
      {left_out.map(left => (
        <p key={left} className="dim" data-caseloop="left-out">
          «{LEFT[left] ?? LEFT.other}, not shown»
        </p>
      ))}
    </>
  );
}
