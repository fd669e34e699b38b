import type { MemoryEntry } from '../api/mentoring-types';
import { Markdown } from '../parts/markdown';
import { Section } from '../parts/section';
import { moment } from '../parts/time';
import { several } from '../parts/words';

interface Props {
  /** Undefined: it has been withdrawn since, or another one has its place. */
  entry: MemoryEntry | undefined;
  onUse: (words: string) => void;
}

/** The remembered answer that a mentor is asked to look at again: whose words it is, and what learners say of it. */
export function CameBack({ entry, onUse }: Props) {
  return (
    <Section title="The answer that came back" name="came-back">
      {entry ? (
        <>
          <p className="dim">
            <strong>{entry.mentor}</strong> wrote it {moment(entry.edited ?? entry.written)}. It was shown{' '}
            {several(entry.shown, 'time')}, helped {entry.helpful} and did not help {entry.unhelpful}.{' '}
            {entry.set_aside ? 'Nobody gets it until a mentor has looked at it.' : 'Others still get it.'}
          </p>
          <Markdown text={entry.text} />
          <button
            type="button"
            className="Button is-quiet"
            data-caseloop="use-its-words"
            onClick={() => onUse(entry.text)}
          >
            Start from these words
          </button>
        </>
      ) : (
        <p className="dim">It has been withdrawn or replaced: nobody gets it any more.</p>
      )}
    </Section>
  );
}
