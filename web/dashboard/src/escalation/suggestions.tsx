import type { UseQueryResult } from '@tanstack/react-query';
import type { Brief } from '../api/desk-types';
import type { MemoryEntry } from '../api/mentoring-types';
import { Inline } from '../parts/inline';
import { Markdown } from '../parts/markdown';
import { Section } from '../parts/section';
import { moment } from '../parts/time';

interface Props {
  remembered: MemoryEntry[];
  similar: MemoryEntry[];
  brief: UseQueryResult<Brief>;
  onUse: (words: string) => void;
}

/** Words to start from: what mentors said about the same problem or one of its kind, and a model's draft. Nothing is
 * sent by itself. */
export function Suggestions({ remembered, similar, brief, onUse }: Props) {
  const draft = brief.data?.draft;
  const by = brief.data?.draft_by ?? 'a model';
  if (remembered.length + similar.length === 0 && !draft) {
    return null;
  }
  return (
    <Section title="Suggested" name="suggestions">
      {remembered.map(entry => (
        <article key={entry.id} className="Suggestion" data-caseloop="remembered">
          <p className="dim">
            {entry.mentor} remembered this, {moment(entry.written)}: shown {entry.shown} times, helped {entry.helpful}, did
            not help {entry.unhelpful}
          </p>
          <Markdown text={entry.text} />
          <button type="button" className="Button is-quiet" onClick={() => onUse(entry.text)}>
            Use
          </button>
        </article>
      ))}
      {similar.map(entry => (
        <article key={entry.id} className="Suggestion" data-caseloop="similar">
          <p className="dim">
            <span className="Pill is-warm">For a similar mistake</span> {entry.mentor}, {moment(entry.written)}: helped{' '}
            {entry.helpful}, did not help {entry.unhelpful}. No learner with this mistake is given it.
          </p>
          <p>
            {entry.mistake ? <Inline text={entry.mistake} /> : <code className="Signature">{entry.signature}</code>}
          </p>
          <Markdown text={entry.text} />
          <button
            type="button"
            className="Button is-quiet"
            data-caseloop="use-similar"
            onClick={() => onUse(entry.text)}
          >
            Use
          </button>
        </article>
      ))}
      {draft && (
        <article className="Suggestion is-draft" data-caseloop="model-draft">
          <p className="dim">
            <span className="Pill is-warm">Model’s draft</span> by {by}. Check each word
            before you send it.
          </p>
          <Markdown text={draft} />
          <button type="button" className="Button is-quiet" data-caseloop="use-draft" onClick={() => onUse(draft)}>
            Use
          </button>
        </article>
      )}
    </Section>
  );
}
