import { type KeyboardEvent, type RefObject, useState } from 'react';
import type { EscalationFull, MemoryEntry } from '../api/mentoring-types';
import type { Place } from '../api/types';
import { useDesk } from '../app/desk';
import { Markdown } from '../parts/markdown';
import { Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { Tabs } from '../parts/tabs';
import { several } from '../parts/words';
import { CommentList } from './comment-list';
import { type Draft, inItsPlace, sendable } from './draft';
import { Phrases } from './phrases';
import { type Standing, standingOf } from './standing';
import type { Escalation } from './use-escalation';

interface Props {
  full: EscalationFull;
  /** The remembered answer that came back, where it is about one that still is given or set aside. */
  entry: MemoryEntry | undefined;
  escalation: Escalation;
  draft: Draft;
  field: RefObject<HTMLTextAreaElement>;
  onChange: (part: Partial<Draft>) => void;
  onInsert: (words: string) => void;
  onPlace: (place: Place) => void;
  onSent: () => void;
}

/** Where the answer is written. What is written is kept, whoever holds the lease; sending an answer needs it. */
export function AnswerBox({ full, entry, escalation, draft, field, onChange, onInsert, onPlace, onSent }: Props) {
  const { me } = useDesk();
  const [tab, setTab] = useState<'write' | 'preview'>('write');
  const { answer, write } = escalation;
  const standing = standingOf(full.item, me.user);
  const { review, over } = standing;
  const ready = standing.send !== null && draft.text.trim() !== '' && !answer.isPending && !write.isPending;
  const note = () => {
    const { text, comments } = sendable(draft);
    write.mutate({ text, comments }, { onSuccess: () => onChange({ text: '', comments: [] }) });
  };
  const send = () => {
    if (ready && standing.send === 'note') {
      note();
    } else if (ready) {
      answer.mutate(review ? inItsPlace(draft) : sendable(draft), { onSuccess: onSent });
    }
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
  };
  const { title, placeholder } = WORDS[review ? 'review' : over ? 'note' : 'answer'];
  return (
    <Section title={title} name="answer-box">
      {review && !over && <Replaces entry={entry} />}
      <div onKeyDown={pressed}>
        <Tabs
          label={title}
          tabs={[
            { name: 'write', title: 'Write' },
            { name: 'preview', title: 'Preview' }
          ]}
          now={tab}
          onChange={setTab}
        >
          {tab === 'write' ? (
            <textarea
              ref={field}
              rows={6}
              maxLength={10_000}
              data-caseloop="answer-text"
              aria-label={`${title}, in Markdown`}
              placeholder={placeholder}
              value={draft.text}
              onChange={event => onChange({ text: event.target.value })}
            />
          ) : (
            <div className="Preview" data-caseloop="answer-preview">
              {draft.text.trim() ? <Markdown text={draft.text} /> : <p className="dim">Nothing is written yet.</p>}
            </div>
          )}
        </Tabs>
        {!review && (
          <CommentList
            comments={draft.comments}
            cells={full.cells}
            onChange={comments => onChange({ comments })}
            onPlace={onPlace}
          />
        )}
        <Phrases text={draft.text} onInsert={onInsert} />
        {!review && !over && <Remember draft={draft} signature={full.item.signature} onChange={onChange} />}
        {answer.isError && <Problem reason={answer.error} />}
        {write.isError && <Problem reason={write.error} />}
        <div className="Actions">
          {!over && (
            <button
              type="button"
              className="Button is-primary"
              data-caseloop="send-answer"
              disabled={!ready}
              onClick={send}
            >
              {review
                ? 'Put it in its place'
                : draft.also.length
                  ? `Answer, and ${several(draft.also.length, 'other')} with it`
                  : 'Answer'}
            </button>
          )}
          {!review && <NoteButton standing={standing} ready={ready} onNote={note} />}
          {standing.why && (
            <span className="dim" data-caseloop="why-not">
              {standing.why}
            </span>
          )}
        </div>
      </div>
    </Section>
  );
}

const WORDS = {
  answer: { title: 'Your answer', placeholder: 'Words for the learner; Markdown works. Ctrl+Enter sends.' },
  note: { title: 'A further note', placeholder: 'More for the learner; Markdown works. Ctrl+Enter sends.' },
  review: {
    title: 'Words in its place',
    placeholder: 'Words for whoever meets this mistake; Markdown works. Ctrl+Enter sends.'
  }
};

/** What becomes of an answer to nobody in particular. */
function Replaces({ entry }: { entry: MemoryEntry | undefined }) {
  const only = entry?.case_version != null && ' in this version of the case';
  return (
    <p className="dim" data-caseloop="replaces">
      Nobody asks here. What you write takes the place of {entry ? `${entry.mentor}’s answer` : 'the answer'}, for everybody
      who meets this mistake{only}.
    </p>
  );
}

function Remember({ draft, signature, onChange }: { draft: Draft; signature: string } & Pick<Props, 'onChange'>) {
  return (
    <div className="Remember">
      <label className="Check">
        <input
          type="checkbox"
          data-caseloop="remember"
          disabled={!signature}
          checked={draft.remember}
          onChange={event => onChange({ remember: event.target.checked, only_version: false })}
        />
        Remember it: learners with this problem get it at once
      </label>
      {draft.remember && (
        <label className="Check">
          <input
            type="checkbox"
            data-caseloop="only-version"
            checked={draft.only_version}
            onChange={event => onChange({ only_version: event.target.checked })}
          />
          For this version of the case only
        </label>
      )}
    </div>
  );
}

/** A turn that is no answer: before it, to ask back; after it, to whom the answer was given. */
function NoteButton({ standing: { over, send }, ready, onNote }: { standing: Standing; ready: boolean; onNote: () => void }) {
  if (over && send === null) {
    return null;
  }
  return (
    <button
      type="button"
      className={over ? 'Button is-primary' : 'Button'}
      data-caseloop="send-note"
      disabled={!ready}
      onClick={onNote}
    >
      {over ? 'Add a note' : 'Only ask back'}
    </button>
  );
}
