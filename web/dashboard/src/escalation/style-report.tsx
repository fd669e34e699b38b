import { useQuery } from '@tanstack/react-query';
import type { Cell, Place } from '../api/types';
import { useDesk } from '../app/desk';
import { Inline } from '../parts/inline';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { placeName } from './places';

interface Props {
  id: string;
  submission: string;
  cells: Cell[];
  onPlace: (place: Place) => void;
}

/** The style review of the learner's answer cells. */
export function StyleReport({ id, submission, cells, onPlace }: Props) {
  const { client } = useDesk();
  const style = useQuery({
    queryKey: ['style', id, submission],
    queryFn: () => client.style(id),
    staleTime: Infinity
  });
  return (
    <Section title="Style" name="style-report">
      {style.isPending && <Loading what="the style review" />}
      {style.isError && <Problem reason={style.error} retry={() => void style.refetch()} />}
      {style.data?.findings.length === 0 && <p className="dim">The style review has nothing to say.</p>}
      <ul className="Plain">
        {style.data?.findings.map((finding, index) => (
          <li key={index} className="StyleFinding" data-severity={finding.severity} data-caseloop="style-finding">
            <span title={finding.why}>
              <Inline text={finding.message} /> <code className="dim">{finding.rule}</code>
            </span>
            <button type="button" className="Link" onClick={() => onPlace(finding.place)}>
              {placeName(finding.place, cells)}
            </button>
          </li>
        ))}
      </ul>
      {(style.data?.dropped ?? 0) > 0 && <p className="dim">{style.data?.dropped} more are not shown.</p>}
    </Section>
  );
}
