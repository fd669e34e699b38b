import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { MemoryEntry } from '../api/mentoring-types';
import { useDesk } from '../app/desk';
import { address } from '../app/router';
import { Inline } from '../parts/inline';
import { Loading, Problem } from '../parts/notice';

/** Which mistake an answer is for: in words, as the signature it is tied to, and as the code it was written for. */
export function WrittenFor({ entry }: { entry: MemoryEntry }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="WrittenFor" data-caseloop="written-for">
      <p>
        <span className="dim">For the mistake</span>{' '}
        {entry.mistake && (
          <strong data-caseloop="mistake">
            <Inline text={entry.mistake} />
          </strong>
        )}{' '}
        <code className="Signature">{entry.signature}</code>
      </p>
      {entry.origin ? (
        <details className="Fold" onToggle={event => setOpen(event.currentTarget.open)}>
          <summary data-caseloop="show-code">The code it was written for</summary>
          {open && <Code id={entry.origin} signature={entry.signature} />}
        </details>
      ) : (
        <p className="dim">The code it was written for is not kept any more: its learner was deleted.</p>
      )}
    </div>
  );
}

/** The cell of the mistake. The look at it is kept, as any look at a learner's code. */
function Code({ id, signature }: { id: string; signature: string }) {
  const { client } = useDesk();
  const full = useQuery({ queryKey: ['escalation', id], queryFn: () => client.escalation(id) });
  if (full.isPending) {
    return <Loading what="the code" />;
  }
  if (full.isError) {
    return <Problem reason={full.error} retry={() => void full.refetch()} />;
  }
  const { cells, feedback } = full.data;
  const finding = feedback.findings.find(one => one.signature === signature) ?? feedback.findings[0];
  const spoken = cells.filter(cell => cell.id === finding?.place?.cell);
  const shown = spoken.length > 0 ? spoken : cells.filter(cell => cell.kind === 'code');
  return (
    <>
      {shown.map(cell => (
        <pre key={cell.id} className="CellText" tabIndex={0} role="region" aria-label="The code" data-caseloop="code">
          {cell.source}
        </pre>
      ))}
      <a href={address('queue', [id])}>The question</a>
    </>
  );
}
