import { Markdown } from '../parts/markdown';
import { Section } from '../parts/section';
import type { HelpSoFar as Help } from './help';

const RATED = { true: 'helped', false: 'did not help' };

/** Hints and talk with the assistant before the learner asked a person. */
export function HelpSoFar({ help: { hints, chat } }: { help: Help }) {
  return (
    <Section title="Help so far" name="help-so-far">
      {hints.length === 0 && chat.length === 0 && <p className="dim">No hints, and no talk with the assistant.</p>}
      {hints.length > 0 && (
        <ol className="Plain">
          {hints.map((hint, index) => (
            <li key={index} className="HintSoFar" data-caseloop="hint-so-far">
              <span className="dim">
                Hint ({hint.kind}){hint.helpful !== null && `, ${RATED[`${hint.helpful}`]}`}
              </span>
              <Markdown text={hint.text} />
              {hint.reflection && <p className="Quote">«{hint.reflection}»</p>}
            </li>
          ))}
        </ol>
      )}
      {chat.length > 0 && (
        <details className="Fold" open={chat.length <= 4}>
          <summary>Talk with the assistant ({chat.length})</summary>
          <ol className="Plain">
            {chat.map((turn, index) => (
              <li key={index} className="Turn" data-role={turn.role} data-caseloop="chat-turn">
                <span className="dim">{turn.role === 'learner' ? 'Learner' : 'Assistant'}</span>
                <Markdown text={turn.text} />
              </li>
            ))}
          </ol>
        </details>
      )}
    </Section>
  );
}
