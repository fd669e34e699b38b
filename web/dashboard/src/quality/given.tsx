import type { ExpectedProblem, GivenAnswer, PlacedWords } from '../api/quality-types';
import { Inline } from '../parts/inline';
import { Markdown } from '../parts/markdown';
import { VERDICTS } from '../parts/words';
import { milliseconds } from './words';

const KINDS: Record<PlacedWords['kind'], string> = {
  warning: 'Warning',
  remark: 'Remark',
  finding: 'Finding',
  mentor: 'A mentor’s words',
  hint: 'Hint'
};

/** What may hold paragraphs and code. */
const LONG = new Set<PlacedWords['kind']>(['hint', 'mentor']);

/** What a learner reads, in the order in which it is shown. */
export function Given({ answer, bare = false }: { answer: GivenAnswer; bare?: boolean }) {
  if (answer.missing) {
    return (
      <p className="Notice is-problem" data-caseloop="missing">
        {answer.missing}
      </p>
    );
  }
  return (
    <div className="Given" data-caseloop="given" data-verdict={answer.verdict}>
      <p>
        {answer.verdict && (
          <span className="Pill" data-verdict={answer.verdict}>
            {VERDICTS[answer.verdict]}
          </span>
        )}{' '}
        <strong>
          <Inline text={answer.headline} />
        </strong>
      </p>
      {answer.words.length > 0 && (
        <ul>
          {answer.words.map((words, index) => (
            <li key={index} data-kind={words.kind}>
              <span className="dim">{KINDS[words.kind]}</span>
              <div>
                {LONG.has(words.kind) ? <Markdown text={words.text} /> : <Inline text={words.text} />}{' '}
                <PlaceOf {...words} />
                {words.fact && (
                  <p className="Given-fact" data-caseloop="fact">
                    {words.fact}
                  </p>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {!bare && (
        <p className="dim">
          {milliseconds(answer.wall_ms)}, words by {answer.words_by}
          {answer.prompt_tokens + answer.completion_tokens > 0 &&
            `, ${answer.prompt_tokens} tokens sent, ${answer.completion_tokens} written`}
        </p>
      )}
    </div>
  );
}

export function PlaceOf({ cell, line, end_line: end }: Pick<ExpectedProblem, 'cell' | 'line' | 'end_line'>) {
  if (!cell) {
    return null;
  }
  const lines = line === null ? '' : end !== null && end > line ? `, lines ${line} to ${end}` : `, line ${line}`;
  return (
    <small className="dim">
      ({cell}
      {lines})
    </small>
  );
}
