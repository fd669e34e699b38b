import { useQuery } from '@tanstack/react-query';
import type { Dismissal } from '../api/desk-types';
import type { Cell, Place } from '../api/types';
import { useDesk } from '../app/desk';
import { Inline } from '../parts/inline';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { moment } from '../parts/time';
import { placeName } from './places';

interface Props {
  id: string;
  submission: string;
  cells: Cell[];
  onPlace: (place: Place) => void;
}

/** The style review of the learner's answer cells, and what the learner decided to leave as it is. */
export function StyleReport({ id, submission, cells, onPlace }: Props) {
  const { client } = useDesk();
  const style = useQuery({
    queryKey: ['style', id, submission],
    queryFn: () => client.style(id),
    staleTime: Infinity
  });
  const dismissals = useQuery({ queryKey: ['dismissals', id], queryFn: () => client.dismissals(id) });
  const reasons = new Map(dismissals.data?.map(one => [one.finding, one]));
  const present = new Set(style.data?.findings.map(finding => finding.id));
  const elsewhere = style.data ? (dismissals.data ?? []).filter(one => !present.has(one.finding)) : [];
  const silent = style.data?.findings.length === 0;
  return (
    <Section title="Style" name="style-report">
      {style.isPending && <Loading what="the style review" />}
      {style.isError && <Problem reason={style.error} retry={() => void style.refetch()} />}
      {silent && <p className="dim">The style review has nothing to say.</p>}
      <ul className="Plain">
        {style.data?.findings.map(finding => (
          <li key={finding.id} data-severity={finding.severity} data-caseloop="style-finding">
            <div className="StyleFinding">
              <span title={finding.why}>
                <Inline text={finding.message} /> <code className="dim">{finding.rule}</code>
              </span>
              <button type="button" className="Link" onClick={() => onPlace(finding.place)}>
                {placeName(finding.place, cells)}
              </button>
            </div>
            <Reason dismissal={reasons.get(finding.id)} />
          </li>
        ))}
      </ul>
      {(style.data?.dropped ?? 0) > 0 && <p className="dim">{style.data?.dropped} more are not shown.</p>}
      {dismissals.isError && (
        <Problem reason={dismissals.error} retry={() => void dismissals.refetch()} />
      )}
      {elsewhere.length > 0 && (
        <>
          <h3>Left as they are, in other versions of the code</h3>
          <ul className="Plain">
            {elsewhere.map(one => (
              <li key={one.finding} data-caseloop="dismissed-elsewhere">
                <Inline text={one.message} /> <code className="dim">{one.rule}</code>
                <Reason dismissal={one} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

/** Why the learner left a remark as it is: the learner's own words, shown as text. */
function Reason({ dismissal }: { dismissal: Dismissal | undefined }) {
  return dismissal ? (
    <p className="StyleReason" data-caseloop="dismissal-reason">
      <span className="dim">Left as it is by the learner, {moment(dismissal.dismissed)}:</span> {dismissal.reason}
    </p>
  ) : null;
}
