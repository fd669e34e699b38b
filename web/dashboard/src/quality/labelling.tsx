import { useRef } from 'react';
import type { LabelItem, Said } from '../api/quality-types';
import { useShortcuts } from '../app/shortcuts';
import { Empty, Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { several } from '../parts/words';
import { CodeCells } from './code-cells';
import { Given } from './given';
import { useLabels } from './use-labels';
import { SAID } from './words';

const CHOICES: [Said, string][] = [
  ['yes', 'y'],
  ['no', 'n'],
  ['cannot_tell', 'c']
];

/** One item at a time, by mouse or by keys. */
export function Labelling({ run }: { run: string }) {
  const labels = useLabels(run);
  const { page, item } = labels;
  const field = useRef<HTMLTextAreaElement>(null);
  useShortcuts(
    item && !labels.onlySkipped
      ? [
          { key: 'y', label: 'Yes', run: () => labels.give('yes') },
          { key: 'n', label: 'No', run: () => labels.give('no') },
          { key: 'c', label: 'Cannot tell', run: () => labels.give('cannot_tell') },
          { key: 's', label: 'Skip', run: labels.skip },
          { key: 'b', label: 'Back to the one before', run: labels.back },
          { key: 'i', label: 'Write a note', run: () => field.current?.focus() }
        ]
      : []
  );
  if (page.isPending) {
    return <Loading what="what to label" />;
  }
  if (page.isError) {
    return <Problem reason={page.error} retry={() => void page.refetch()} />;
  }
  if (!item && page.isFetching) {
    return <Loading what="the next ones" />;
  }
  if (!item) {
    return (
      <Empty title="Nothing is left to label">
        {several(page.data.labelled, 'item')} of this run have a label.{' '}
        <code>caseloop eval judge calibrate {run}</code> says how far the judge can be trusted.
      </Empty>
    );
  }
  if (labels.onlySkipped) {
    return (
      <div>
        <Empty title="You have skipped all of these" />
        <p className="Centre">
          <button type="button" className="Button" data-caseloop="skipped-again" onClick={labels.again}>
            Show them again
          </button>
        </p>
      </div>
    );
  }
  return (
    <div className="Labelling" data-caseloop="label-item" data-item={item.item}>
      <div className="Labelling-ask">
        <Question item={item} />
        <div className="Labelling-ways">
          {CHOICES.map(([said, key]) => (
            <button
              key={said}
              type="button"
              className="Button"
              data-caseloop={`label-${said}`}
              aria-pressed={labels.answer === said}
              onClick={() => labels.give(said)}
            >
              {SAID[said]} <kbd>{key}</kbd>
            </button>
          ))}
          <button
            type="button"
            className="Button is-quiet"
            data-caseloop="label-skip"
            onClick={labels.skip}
          >
            Skip <kbd>s</kbd>
          </button>
          <button
            type="button"
            className="Button is-quiet"
            data-caseloop="label-back"
            aria-disabled={labels.index === 0}
            onClick={labels.back}
          >
            Back <kbd>b</kbd>
          </button>
        </div>
        <label className="Labelling-note">
          <span className="dim">Note, where the answer needs one</span>
          <textarea
            ref={field}
            rows={2}
            maxLength={2000}
            data-caseloop="label-note"
            value={labels.note}
            onChange={event => labels.setNote(event.target.value)}
          />
        </label>
        {labels.giving.isError && <Problem reason={labels.giving.error} />}
        <p className="dim" data-caseloop="label-count">
          You have answered {labels.given} of the {page.data.judged} things that the judge was asked about this run.
        </p>
      </div>
      <div className="Sides" key={item.item}>
        <Section title="The learner’s code" name="code">
          <CodeCells cells={item.cells} named={[item.subtask, ...item.answer.words.map(({ cell }) => cell)]} />
        </Section>
        <Section title="The feedback" name="answer">
          <Given answer={item.answer} bare />
        </Section>
      </div>
    </div>
  );
}

function Question({ item }: { item: LabelItem }) {
  return (
    <div>
      <p className="dim Facts-line">
        <span>
          {item.case}, {item.subtask}
        </span>
        <span className="Pill" data-caseloop="label-why">
          {item.why}
        </span>
        {item.others > 0 && <span>{several(item.others, 'other person', 'other people')} answered it</span>}
      </p>
      <h2 data-caseloop="label-question">{item.asks}</h2>
      {item.subject && (
        <blockquote data-caseloop="label-subject">
          <span className="dim">The problem: </span>
          {item.subject}
        </blockquote>
      )}
      <dl className="Meanings">
        <div>
          <dt>Yes</dt>
          <dd>{item.yes}</dd>
        </div>
        <div>
          <dt>No</dt>
          <dd>{item.no}</dd>
        </div>
      </dl>
    </div>
  );
}
